import type { Figure } from "./figures.ts";

/** What a part of the bench runs with. */
export interface Bench {
  /** A short run: fewer repetitions and smaller tables, for the same figures less exactly. */
  readonly quick: boolean;
  /** How many sessions of the past there are, if that was asked for. */
  readonly rows?: number;
  /** Secrets, messages and the order of things follow from it; nonces never do. */
  readonly seed: string;
  /** Says what is being done. */
  progress(step: string): void;
  /** Adds what one needs to know to read the figures. */
  note(text: string): void;
  /** Stops something when the part is over, also when it is interrupted. */
  readonly owned: AsyncDisposableStack;
}

/** A part of the bench. */
export interface Part {
  readonly name: string;
  readonly title: string;
  run(bench: Bench): Promise<Figure[]>;
}
