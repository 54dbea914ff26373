/**
 * Telling that something awaits: in the title, as a badge, and as a notification where that is allowed. Never of what.
 *
 * @module
 */

let known = 0;

/** @param waiting - How many things await this guardian. */
export function tellOfWork(waiting: number): void {
  document.title = waiting === 0 ? "Permafrost" : `(${waiting}) Permafrost`;
  void (waiting === 0 ? navigator.clearAppBadge?.() : navigator.setAppBadge?.(waiting));
  const isMore = waiting > known;
  known = waiting;
  if (!isMore || !document.hidden || !("Notification" in globalThis)) return;
  if (Notification.permission === "granted") {
    new Notification("Permafrost", { body: "Something awaits you", tag: "permafrost" });
  }
}
