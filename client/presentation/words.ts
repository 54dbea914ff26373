/**
 * Whether a person has written its 24 words down.
 *
 * @module
 */

/** Which words are asked for again, by their numbers from 1: four at random, in order. */
export function numbersToAsk(of = 24, count = 4): number[] {
  const drawn = crypto.getRandomValues(new Uint32Array(of));
  return Array.from(drawn.keys()).sort((i, j) => drawn[i] - drawn[j]).slice(0, count)
    .map((i) => i + 1).sort((i, j) => i - j);
}

/** Whether the answer is the word of this number, but for case and space around it. */
export function isWord(words: string, number: number, answer: string): boolean {
  return words.split(" ")[number - 1] === answer.trim().toLowerCase();
}
