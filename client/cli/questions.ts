/**
 * What `permafrost watch` leaves to the person who is there: one question after another, while what the rules allow goes on.
 *
 * @module
 */

/** Questions in their order. */
export class Questions {
  #last: Promise<void> = Promise.resolve();
  readonly #signal: AbortSignal;

  /** @param signal - Ends them: those that wait are not asked. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * Does `work` when those before are answered. The next waits until this one has called `answered` or is done: what follows an
   * answer holds up no question.
   */
  add(work: (answered: () => void) => Promise<void>): void {
    const before = this.#last;
    this.#last = new Promise((answered) => {
      const run = async () => {
        await before;
        if (!this.#signal.aborted) await work(answered);
      };
      void run().finally(answered);
    });
  }

  /** Until no question is open. */
  async settled(): Promise<void> {
    await this.#last;
  }
}

/** Runs `work` with a signal that comes with `signal`, and at a time (milliseconds since the epoch). */
export async function until<Answer>(
  time: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, Math.max(0, time - Date.now()));
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
