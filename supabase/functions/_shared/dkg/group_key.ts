/**
 * The key that dealings add up to: frost-core's `keys::dkg::part3`. Everything here is public but the share
 * that `tweakShareAfterDkg` takes, so variable time is safe elsewhere.
 *
 * https://github.com/ZcashFoundation/frost/blob/main/frost-core/src/keys/dkg.rs
 * https://github.com/bitcoin/bips/blob/master/bip-0341.mediawiki#cite_note-23
 */
import { schnorr } from "@noble/curves/secp256k1.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import { FrostError } from "../frost/error.ts";
import { isNegated } from "../frost/group_commitment.ts";
import type { Element, Suite } from "../frost/suites.ts";

/** The public values of a key. */
export interface PublicKeys {
  /** Commitments to the group's polynomial from the constant term up; the constant term is the group key. */
  readonly commitment: readonly Element[];
  /** In the order of identifiers from 1. */
  readonly verifyingShares: readonly Element[];
}

/**
 * The commitment to the sum of polynomials.
 *
 * @throws {FrostError} `ceremony_message_invalid` unless there is one and all are of the same length, and
 *   if the sum holds the identity, which honest dealers meet with a probability of 1/order.
 */
export function sumCommitments(
  suite: Suite,
  commitments: readonly (readonly Element[])[],
): Element[] {
  const length = commitments[0]?.length ?? 0;
  if (length === 0 || commitments.some((commitment) => commitment.length !== length)) {
    throw invalid("The commitments must be of the same length, and one at least");
  }
  const sum = Array.from(
    { length },
    (_, k) => commitments.reduce((total, commitment) => total.add(commitment[k]), suite.Point.ZERO),
  );
  if (sum.some((element) => element.is0())) {
    throw invalid("The sum of the commitments must not hold the identity");
  }
  return sum;
}

/** The group public key of a commitment: its constant term. */
export function groupPublicKey(commitment: readonly Element[]): Element {
  return commitment[0];
}

/** The verifying shares of the identifiers 1 to `count` under a commitment. */
export function verifyingShares(commitment: readonly Element[], count: number): Element[] {
  return Array.from({ length: count }, (_, i) => evaluateCommitment(commitment, i + 1));
}

/**
 * Σ i^k·C_k by Horner's rule: an identifier has 8 bits at most, so that a step is a few additions where a
 * power of it would be a whole multiplication.
 */
export function evaluateCommitment(commitment: readonly Element[], identifier: number): Element {
  const bits = [...identifier.toString(2)].slice(1);
  const times = (point: Element) =>
    bits.reduce((result, bit) => {
      const doubled = result.double();
      return bit === "1" ? doubled.add(point) : doubled;
    }, point);
  return commitment.reduceRight((sum, element) => times(sum).add(element));
}

/**
 * What becomes of a key's public values at the end of a DKG. In the Taproot suite the key gets the tweak of
 * an empty script tree, so that nobody can have hidden a script path in it (frost-secp256k1-tr's
 * `post_dkg`): if the group key has odd y, all is negated, then t·G is added to the key and to each
 * verifying share. In the other suites nothing changes. A reshare has no such step: its old key has it.
 */
export function tweakAfterDkg(suite: Suite, keys: PublicKeys): PublicKeys {
  if (!suite.evenY) return keys;
  const key = groupPublicKey(keys.commitment);
  const t = tapTweak(suite, key);
  const tweak = t === 0n ? suite.Point.ZERO : suite.Point.BASE.multiplyUnsafe(t);
  const negated = isNegated(suite, key);
  const even = (element: Element) => negated ? element.negate() : element;
  return {
    commitment: keys.commitment.map((element, k) =>
      k === 0 ? even(element).add(tweak) : even(element)
    ),
    verifyingShares: keys.verifyingShares.map((element) => even(element).add(tweak)),
  };
}

/**
 * The same for a guardian's share: what it gives is the secret of the tweaked verifying share.
 *
 * @param untweakedKey - The group public key before `tweakAfterDkg`.
 */
export function tweakShareAfterDkg(suite: Suite, untweakedKey: Element, share: bigint): bigint {
  if (!suite.evenY) return share;
  const { Fn } = suite;
  const even = isNegated(suite, untweakedKey) ? Fn.neg(share) : share;
  return Fn.add(even, tapTweak(suite, untweakedKey));
}

/** hash_TapTweak(x), x being 32 bytes; reduced where BIP-341 would fail, as in frost-secp256k1-tr. */
function tapTweak(suite: Suite, key: Element): bigint {
  const digest = schnorr.utils.taggedHash("TapTweak", key.toBytes().subarray(1));
  return suite.Fn.create(bytesToNumberBE(digest));
}

function invalid(message: string): FrostError {
  return new FrostError("ceremony_message_invalid", message);
}
