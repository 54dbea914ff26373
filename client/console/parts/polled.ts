/**
 * What is read again and again while it is shown.
 *
 * @module
 */
import { useCallback, useEffect, useState } from "preact/hooks";
import { reasonOf } from "../../answers.ts";
import { type Failure, failure, type Result } from "../../result.ts";
import { pause } from "../../transport.ts";

/** The last answer, and why there is no newer one. */
export interface Polled<Data extends object> {
  readonly data: Data | undefined;
  readonly problem: Failure | undefined;
  /** Reads it now. */
  readonly again: () => void;
}

const EVERY_MS = 5_000;

/**
 * Reads it every few seconds.
 *
 * @param inputs - On a change of these it is another thing: what was read before is dropped.
 */
export function usePolled<Data extends object>(
  read: (signal: AbortSignal) => Promise<Result<Data>>,
  inputs: readonly unknown[],
  everyMs = EVERY_MS,
): Polled<Data> {
  const [data, setData] = useState<Data>();
  const [problem, setProblem] = useState<Failure>();
  const [turn, setTurn] = useState(0);
  useEffect(() => setData(undefined), inputs);
  useEffect(() => {
    const closing = new AbortController();
    const { signal } = closing;
    void (async () => {
      while (!signal.aborted) {
        const result = await read(signal)
          .catch((error) => failure("coordinator_faulty", reasonOf(error)));
        if (signal.aborted) return;
        if (result.success) setData(result);
        setProblem(result.success ? undefined : result);
        await pause(everyMs, signal);
      }
    })();
    return () => closing.abort();
  }, [...inputs, turn]);
  const again = useCallback(() => setTurn((n) => n + 1), []);
  return { data, problem, again };
}
