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
 * t²/2 multiplications by small integers and t − 1 additions a share; Horner's rule would take t − 1
 * multiplications a share.
 */
export function publicSharesOf(commitment: readonly Point[], count: number): Point[] {
  // Horner's rule on coefficients of the binomials C(x, k), where x·C(x, k) = k·C(x, k) + (k + 1)·C(x, k + 1).
  const differences: Point[] = [];
  for (const point of [...commitment].reverse()) {
    differences.push(Point.ZERO);
    for (let k = differences.length - 1; k > 0; k--) {
      differences[k] = timesSmall(differences[k].add(differences[k - 1]), k);
    }
    differences[0] = point;
  }
  // Those are the forward differences at 0; additions alone lead from them to those at 1, 2, and so on.
  return Array.from({ length: count }, () => {
    for (let k = 0; k < differences.length - 1; k++) {
      differences[k] = differences[k].add(differences[k + 1]);
    }
    return differences[0];
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
