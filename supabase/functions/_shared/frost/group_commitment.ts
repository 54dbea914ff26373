/**
 * From the signers' nonce commitments and the message to one group commitment: RFC 9591 sections 4.3 to
 * 4.5. Everything here is public and is computed the same by the coordinator and by every signer.
 */
import { concatBytes } from "@noble/curves/utils.js";
import type { NonceCommitment } from "./encoding.ts";
import { FrostError } from "./error.ts";
import type { Element, Suite } from "./suites.ts";

/** A signer's nonce commitment under its identifier. */
export interface SignerCommitment {
  readonly identifier: number;
  readonly commitment: NonceCommitment;
}

/** The group commitment R and, in the signers' order, each one's part in it. */
export interface GroupCommitment {
  readonly element: Element;
  readonly bindingFactors: readonly bigint[];
  /** R_i = hiding + binding·ρ_i; their sum is R. */
  readonly commitmentShares: readonly Element[];
}

/**
 * The key that signatures are verified with: under BIP-340 that is the point with this x and even y,
 * whichever of the two was dealt.
 */
export function verificationKey(suite: Suite, groupPublicKey: Element): Element {
  return isNegated(suite, groupPublicKey) ? groupPublicKey.negate() : groupPublicKey;
}

/** Whether a point stands for its negation in this suite: BIP-340 knows points with even y only. */
export function isNegated(suite: Suite, element: Element): boolean {
  return suite.evenY && element.toAffine().y % 2n === 1n;
}

/**
 * The inputs of H1, one a signer: group key ‖ H4(message) ‖ H5(commitment list) ‖ identifier (sections
 * 4.3 and 4.4).
 *
 * @param key - From `verificationKey`.
 * @param signers - In ascending order of identifiers.
 */
export function bindingFactorInputs(
  suite: Suite,
  key: Element,
  signers: readonly SignerCommitment[],
  message: Uint8Array,
): Uint8Array[] {
  const identifiers = signers.map(({ identifier }) => suite.Fn.toBytes(BigInt(identifier)));
  const list = signers.flatMap(({ commitment }, i) => [
    identifiers[i],
    commitment.hiding.toBytes(),
    commitment.binding.toBytes(),
  ]);
  const prefix = concatBytes(key.toBytes(), suite.H4(message), suite.H5(concatBytes(...list)));
  return identifiers.map((identifier) => concatBytes(prefix, identifier));
}

/**
 * compute_binding_factors and compute_group_commitment (sections 4.4 and 4.5).
 *
 * @param key - From `verificationKey`.
 * @param signers - In ascending order of identifiers.
 * @throws {FrostError} `commitment_invalid` if a sum is the identity, which has no encoding. Nobody can
 *   bring that about on purpose: the binding factors depend on all commitments.
 */
export function groupCommitment(
  suite: Suite,
  key: Element,
  signers: readonly SignerCommitment[],
  message: Uint8Array,
): GroupCommitment {
  const bindingFactors = bindingFactorInputs(suite, key, signers, message).map(suite.H1);
  const shares = signers.map(({ commitment: { hiding, binding } }, i) =>
    hiding.add(binding.multiplyUnsafe(bindingFactors[i]))
  );
  const element = shares.reduce((sum, share) => sum.add(share), suite.Point.ZERO);
  if ([element, ...shares].some((point) => point.is0())) {
    throw new FrostError("commitment_invalid", "The nonce commitments cancel each other out");
  }
  return { element, bindingFactors, commitmentShares: shares };
}
