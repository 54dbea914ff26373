/**
 * Asking the browser to keep the console's data, and telling its user what their loss would cost.
 *
 * https://storage.spec.whatwg.org/#persistence
 *
 * @module
 */
import { fieldOf } from "../shapes.ts";

/** Whether the browser keeps the data until somebody clears them; `undefined` if it does not say. */
export interface Persistence {
  readonly persisted: boolean | undefined;
}

const LOSS =
  "What would be lost: this device's nonces, and with them its part in signatures that " +
  "are open now. The key shares that were made in ceremonies come back from your 24 words and the " +
  "server's recovery data.";

/** It deletes nothing by itself. */
export const KEPT =
  `This browser keeps what this page has stored until you clear the browser's data. ${LOSS}`;

/** It may delete. */
export const NOT_KEPT = "This browser may delete what this page has stored when space is short, " +
  `and you delete it when you clear the browser's data. ${LOSS}`;

/** It has no answer. */
export const NOT_SAID = "This browser does not say how long it keeps what this page has stored; " +
  `clearing the browser's data deletes it. ${LOSS}`;

/** Asks the browser to keep the data. Some ask the user, some decide by themselves. */
export async function askToPersist(): Promise<Persistence> {
  const storage: StorageManager | undefined = Reflect.get(navigator, "storage");
  if (typeof fieldOf(storage, "persist") !== "function") return { persisted: undefined };
  try {
    return { persisted: await storage?.persist() };
  } catch {
    return { persisted: undefined };
  }
}

/** What to tell the user for an answer. */
export function persistenceSentence(persisted: boolean | undefined): string {
  if (persisted === undefined) return NOT_SAID;
  return persisted ? KEPT : NOT_KEPT;
}
