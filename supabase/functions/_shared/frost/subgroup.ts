/** Membership in the prime-order subgroup, for many points at once. */
import type { Element, Suite } from "./suites.ts";

/** What is left of the chance that a point outside passes: 2^−ROUNDS. */
const ROUNDS = 64;

/**
 * Whether all points are in the prime-order subgroup. If one is not, the answer is still `true` with a
 * probability of at most 2^−64, whatever the points' maker knew: the coins are tossed after the points
 * were fixed, and trying again takes another call.
 *
 * Up to 64 points are multiplied by the group's order each (RFC 9591 sections 6.1 and 6.3). Of more, 64
 * random subsets are summed, and the sums are multiplied: whatever the other coins of a round, at most one
 * side of the coin of a point outside leaves the sum inside. That is the random subset test of Bellare,
 * Garay, Rabin: Fast Batch Verification for Modular Exponentiation and Digital Signatures (EUROCRYPT '98).
 * Fewer rounds with larger coefficients do not do: a point of order 2 vanishes under every even one
 * (Boyd, Pavlovski: Attacking and Repairing Batch Verification Schemes, ASIACRYPT 2000).
 */
export function areInSubgroup(suite: Suite, points: readonly Element[]): boolean {
  if (suite.cofactor === 1) return true;
  if (points.length <= ROUNDS) return points.every((point) => point.isTorsionFree());
  for (let round = 0; round < ROUNDS; round++) {
    const coins = crypto.getRandomValues(new Uint8Array(points.length));
    const some = points.filter((_, i) => coins[i] % 2 === 1);
    if (!sum(suite, some).isTorsionFree()) return false;
  }
  return true;
}

/**
 * The position of a point that is outside the prime-order subgroup, of points whose sum is outside: then
 * the sum of one half of them is, too.
 */
export function outsideSubgroup(suite: Suite, points: readonly Element[]): number {
  let [from, to] = [0, points.length];
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if (sum(suite, points.slice(from, middle)).isTorsionFree()) from = middle;
    else to = middle;
  }
  return from;
}

function sum(suite: Suite, points: readonly Element[]): Element {
  return points.reduce((total, point) => total.add(point), suite.Point.ZERO);
}
