/**
 * Prints what is done while it is done: short lines, with the milliseconds each took at their end.
 */

import { styleText } from "node:util";

/** The column at which the times end. */
const WIDTH = 78;

/** A way to print a text. */
export type Style = "bold" | "dim" | "green" | "red";

/** Colour is for people: not for files and pipes, and not for those who set NO_COLOR. */
export function styled(style: Style, text: string): string {
  return Deno.stdout.isTerminal() && !Deno.noColor ? styleText(style, text) : text;
}

/** The steps of a run; none begins once the signal says stop. */
export class Steps {
  readonly #signal: AbortSignal;
  readonly #started = performance.now();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Milliseconds since the run began. */
  get elapsed(): number {
    return performance.now() - this.#started;
  }

  /** Begins a chapter. */
  chapter(title: string): void {
    this.#signal.throwIfAborted();
    console.log(`\n${styled("bold", title)}`);
  }

  /**
   * Does `work`, and prints its name, what `tell` makes of its outcome, and the time it took.
   *
   * @throws what `work` throws, after printing that it failed.
   */
  async step<T>(name: string, work: () => Promise<T>, tell?: (outcome: T) => string): Promise<T> {
    this.#signal.throwIfAborted();
    const started = performance.now();
    let outcome: T;
    try {
      outcome = await work();
    } catch (error) {
      if (!this.#signal.aborted) console.log(`  ${styled("red", "✗")} ${name}`);
      throw error;
    }
    const time = `${Math.round(performance.now() - started)} ms`;
    const more = tell?.(outcome);
    const text = more === undefined ? name : `${name}: ${more}`;
    const gap = " ".repeat(Math.max(2, WIDTH - 4 - text.length - time.length));
    console.log(`  ${styled("green", "✓")} ${text}${gap}${styled("dim", time)}`);
    return outcome;
  }

  /** Prints something that goes with the step before it. */
  note(text: string): void {
    console.log(styled("dim", text.replaceAll(/^/gm, "    ")));
  }
}
