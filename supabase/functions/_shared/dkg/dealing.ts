/**
 * One guardian's part of a Pedersen distributed key generation: a polynomial, commitments to its
 * coefficients, a proof that the dealer knows the constant term, and a share for each recipient. Values
 * are those of frost-core's `keys::dkg::part1` and `part2`. A dealer of a reshare makes the same, with the
 * constant term of `resharing.ts`.
 *
 * https://eprint.iacr.org/2020/852 (figure 1)
 * https://github.com/ZcashFoundation/frost/blob/main/frost-core/src/keys/dkg.rs
 */
import { bytesToHex, concatBytes } from "@noble/curves/utils.js";
import { elementToHex, isHex, parseElement, parsePoint, parseScalar } from "../frost/encoding.ts";
import { FrostError } from "../frost/error.ts";
import { isNegated } from "../frost/group_commitment.ts";
import { evaluate } from "../frost/polynomial.ts";
import { areInSubgroup } from "../frost/subgroup.ts";
import type { Element, Suite } from "../frost/suites.ts";
import { evaluateCommitment } from "./group_key.ts";

/** The public part of a dealing, as the others receive it. */
export interface PublicDealing {
  /** Commitments to the coefficients from the constant term up, `threshold` of them; hex of Ne bytes each. */
  readonly commitment: readonly string[];
  /** R ‖ z, hex of `suite.signatureBytes`; for the Taproot suite R is its x coordinate, its y being even. */
  readonly proofOfKnowledge: string;
}

/** What a dealer makes. The shares are secret, each from everyone but its recipient. */
export interface Dealing extends PublicDealing {
  /** The polynomial's values at the identifiers 1, 2, … of the recipients, in this order. */
  readonly shares: readonly bigint[];
}

/**
 * Coefficients of a polynomial of degree `threshold` − 1, the secret first: random, none of them zero, so
 * that each has a commitment that can be encoded.
 */
export function drawCoefficients(suite: Suite, threshold: number): bigint[] {
  return Array.from({ length: threshold }, () => drawScalar(suite));
}

/** A random nonce for a proof of knowledge, not zero. It is for one dealing alone, see `deal`. */
export function drawNonce(suite: Suite): bigint {
  return drawScalar(suite);
}

// noble draws 1 to order − 1; for the Taproot suite only those whose point has even y. The commitment tells
// everybody the parity of a coefficient's point anyway, and the negation of the nonce is part of the proof.
function drawScalar(suite: Suite): bigint {
  return suite.Fn.fromBytes(suite.frost.utils.randomScalar());
}

/**
 * Deals: the same again for the same inputs, so that a device that crashed can repeat what it sent.
 *
 * The nonce must never be used with another identifier or other coefficients: two proofs with one nonce
 * give the secret away. Keep nonce and coefficients in one record, and bind that to one ceremony.
 *
 * @param identifier - The dealer's position, from 1; in a reshare, its position in the old package.
 * @param coefficients - From the constant term up, as many as the threshold; the constant term is the secret.
 * @param nonce - From `drawNonce`.
 * @param recipients - How many: their identifiers are 1 to this.
 * @throws {FrostError} `invalid_input` for a coefficient or a nonce that is zero or not below the order.
 */
export function deal(
  suite: Suite,
  identifier: number,
  coefficients: readonly bigint[],
  nonce: bigint,
  recipients: number,
): Dealing {
  const commitment = coefficients.map((scalar) => multiplyBase(suite, scalar, "A coefficient"));
  const drawn = multiplyBase(suite, nonce, "The nonce");
  const negated = isNegated(suite, drawn);
  const R = negated ? drawn.negate() : drawn;
  const challenge = challengeOf(suite, identifier, commitment[0], R);
  const z = suite.Fn.add(
    negated ? suite.Fn.neg(nonce) : nonce,
    suite.Fn.mul(coefficients[0], challenge),
  );
  return {
    commitment: commitment.map(elementToHex),
    proofOfKnowledge: bytesToHex(concatBytes(encodeR(suite, R), suite.Fn.toBytes(z))),
    shares: Array.from(
      { length: recipients },
      (_, i) => evaluate(suite.Fn, coefficients, BigInt(i + 1)),
    ),
  };
}

