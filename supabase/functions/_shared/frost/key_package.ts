/**
 * Checking the public half of a dealt key (RFC 9591 appendix C.2): that the guardians' shares are shares of
 * one secret, the one behind the group key, and that the threshold is what it claims to be.
 */
import { pippenger } from "@noble/curves/abstract/curve.js";
import { bytesToHex } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { parsePoint } from "./encoding.ts";
import { FrostError } from "./error.ts";
import { evaluate, leadingCoefficients, powers } from "./polynomial.ts";
import { areInSubgroup } from "./subgroup.ts";
import { type Ciphersuite, type Element, type Suite, suiteOf } from "./suites.ts";

/** Identifiers are positions from 1, and a package has room for this many. */
export const MAX_PARTICIPANTS = 255;

/** The public half of a family's key, as the database and the devices have it. Points as lower-case hex. */
export interface KeyPackage {
  readonly ciphersuite: Ciphersuite;
  /** How many signers a signature takes at least. */
  readonly threshold: number;
  /** A participant's position, from 1, is its identifier. */
  readonly participants: readonly string[];
  /** As dealt; under BIP-340 its y may be odd. Ne bytes. */
  readonly group_public_key: string;
  /** In the order of `participants`; Ne bytes each. */
  readonly verifying_shares: readonly string[];
}

/**
 * What a key package is known by, as a whole: SHA-256 over the UTF-8 of
 * `JSON.stringify([ciphersuite, threshold, participants, groupPublicKey, verifyingShares])`, 32 bytes as
 * lower-case hex. The group public key alone does not do: one secret dealt on two polynomials has two
 * packages, and shares of one are not shares of the other.
 */
export function keyPackageFingerprint(keyPackage: KeyPackage): string {
  const { ciphersuite, threshold, participants, group_public_key, verifying_shares } = keyPackage;
  const fields = [ciphersuite, threshold, participants, group_public_key, verifying_shares];
  return bytesToHex(sha256(new TextEncoder().encode(JSON.stringify(fields))));
}

/** A key package as it is offered for registration. Points as lower-case hex of Ne bytes. */
export interface KeyPackageInputs {
  readonly ciphersuite: Ciphersuite;
  /** MIN_PARTICIPANTS: how many signers a signature takes at least. */
  readonly threshold: number;
  readonly participants: readonly string[];
  /** As dealt; under BIP-340 its y may be odd. */
  readonly groupPublicKey: string;
  /** In the order of `participants`. */
  readonly verifyingShares: readonly string[];
  /** Commitments to the polynomial's coefficients from the constant term up: `threshold` points. */
  readonly vssCommitment?: readonly string[] | null;
}

/**
 * Puts verifying shares given by participant into the order of the participants.
 *
 * @throws {FrostError} `key_package_invalid` unless there is one for each participant and no other.
 */
export function verifyingSharesInOrder(
  participants: readonly string[],
  verifyingShares: Readonly<Record<string, string>>,
): string[] {
  const complete = participants.every((participant) => Object.hasOwn(verifyingShares, participant));
  if (!complete || Object.keys(verifyingShares).length !== participants.length) {
    throw invalid("There must be one verifying share for each participant");
  }
  return participants.map((participant) => verifyingShares[participant]);
}

/**
 * Verifies that every point is valid, that the verifying shares and the group key lie on one polynomial
 * of degree threshold − 1, no more and no less, and that the VSS commitment, if given, is that polynomial's.
 *
 * The tests are randomised. Points of another polynomial pass with a probability below 2^−240, and a point
 * outside the prime-order subgroup with one of at most 2^−64, whatever the package's maker knew.
 *
 * @throws {FrostError} `participants_invalid`, `threshold_invalid` and otherwise `key_package_invalid`.
 */
