/**
 * Whether a message of a ceremony is what its sender has to send. The function checks a message so before it is
 * stored, and each device checks the others' again.
 *
 * @module
 */
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import {
  transcriptOfCoordinatorMessage,
  verifyParticipantMessage1,
  verifyParticipantMessage2,
} from "../chilldkg/coordinator.ts";
import { ChillDkgError } from "../chilldkg/errors.ts";
import { verifyRecoveryAcknowledgment } from "../chilldkg/recovery.ts";
import { verifyDealing } from "../dkg/dealing.ts";
import { verifyEphemeralKey } from "../dkg/evidence.ts";
import { parsePublicKey } from "../dkg/host_curve.ts";
import { expectedConstantTerm } from "../dkg/resharing.ts";
import { parseElement, parseScalar } from "../frost/encoding.ts";
import { type Element, suiteOf } from "../frost/suites.ts";
import {
  entryOf,
  hexField,
  listField,
  type Message,
  messageHash,
  messageOf,
  type Payload,
  signedText,
} from "./payload.ts";
import {
  type CeremonyTerms,
  chillDkgParams,
  confirmationHash,
  hashOfText,
  hostPublicKeyIn,
  invalidMessage,
  isSignedByHostKey,
  sendersOf,
} from "./terms.ts";

/** The messages of a round by sender. */
export type RoundMessages = ReadonlyMap<string, Message>;

/** What a message is judged by, besides the terms. */
export interface CeremonyView {
  readonly paramsId: string;
  /** Of chilldkg; hex. */
  readonly coordinatorMessages: readonly string[];
  /** What all confirm: from confirming on. */
  readonly confirmed?: { readonly transcriptHash: string; readonly packageDigest: string };
  /** Of chilldkg; hex, from confirming on. */
  readonly recoveryData?: string;
}

