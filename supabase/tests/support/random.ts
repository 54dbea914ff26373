import { bytesToHex } from "@noble/curves/utils.js";
import { printedSeed, seededBytes } from "./vectors/simulated_session.ts";

/** Choices that are the same again for the same seed. */
export class Random {
  readonly #bytes: (length?: number) => Uint8Array;

  constructor(seed: string) {
    this.#bytes = seededBytes(seed);
  }

  /** Draws and prints a seed; `PERMAFROST_SEED` repeats one. */
  static printed(test: string): Random {
    return new Random(printedSeed(test));
  }

  /** A number from 0 to below `end`. */
  below(end: number): number {
    return new DataView(this.#bytes(4).buffer).getUint32(0) % end;
  }

  chance(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }

  shuffled<T>(items: readonly T[]): T[] {
    return items.map((item) => ({ item, lot: this.below(2 ** 32) }))
      .sort((a, b) => a.lot - b.lot).map(({ item }) => item);
  }

  hex(length: number): string {
    return bytesToHex(this.#bytes(length));
  }

  /** Something of a point's form: the database knows no curve. */
  point(): string {
    return `${this.pick(["02", "03"])}${this.hex(32)}`;
  }

  /** Something of a nonce commitment's form. */
  commitment(): string {
    return this.point() + this.point();
  }
}
