/**
 * The shell that works offline: it says when it is outdated, and updates when told.
 *
 * @module
 */
import { useEffect, useState } from "preact/hooks";

/** Says that there is a newer version, and takes it when pressed. */
export function UpdateNotice() {
  const [waiting, setWaiting] = useState<ServiceWorker>();
  useEffect(() => {
    if (!("serviceWorker" in navigator)) return;
    void (async () => {
      const registration = await navigator.serviceWorker.register("./service_worker.js");
      const look = () => setWaiting(registration.waiting ?? undefined);
      look();
      registration.addEventListener(
        "updatefound",
        () => registration.installing?.addEventListener("statechange", look),
      );
    })().catch(() => {});
  }, []);
  if (waiting === undefined) return null;
  const update = () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload());
    waiting.postMessage("update");
  };
  return (
    <p class="notice" role="status">
      This page is outdated. <button type="button" onClick={update}>Update</button>
    </p>
  );
}