/** A message that bears its sender's signature, and what is wrong with it all the same: proof that it deviated. */
export class SignedFault extends Error {
  override readonly name = "SignedFault";

  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

/**
 * Parses and verifies a message.
 *
 * @throws {FrostError} `ceremony_message_invalid`: malformed, or without its sender's signature.
 * @throws {SignedFault} for a message with its sender's signature that does not verify.
 */
export function verifyMessage(
  terms: CeremonyTerms,
  view: CeremonyView,
  round: number,
  sender: string,
  payload: Payload,
): Message {
  const message = messageOf(terms, round, payload);
  verifySignature(terms, view.paramsId, round, sender, message);
  try {
    verifyContent(terms, view, round, sender, message);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new SignedFault(blamable(error));
  }
  return message;
}

/** @throws {FrostError} `ceremony_message_invalid` unless the sender's host key has signed it for this ceremony. */
export function verifySignature(
  terms: CeremonyTerms,
  paramsId: string,
  round: number,
  sender: string,
  { text, signature }: Message,
): void {
  const hash = messageHash(paramsId, round, text);
  if (!isSignedByHostKey(hash, signature, hostPublicKeyIn(terms, round, sender))) {
    throw invalidMessage(
      `The message of ${sender} does not bear its host key's signature for this round of this ceremony`,
    );
  }
}

function blamable(error: Error): Error {
  return error instanceof ChillDkgError ? invalidMessage(error.message) : error;
}

function verifyContent(
  terms: CeremonyTerms,
  view: CeremonyView,
  round: number,
  sender: string,
  message: Message,
): void {
  if (round === 3) return verifyConfirmation(terms, view, sender, message);
  const position = terms.participants.indexOf(sender);
  switch (terms.protocol) {
    case "chilldkg": {
      const params = chillDkgParams(terms);
      const bytes = bytesOf(hexField(message, "message"));
      if (round === 1) return verifyParticipantMessage1(bytes, params, position);
      const transcript = transcriptOfCoordinatorMessage(
        hexToBytes(view.coordinatorMessages[0] ?? ""),
        params,
      );
      return verifyParticipantMessage2(bytes, { params, transcript }, position);
    }
    case "pedersen":
      if (round === 1) {
        dealingOf(terms, sender, message);
        parsePublicKey(hexField(message, "ephemeralKey"), `The ephemeral key of ${sender}`);
      } else verifyCiphertexts(terms, message);
      return;
    case "reshare":
      return verifyReshareDealing(terms, view.paramsId, sender, message);
  }
}

/** The commitment in a verified dealing, or in one to be verified; errors as of `verifyDealing`. */
export function dealingOf(terms: CeremonyTerms, sender: string, message: Message): Element[] {
  return verifyDealing(
    suiteOf(terms.ciphersuite),
    identifierOf(terms, sender),
    terms.threshold,
    {
      commitment: listField(message, "commitment"),
      proofOfKnowledge: hexField(message, "proofOfKnowledge"),
    },
    `The dealing of ${sender}`,
  );
}

/** The identifier of a dealer: its position in the old package if there is one, else among the participants. */
export function identifierOf({ participants, fromPackage }: CeremonyTerms, sender: string): number {
  return 1 + (fromPackage?.participants ?? participants).indexOf(sender);
}

/** The identifiers of all dealers of a reshare in the old package. */
export function dealerIdentifiers(terms: CeremonyTerms): number[] {
  return (terms.dealers ?? []).map((dealer) => identifierOf(terms, dealer));
}

function verifyReshareDealing(
  terms: CeremonyTerms,
  paramsId: string,
  sender: string,
  message: Message,
): void {
  const suite = suiteOf(terms.ciphersuite);
  const identifier = identifierOf(terms, sender);
  const [constantTerm] = dealingOf(terms, sender, message);
  const verifyingShare = parseElement(
    suite,
    terms.fromPackage?.verifying_shares[identifier - 1] ?? "",
    "key_package_invalid",
    "A verifying share of the old package",
  );
  const expected = expectedConstantTerm(
    suite,
    dealerIdentifiers(terms),
    identifier,
    verifyingShare,
  );
  if (!expected.equals(constantTerm)) {
    throw invalidMessage(`The dealing of ${sender} is not of its own share of the old key`);
  }
  const ephemeralKey = hexField(message, "ephemeralKey");
  parsePublicKey(ephemeralKey, `The ephemeral key of ${sender}`);
  if (message.payload.ephemeralProof !== undefined) {
    verifyEphemeralKey(
      ephemeralKey,
      paramsId,
      identifier,
      hexField(message, "ephemeralProof"),
      `The ephemeral key of ${sender}`,
    );
  }
  verifyCiphertexts(terms, message);
}

function verifyCiphertexts({ ciphersuite, participants }: CeremonyTerms, message: Message): void {
  const suite = suiteOf(ciphersuite);
  for (const recipient of participants) {
    parseScalar(
      suite,
      entryOf(message, "ciphertexts", recipient),
      "ceremony_message_invalid",
      `The ciphertext for ${recipient}`,
    );
  }
}

function verifyConfirmation(
  terms: CeremonyTerms,
  { paramsId, confirmed, recoveryData }: CeremonyView,
  sender: string,
  message: Message,
): void {
  if (confirmed === undefined) throw invalidMessage("There is nothing to confirm yet");
  const hash = confirmationHash(paramsId, confirmed.transcriptHash, confirmed.packageDigest);
  const hostPublicKey = hostPublicKeyIn(terms, 3, sender);
  if (!isSignedByHostKey(hash, hexField(message, "confirmation"), hostPublicKey)) {
    throw invalidMessage(
      `${sender} does not confirm this transcript and this key package: its devices saw another`,
    );
  }
  if (terms.protocol !== "chilldkg") return;
  const acknowledged = verifyRecoveryAcknowledgment(
    hexToBytes(recoveryData ?? ""),
    chillDkgParams(terms),
    terms.participants.indexOf(sender),
    bytesOf(hexField(message, "acknowledgement")),
  );
  if (!acknowledged) throw invalidMessage(`${sender} does not acknowledge the recovery data`);
}

function bytesOf(hex: string): Uint8Array {
  try {
    const bytes = hexToBytes(hex);
    if (bytesToHex(bytes) === hex) return bytes;
  } catch { // said below
  }
  throw invalidMessage("A message must be bytes in lower-case hex");
}

/**
 * What all sign: over the recovery data of chilldkg, else over the messages of both rounds in the order of their
 * senders.
 *
 * @throws {FrostError} `ceremony_message_invalid` if a message is missing.
 */
export function transcriptHashOf(
  terms: CeremonyTerms,
  paramsId: string,
  rounds: readonly RoundMessages[],
  recoveryData?: string,
): string {
  if (terms.protocol === "chilldkg") return bytesToHex(sha256(hexToBytes(recoveryData ?? "")));
  const texts = [1, 2].map((round) =>
    inOrder(terms, round, rounds[round - 1] ?? new Map()).map(signedText).join(",")
  );
  return hashOfText(`[${JSON.stringify(paramsId)},[${texts[0]}],[${texts[1]}]]`);
}

/** The messages of a round in the order of their senders; errors as of `transcriptHashOf`. */
export function inOrder(terms: CeremonyTerms, round: number, messages: RoundMessages): Message[] {
  return sendersOf(terms, round).map((sender) => {
    const message = messages.get(sender);
    if (message === undefined) throw invalidMessage(`The message of ${sender} is missing`);
    return message;
  });
}
