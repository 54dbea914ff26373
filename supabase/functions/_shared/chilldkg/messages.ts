/**
 * The messages of ChillDKG and the recovery data, for t the threshold and n the number of participants.
 * A parser throws `invalid_input` for another length; for a malformed part, what `blaming` makes of it.
 */
import { concatBytes } from "@noble/curves/utils.js";
import {
  assertBytes,
  encodePoints,
  Fn,
  type Point,
  POINT_BYTES,
  SCALAR_BYTES,
  SIGNATURE_BYTES,
  uint32,
} from "./group.ts";
import { Reader } from "./reader.ts";
import type { SessionParams } from "./session.ts";

/** A participant's first message: 33·t + 32·n + 97 bytes. */
export interface ParticipantMessage1 {
  /** To the coefficients of its polynomial, the constant term first. Each may be infinity. */
  readonly commitment: readonly Point[];
  /** Of knowledge of the constant term, 64 bytes. */
  readonly proof: Uint8Array;
  /** 33 bytes, not checked. */
  readonly publicNonce: Uint8Array;
  /** One for each participant. */
  readonly encryptedShares: readonly bigint[];
}

/** The coordinator's first message: 162·n + 33·(t − 1) bytes. */
export interface CoordinatorMessage1 {
  /** To the constant term of each participant; each may be infinity. */
  readonly secretCommitments: readonly Point[];
  /** Sums of the commitments to the other coefficients. */
  readonly otherCommitments: readonly Point[];
  /** 64 bytes each. */
  readonly proofs: readonly Uint8Array[];
  /** 33 bytes each, not checked. */
  readonly publicNonces: readonly Uint8Array[];
  /** For each participant, the sum of the encrypted shares it gets. */
  readonly encryptedShares: readonly bigint[];
}

/** The coordinator's message for one participant's investigation: 65·n bytes. */
export interface InvestigationMessage {
  /** What each participant encrypted for this one. */
  readonly encryptedShares: readonly bigint[];
  /** What each participant's commitment says that its share for this one has to be. */
  readonly publicShares: readonly Point[];
}

export function parseMessage1(bytes: Uint8Array, params: SessionParams): ParticipantMessage1 {
  const { threshold, hostPublicKeys: { length: count } } = params;
  assertBytes(
    bytes,
    POINT_BYTES * (threshold + 1) + SIGNATURE_BYTES + SCALAR_BYTES * count,
    "A participant's first message",
  );
  const reader = new Reader(bytes);
  return {
    commitment: reader.points(threshold, "A commitment"),
    proof: reader.bytes(SIGNATURE_BYTES),
    publicNonce: reader.bytes(POINT_BYTES),
    encryptedShares: reader.scalars(count, "An encrypted share"),
  };
}

export function message1ToBytes(message: ParticipantMessage1): Uint8Array {
  return concatBytes(
    ...encodePoints(message.commitment),
    message.proof,
    message.publicNonce,
    ...scalarsToBytes(message.encryptedShares),
  );
}

export function parseCoordinatorMessage1(
  bytes: Uint8Array,
  params: SessionParams,
): CoordinatorMessage1 {
  const { threshold, hostPublicKeys: { length: count } } = params;
  const perParticipant = 2 * POINT_BYTES + SIGNATURE_BYTES + SCALAR_BYTES;
  assertBytes(
    bytes,
    perParticipant * count + POINT_BYTES * (threshold - 1),
    "The coordinator's first message",
  );
  const reader = new Reader(bytes);
  return {
    secretCommitments: reader.points(count, "A commitment to a secret"),
    otherCommitments: reader.points(threshold - 1, "A sum of commitments"),
    proofs: reader.strings(count, SIGNATURE_BYTES),
    publicNonces: reader.strings(count, POINT_BYTES),
    encryptedShares: reader.scalars(count, "An encrypted share"),
  };
}

export function coordinatorMessage1ToBytes(message: CoordinatorMessage1): Uint8Array {
  return concatBytes(
    ...encodePoints([...message.secretCommitments, ...message.otherCommitments]),
    ...message.proofs,
    ...message.publicNonces,
    ...scalarsToBytes(message.encryptedShares),
  );
}

export function parseInvestigationMessage(bytes: Uint8Array, count: number): InvestigationMessage {
  assertBytes(bytes, (SCALAR_BYTES + POINT_BYTES) * count, "An investigation message");
  const reader = new Reader(bytes);
  return {
    encryptedShares: reader.scalars(count, "An encrypted share"),
    publicShares: reader.points(count, "A public share"),
  };
}

export function investigationMessageToBytes(message: InvestigationMessage): Uint8Array {
  return concatBytes(
    ...scalarsToBytes(message.encryptedShares),
    ...encodePoints(message.publicShares),
  );
}

/** What all participants sign, and the recovery data start with: 4 + 33·t + 98·n bytes. */
export function transcriptOf(
  { threshold, hostPublicKeys }: SessionParams,
  sumOfCommitments: readonly Point[],
  publicNonces: readonly Uint8Array[],
  encryptedShares: readonly bigint[],
): Uint8Array {
  return concatBytes(
    uint32(threshold),
    ...encodePoints(sumOfCommitments),
    ...hostPublicKeys,
    ...publicNonces,
    ...scalarsToBytes(encryptedShares),
  );
}

/** The parts of recovery data. */
export interface RecoveryData {
  /** Not validated. */
  readonly params: SessionParams;
  readonly sumOfCommitments: readonly Point[];
  readonly publicNonces: readonly Uint8Array[];
  readonly encryptedShares: readonly bigint[];
  /** What the certificate signs. */
  readonly transcript: Uint8Array;
  /** 64 bytes for each participant. */
  readonly certificate: Uint8Array;
}

/** Parses recovery data: 4 + 33·t + 162·n bytes; `undefined` if no t and n have that length. */
export function parseRecoveryData(bytes: Uint8Array): RecoveryData | undefined {
  if (!(bytes instanceof Uint8Array) || bytes.length < 4) return undefined;
  const reader = new Reader(bytes);
  const threshold = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const perParticipant = 2 * POINT_BYTES + SCALAR_BYTES + SIGNATURE_BYTES;
  const count = (bytes.length - 4 - POINT_BYTES * threshold) / perParticipant;
  if (!Number.isInteger(count) || count < 0) return undefined;
  reader.bytes(4);
  const sumOfCommitments = reader.points(threshold, "A sum of commitments");
  return {
    sumOfCommitments,
    params: { threshold, hostPublicKeys: reader.strings(count, POINT_BYTES) },
    publicNonces: reader.strings(count, POINT_BYTES),
    encryptedShares: reader.scalars(count, "An encrypted share"),
    certificate: reader.bytes(SIGNATURE_BYTES * count),
    transcript: bytes.slice(0, bytes.length - SIGNATURE_BYTES * count),
  };
}

const scalarsToBytes = (scalars: readonly bigint[]) => scalars.map((scalar) => Fn.toBytes(scalar));
