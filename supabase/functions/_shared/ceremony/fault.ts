/**
 * Judging a guardian's complaint about a share that was sent to it: the evidence opens that one ciphertext, and the
 * share in it fits its sender's commitment or not.
 *
 * @module
 */
import { hexToBytes } from "@noble/curves/utils.js";
import { isEncryptedShareRight, publicNonceOf } from "../chilldkg/complaint.ts";
import { type Evidence, evidenceContext, openShare, verifyShared } from "../dkg/evidence.ts";
import { verifyShare } from "../dkg/dealing.ts";
import { suiteOf } from "../frost/suites.ts";
import { entryOf, hexField, type Message } from "./payload.ts";
import { type CeremonyTerms, chillDkgParams, invalidMessage } from "./terms.ts";
import { dealingOf } from "./verification.ts";

/** Which ciphertext: from whom, to whom, in which messages. */
export interface SentShare {
  readonly sender: string;
  readonly recipient: string;
  /** The sender's message with its commitment. */
  readonly dealing: Message;
  /** The sender's message with the ciphertext; of chilldkg and reshare the same. */
  readonly ciphertexts: Message;
}

/** The key under which a sender encrypted: 33 bytes as lower-case hex. */
export function ephemeralKeyOf(terms: CeremonyTerms, dealing: Message): string {
  return terms.protocol === "chilldkg"
    ? publicNonceOf(hexToBytes(hexField(dealing, "message")), chillDkgParams(terms))
    : hexField(dealing, "ephemeralKey");
}

/** What evidence about a ciphertext is bound to: who sent it to whom, in which ceremony. */
export function contextOfShare(
  terms: CeremonyTerms,
  paramsId: string,
  { sender, recipient }: Pick<SentShare, "sender" | "recipient">,
): Uint8Array {
  const senders = terms.dealers ?? terms.participants;
  return evidenceContext(
    paramsId,
    1 + senders.indexOf(sender),
    1 + terms.participants.indexOf(recipient),
  );
}

/**
 * Whether the share that evidence opens fits the sender's commitment: if it does, the complaint is false.
 *
 * @throws {FrostError} `ceremony_message_invalid` if the evidence is not about this ciphertext: it proves nothing.
 */
export function doesShareFit(
  terms: CeremonyTerms,
  paramsId: string,
  sent: SentShare,
  evidence: Evidence,
): boolean {
  const { sender, recipient, dealing, ciphertexts } = sent;
  const position = terms.participants.indexOf(recipient);
  const hostPublicKey = terms.hostPublicKeys[position];
  const ephemeralKey = ephemeralKeyOf(terms, dealing);
  const context = contextOfShare(terms, paramsId, sent);
  if (!verifyShared(hostPublicKey, ephemeralKey, context, evidence)) {
    throw invalidMessage(
      "The evidence does not open what was sent to the caller: it proves nothing",
    );
  }
  if (terms.protocol === "chilldkg") {
    return isEncryptedShareRight(
      hexToBytes(hexField(dealing, "message")),
      chillDkgParams(terms),
      position,
      hexToBytes(evidence.sharedPoint),
    );
  }
  const suite = suiteOf(terms.ciphersuite);
  const share = openShare(
    suite,
    evidence.sharedPoint,
    ephemeralKey,
    hostPublicKey,
    position + 1,
    paramsId,
    entryOf(ciphertexts, "ciphertexts", recipient),
  );
  return verifyShare(suite, dealingOf(terms, sender, dealing), position + 1, share);
}
