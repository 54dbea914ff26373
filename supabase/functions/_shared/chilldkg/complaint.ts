/**
 * What a participant may show of one share that was sent to it: the draft has investigation for the participant
 * alone, and a guardian that accuses another has to convince the others. The ECDH point of the sender's public
 * nonce and the recipient's host key opens that share and no other of an honest sender.
 *
 * https://github.com/BlockstreamResearch/bip-frost-dkg, draft 0.3.0-dev
 */
import { bytesToHex } from "@noble/curves/utils.js";
import { padFrom } from "./encryption.ts";
import { Fn, publicPointOf } from "./group.ts";
import { parseParticipantMessage1 } from "./coordinator.ts";
import type { SessionParams } from "./session.ts";
import { publicShareOf } from "./vss.ts";

/** The public nonce in a participant's first message: 33 bytes as lower-case hex. Errors as of `parseParticipantMessage1`. */
export function publicNonceOf(message1: Uint8Array, params: SessionParams): string {
  return bytesToHex(parseParticipantMessage1(message1, params).publicNonce);
}

/**
 * Whether the share that a participant's first message holds for another one is a share of what it committed to.
 *
 * @param recipient - From 0; not the sender.
 * @param sharedPoint - The ECDH point, 33 bytes, found to be that of the public nonce and the recipient's host key.
 */
export function isEncryptedShareRight(
  message1: Uint8Array,
  params: SessionParams,
  recipient: number,
  sharedPoint: Uint8Array,
): boolean {
  const { commitment, publicNonce, encryptedShares } = parseParticipantMessage1(message1, params);
  const share = Fn.sub(
    encryptedShares[recipient],
    padFrom(sharedPoint, publicNonce, recipient, params),
  );
  return publicPointOf(share).equals(publicShareOf(commitment, recipient));
}
