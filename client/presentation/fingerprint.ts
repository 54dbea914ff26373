/**
 * Fingerprints for people: words to read aloud, and a picture to see at a glance that two differ.
 *
 * @module
 */
import { wordlist } from "@scure/bip39/wordlists/english.js";

/**
 * The first bits of a hash as words of BIP-39's English list, 11 bits each. They are public, unlike a host key's 24. Who can
 * choose what is hashed needs 2^(5.5·count) attempts for two with the same words.
 *
 * @param hash - Lower-case hex, of at least 11·count bits.
 */
export function wordsOf(hash: string, count = 16): string[] {
  const bits = [...hash].map((digit) => parseInt(digit, 16).toString(2).padStart(4, "0")).join("");
  return Array.from(
    { length: count },
    (_, i) => wordlist[parseInt(bits.slice(11 * i, 11 * i + 11), 2)],
  );
}

/** Rows of a picture that is the same from left and right, 8 by 8 cells, of a hash's last 32 bits. */
export function pictureOf(hash: string): boolean[][] {
  return Array.from({ length: 8 }, (_, row) => {
    const digit = parseInt(
      hash.slice(hash.length - 8 + row, hash.length - 7 + row || undefined),
      16,
    );
    const half = [8, 4, 2, 1].map((bit) => (digit & bit) !== 0);
    return [...half, ...half.toReversed()];
  });
}
