/**
 * Numbers on the command line.
 *
 * @module
 */
import { InvalidArgumentError } from "commander";

/** Reads a whole number from `least` to `most`. */
export function whole(least: number, most = Infinity): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };
}
