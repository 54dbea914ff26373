/**
 * How often is asked where no news comes by itself.
 *
 * @module
 */

/** Milliseconds since something moved, and how long to wait then before asking again. */
const STEPS = [
  { within: 1_400, every: 280 },
  { within: 6_000, every: 900 },
  { within: 60_000, every: 1_800 },
] as const;
const AFTERWARDS_MS = 10_000;

/** The wait before the next question, by how long one has waited. One step is often followed by the next. */
export class Pace {
  #since = performance.now();

  /** Something moved. */
  restart(): void {
    this.#since = performance.now();
  }

  /** Milliseconds, a quarter more or less: those who wait for the same session should not ask in step. */
  next(): number {
    const waited = performance.now() - this.#since;
    const every = STEPS.find(({ within }) => waited < within)?.every ?? AFTERWARDS_MS;
    return aroundMs(every);
  }
}

/** A time, a quarter more or less. */
export function aroundMs(ms: number): number {
  return ms * (0.75 + Math.random() / 2);
}