export function verifyKeyPackage(inputs: KeyPackageInputs): void {
  const { threshold, participants } = inputs;
  const suite = suiteOf(inputs.ciphersuite);
  const count = participants.length;
  if (count < 1 || count > MAX_PARTICIPANTS || new Set(participants).size !== count) {
    throw new FrostError("participants_invalid", "Participants must be 1 to 255, all different");
  }
  // With a threshold of 1 every share is the key itself.
  if (!Number.isInteger(threshold) || threshold < 2 || threshold > count) {
    throw new FrostError("threshold_invalid", `The threshold must be from 2 to ${count}`);
  }
  if (inputs.verifyingShares.length !== count) {
    throw invalid("There must be one verifying share for each participant");
  }
  const parse = (hex: string, what: string) => parsePoint(suite, hex, "key_package_invalid", what);
  const { vssCommitment } = inputs;
  const groupPublicKey = parse(inputs.groupPublicKey, "The group public key");
  const shares = inputs.verifyingShares.map((hex) => parse(hex, "A verifying share"));
  const commitment = vssCommitment?.map((hex) => parse(hex, "A VSS commitment")) ?? [];
  if (!areInSubgroup(suite, [groupPublicKey, ...shares, ...commitment])) {
    throw invalid(`Every point must be in the prime-order subgroup of ${suite.name}`);
  }
  if (vssCommitment) {
    if (vssCommitment[0] !== inputs.groupPublicKey) {
      throw invalid("The VSS commitment must begin with the group public key");
    }
    requireCommitmentTo(suite, threshold, shares, commitment);
  } else {
    requireDegreeAtMost(suite, threshold - 1, [groupPublicKey, ...shares]);
    requireDegreeAtLeast(suite, threshold - 1, shares);
  }
}

/**
 * The values at 0, 1, …, n lie on a polynomial of degree at most d if and only if they are orthogonal to
 * every (w_i·m(i)) with m of degree below n − d, since these span the dual of the Reed–Solomon code. One
 * m drawn at random tells with all but 1/order of probability (SCRAPE, https://eprint.iacr.org/2017/216).
 */
function requireDegreeAtMost(suite: Suite, degree: number, values: readonly Element[]): void {
  const { Fn } = suite;
  const points = values.map((_, i) => i);
  const mask = Array.from({ length: values.length - 1 - degree }, () => randomScalar(suite));
  const weights = leadingCoefficients(Fn, points)
    .map((w, i) => Fn.mul(w, evaluate(Fn, mask, BigInt(i))));
  if (!sum(suite, values, weights).is0()) {
    throw invalid("The verifying shares and the group public key are not of one polynomial");
  }
}

/** A smaller degree would let fewer signers than the threshold sign. */
function requireDegreeAtLeast(suite: Suite, degree: number, shares: readonly Element[]): void {
  const some = shares.slice(0, degree + 1);
  const weights = leadingCoefficients(suite.Fn, some.map((_, i) => i + 1));
  if (sum(suite, some, weights).is0()) {
    throw invalid("Fewer signers than the threshold could sign with these shares");
  }
}

/**
 * Compares the committed polynomial with the shares at a random linear combination of their identifiers:
 * one that is not on it escapes with a probability of 1/order. The polynomial has the threshold's degree,
 * no less, since its leading coefficient is a point and the identity is none.
 */
function requireCommitmentTo(
  suite: Suite,
  threshold: number,
  shares: readonly Element[],
  commitment: readonly Element[],
): void {
  const { Fn } = suite;
  if (commitment.length !== threshold) {
    throw invalid("The VSS commitment must have as many points as the threshold");
  }
  // Σ r_i·Y_i = Σ_k (Σ_i r_i·i^k)·C_k.
  const masks = shares.map(() => randomScalar(suite));
  const moments = commitment.map(() => 0n);
  for (const [i, mask] of masks.entries()) {
    for (const [k, power] of powers(Fn, BigInt(i + 1), threshold).entries()) {
      moments[k] = Fn.add(moments[k], Fn.mul(mask, power));
    }
  }
  const weights = [...masks, ...moments.map((moment) => Fn.neg(moment))];
  if (!sum(suite, [...shares, ...commitment], weights).is0()) {
    throw invalid("The VSS commitment is not that of the verifying shares");
  }
}

function sum(suite: Suite, elements: readonly Element[], scalars: readonly bigint[]): Element {
  return pippenger(suite.Point, [...elements], [...scalars]);
}

/** The verifier's own coins; drawn after the package was fixed, so that nobody can aim at them. */
function randomScalar(suite: Suite): bigint {
  return suite.Fn.fromBytes(suite.frost.utils.randomScalar());
}

function invalid(message: string): FrostError {
  return new FrostError("key_package_invalid", message);
}
