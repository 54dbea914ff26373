/**
 * Feldman's verifiable secret sharing (sections "DKG Protocol SimplPedPop" and its `vss.py`): polynomials
 * from a seed, commitments to their coefficients, and shares. Participant i has the value at i + 1.
 */
import { schnorr } from "@noble/curves/secp256k1.js";
import { evaluate } from "../frost/polynomial.ts";
import { ChillDkgError } from "./errors.ts";
import { dkgHash, encodePoints, Fn, hashAsScalar, Point, publicPointOf, uint32 } from "./group.ts";

/** Secret coefficients, the constant term first, from a seed of 32 bytes. */
export function coefficientsFrom(seed: Uint8Array, threshold: number): bigint[] {
  return Array.from(
    { length: threshold },
    (_, i) => hashAsScalar(dkgHash("vss coeffs", seed, uint32(i))),
  );
}

/** The commitment to secret coefficients: each times the generator. */
export function commitmentTo(coefficients: readonly bigint[]): Point[] {
  return coefficients.map(publicPointOf);
}

/** The secret share of a participant. */
export function secretShareOf(coefficients: readonly bigint[], participant: number): bigint {
  return evaluate(Fn, coefficients, BigInt(participant + 1));
}

/** The public share of one participant, by Horner's rule in variable time. */
export function publicShareOf(commitment: readonly Point[], participant: number): Point {
  return commitment.reduceRight(
    (sum, point) => timesSmall(sum, participant + 1).add(point),
    Point.ZERO,
  );
}

/**
 * The public shares of participants 0 to `count` − 1, in variable time. For t coefficients this takes
 * about t² multiplications by small integers, then t − 1 additions a share; Horner's rule would take
 * t − 1 multiplications a share.
 */
export function publicSharesOf(commitment: readonly Point[], count: number): Point[] {
  // Newton's form at 1, 2, …, t: division by x − 1, then of the quotient by x − 2, and so on.
  const differences = [...commitment];
  for (let k = 0; k < differences.length - 1; k++) {
    for (let j = differences.length - 2; j >= k; j--) {
      differences[j] = differences[j].add(timesSmall(differences[j + 1], k + 1));
    }
  }
  // The k-th forward difference at 1 is k! times the k-th coefficient of that form.
  let factorial = 1n;
  for (let k = 2; k < differences.length; k++) {
    factorial = Fn.mul(factorial, BigInt(k));
    differences[k] = differences[k].multiplyUnsafe(factorial);
  }
  return Array.from({ length: count }, () => {
    const share = differences[0];
    for (let k = 0; k < differences.length - 1; k++) {
      differences[k] = differences[k].add(differences[k + 1]);
    }
    return share;
  });
}

/** Double and add from the highest bit: for a few bits less work than a windowed multiplication. */
function timesSmall(point: Point, factor: number): Point {
  let product = point;
  for (const bit of factor.toString(2).slice(1)) {
    product = product.double();
    if (bit === "1") product = product.add(point);
  }
  return product;
}

/**
 * The tweak that leaves the threshold public key no Taproot script path (BIP 341: a commitment to an
 * empty message), and the commitment with the tweak in it.
 *
 * @throws {ChillDkgError} `invalid_input` if the commitment to the secret is infinity: then somebody
 * gave a commitment without knowing its secret.
 */
export function taprootTweak(commitment: readonly Point[]): { tweak: bigint; tweaked: Point[] } {
  const [secret, ...others] = commitment;
  if (secret.is0()) {
    throw new ChillDkgError(
      "invalid_input",
      "The commitments to the secrets must not sum to infinity",
    );
  }
  const [key] = encodePoints([secret]);
  const tweak = hashAsScalar(schnorr.utils.taggedHash("TapTweak", key.subarray(1)));
  return { tweak, tweaked: [secret.add(Point.BASE.multiplyUnsafe(tweak)), ...others] };
}
