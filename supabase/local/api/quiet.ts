import { AsyncLocalStorage } from "node:async_hooks";

const silenced = new AsyncLocalStorage<true>();
const print = console.error;

// Lite prints each database error, although it also answers with it: a test of a hundred refusals
// would print a hundred stack traces.
console.error = (...values: unknown[]) => {
  if (!silenced.getStore()) print.apply(console, values);
};

/** Runs `work` without what it would print as errors; everything else prints as before. */
export function quietly<T>(work: () => T): T {
  return silenced.run(true, work);
}
