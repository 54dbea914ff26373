/**
 * Work that nobody who waits for an answer has to wait for: what it brings is a saving, and its loss costs time only.
 *
 * @module
 */

/** What the hosted runtime offers for it: the worker lives on until the work is done. */
interface Runtime {
  readonly EdgeRuntime?: { waitUntil(work: Promise<void>): void };
}

const running = new Set<Promise<void>>();

/**
 * Does `work` once the answer is on its way. What goes wrong is in the log.
 *
 * @param what - What is done, for the log: "Keeping a share verification".
 */
export function afterAnswer(what: string, work: () => Promise<void>): void {
  const done = nextTurn().then(work).catch((error) => console.error(`${what} failed:`, error));
  running.add(done);
  void done.then(() => running.delete(done));
  const { EdgeRuntime } = globalThis as Runtime;
  EdgeRuntime?.waitUntil(done);
}

/** Resolves when all that was begun is done. */
export async function settled(): Promise<void> {
  while (running.size > 0) await Promise.all(running);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
