/** What is said of a list of measurements. */
export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * The value that this part of the measurements does not exceed, by the nearest-rank method: always one that
 * was measured.
 *
 * @param part - Above 0, at most 1.
 */
export function percentile(values: readonly number[], part: number): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
}

/** The middle measurement, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function summarise(values: readonly number[]): Summary {
  return {
    count: values.length,
    median: median(values),
    p95: percentile(values, 0.95),
    p99: percentile(values, 0.99),
    max: percentile(values, 1),
  };
}

/** How long something took, in milliseconds, and what it came to. */
export async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; outcome: T }> {
  const started = performance.now();
  const outcome = await work();
  return { ms: performance.now() - started, outcome };
}

/**
 * Measures two things in turns, `rounds` times, so that whatever else the machine does meanwhile hits both;
 * which of the two goes first alternates.
 */
export async function interleave<T>(
  rounds: number,
  a: (round: number) => T | Promise<T>,
  b: (round: number) => T | Promise<T>,
): Promise<{ a: T; b: T }[]> {
  const pairs: { a: T; b: T }[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) {
      const first = await a(round);
      pairs.push({ a: first, b: await b(round) });
    } else {
      const first = await b(round);
      pairs.push({ a: await a(round), b: first });
    }
  }
  return pairs;
}
