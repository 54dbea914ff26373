/**
 * What participants sign with their host keys, by BIP 340: the transcript (section "Equality Check
 * Protocol CertEq") and the recovery data (section "participant_recovery_ack_sign").
 */
import { schnorr } from "@noble/curves/secp256k1.js";
import { concatBytes } from "@noble/curves/utils.js";
import { SIGNATURE_BYTES, uint32 } from "./group.ts";
import type { SessionParams } from "./session.ts";

export type SignedPurpose = "certeq message" | "recovery acknowledgment";

/** Domain separation as BIP 340 recommends: a prefix of 33 bytes. */
function signedMessage(purpose: SignedPurpose, participant: number, content: Uint8Array) {
  const prefix = new Uint8Array(33);
  prefix.set(new TextEncoder().encode(`BIP DKG/${purpose}`));
  return concatBytes(prefix, uint32(participant), content);
}

/** A signature of 64 bytes. */
export function signContent(
  purpose: SignedPurpose,
  content: Uint8Array,
  participant: number,
  hostSecretKey: Uint8Array,
  auxRand: Uint8Array,
): Uint8Array {
  return schnorr.sign(signedMessage(purpose, participant, content), hostSecretKey, auxRand);
}

/** Whether a participant made a signature (64 bytes). */
export function isSignedBy(
  purpose: SignedPurpose,
  content: Uint8Array,
  participant: number,
  { hostPublicKeys }: SessionParams,
  signature: Uint8Array,
): boolean {
  // BIP 340 drops the sign of the host key, but the content holds the whole key.
  const key = hostPublicKeys[participant].subarray(1);
  return schnorr.verify(signature, signedMessage(purpose, participant, content), key);
}

/**
 * The first participant whose signature in a certificate (64 bytes each) is invalid; `undefined` if the
 * certificate is valid.
 */
export function invalidSignerOf(
  certificate: Uint8Array,
  transcript: Uint8Array,
  params: SessionParams,
): number | undefined {
  const invalid = params.hostPublicKeys.findIndex((_, i) => {
    const signature = certificate.subarray(SIGNATURE_BYTES * i, SIGNATURE_BYTES * (i + 1));
    return !isSignedBy("certeq message", transcript, i, params, signature);
  });
  return invalid === -1 ? undefined : invalid;
}