/** k·G in constant time, of a secret k. */
function multiplyBase(suite: Suite, scalar: bigint, what: string): Element {
  if (!suite.Fn.isValid(scalar) || suite.Fn.is0(scalar)) {
    throw new FrostError("invalid_input", `${what} must be from 1 to the group's order − 1`);
  }
  return suite.Point.BASE.multiply(scalar);
}

/** HDKG(identifier ‖ φ0 ‖ R), all encoded in full: of a Taproot key the parity counts here. */
function challengeOf(suite: Suite, identifier: number, secretPoint: Element, R: Element): bigint {
  return suite.HDKG(concatBytes(
    suite.Fn.toBytes(BigInt(identifier)),
    secretPoint.toBytes(),
    R.toBytes(),
  ));
}

function encodeR(suite: Suite, R: Element): Uint8Array {
  return suite.evenY ? R.toBytes().subarray(1) : R.toBytes();
}

/**
 * Verifies what a dealer made public, as frost-core's `part2` does, and gives its commitment as points.
 *
 * The identity is refused as every element of the commitment, not only as the first: frost-core's
 * encoding has none for it (`Group::serialize`), and neither has section 3.1 of RFC 9591.
 *
 * @param identifier - The dealer's, as in `deal`.
 * @param what - What the dealing is, for the error: "The dealing of guardian2".
 * @throws {FrostError} `ceremony_message_invalid` for a commitment that has not exactly `threshold`
 *   elements, for an element that is not a valid point, and for a proof that does not verify.
 */
export function verifyDealing(
  suite: Suite,
  identifier: number,
  threshold: number,
  { commitment, proofOfKnowledge }: PublicDealing,
  what: string,
): Element[] {
  if (commitment.length !== threshold) {
    throw invalid(
      `${what} must commit to ${threshold} coefficients, the threshold, not to ${commitment.length}`,
    );
  }
  const points = commitment.map((hex, i) =>
    parsePoint(
      suite,
      hex,
      "ceremony_message_invalid",
      `${what}: element ${i + 1} of the commitment`,
    )
  );
  if (!areInSubgroup(suite, points)) {
    throw invalid(`${what}: every element must be in the prime-order subgroup of ${suite.name}`);
  }
  verifyProof(suite, identifier, points[0], proofOfKnowledge, what);
  return points;
}

/** R = z·G − c·φ0. */
function verifyProof(
  suite: Suite,
  identifier: number,
  secretPoint: Element,
  proof: string,
  what: string,
): void {
  const { Fn, signatureBytes, scalarBytes } = suite;
  if (!isHex(proof, signatureBytes)) {
    throw invalid(
      `${what}: the proof of knowledge must be ${signatureBytes} bytes of lower-case hex`,
    );
  }
  const middle = proof.length - 2 * scalarBytes;
  const encodedR = (suite.evenY ? "02" : "") + proof.slice(0, middle);
  const code = "ceremony_message_invalid";
  const R = parseElement(suite, encodedR, code, `${what}: R of the proof of knowledge`);
  const z = parseScalar(suite, proof.slice(middle), code, `${what}: z of the proof of knowledge`);
  const challenge = challengeOf(suite, identifier, secretPoint, R);
  if (!suite.mulAdd(z, secretPoint, Fn.neg(challenge)).equals(R)) {
    throw invalid(`${what}: the proof of knowledge does not verify for identifier ${identifier}`);
  }
}

/**
 * Whether a share is the committed polynomial's value at its recipient's identifier: share·G = Σ i^k·C_k.
 * Constant time in the share.
 */
export function verifyShare(
  suite: Suite,
  commitment: readonly Element[],
  recipientIdentifier: number,
  share: bigint,
): boolean {
  if (!suite.Fn.isValid(share)) return false;
  // Zero is a share like any other, but noble does not multiply by it.
  const point = suite.Fn.is0(share) ? suite.Point.ZERO : suite.Point.BASE.multiply(share);
  return point.equals(evaluateCommitment(commitment, recipientIdentifier));
}

function invalid(message: string): FrostError {
  return new FrostError("ceremony_message_invalid", message);
}
