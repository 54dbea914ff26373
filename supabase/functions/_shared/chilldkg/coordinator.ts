/**
 * The steps of the coordinator (sections "Overview of a ChillDKG Session" and "API Documentation"). It
 * knows no secret; what it does wrong, the participants notice.
 *
 * https://github.com/BlockstreamResearch/bip-frost-dkg, draft 0.3.0-dev
 */
import { concatBytes } from "@noble/curves/utils.js";
import { isSignedBy } from "./certificate.ts";
import { ChillDkgError } from "./errors.ts";
import {
  assertBytes,
  assertCount,
  decodePoint,
  SIGNATURE_BYTES,
  sumOfPoints,
  sumOfScalars,
} from "./group.ts";
import {
  coordinatorMessage1ToBytes,
  investigationMessageToBytes,
  parseCoordinatorMessage1,
  parseMessage1,
  type ParticipantMessage1,
  transcriptOf,
} from "./messages.ts";
import { outputOf, publicPointsOf } from "./output.ts";
import { isValidProof } from "./proof.ts";
import { blaming } from "./reader.ts";
import {
  assertParticipant,
  assertThreshold,
  type DkgOutput,
  type SessionParams,
  validateParams,
} from "./session.ts";
import { publicShareOf, publicSharesOf } from "./vss.ts";

export type { ParticipantMessage1 } from "./messages.ts";

/** What the coordinator keeps from step 1 to the end. Not secret. */
export interface CoordinatorState {
  readonly params: SessionParams;
  /** What all participants sign, 4 + 33·t + 98·n bytes. */
  readonly transcript: Uint8Array;
  /** Not to be used before `coordinatorFinalize` returns it. */
  readonly output: DkgOutput;
}

/**
 * Parses a participant's first message.
 *
 * @param bytes - 33·t + 32·n + 97 bytes.
 * @param params - Parameters that `validateParams` accepted.
 * @throws {ChillDkgError} `invalid_input` for another length, a commitment that is neither a point nor
 * infinity, and an encrypted share not below the group's order; `threshold_or_count`.
 */
export function parseParticipantMessage1(
  bytes: Uint8Array,
  params: SessionParams,
): ParticipantMessage1 {
  assertThreshold(params);
  return blaming("invalid_input", undefined, () => parseMessage1(bytes, params));
}

/**
 * Checks all that a coordinator can check of one participant's first message: its form, the proof of
 * possession (infinity as the commitment to the secret has none), and the public nonce. The draft leaves the last two to the participants.
 *
 * @param bytes - 33·t + 32·n + 97 bytes.
 * @param params - Parameters that `validateParams` accepted.
 * @throws {ChillDkgError} `faulty_participant` (with `participant`), `invalid_input` for another length
 * and no such participant, `threshold_or_count`.
 */
export function verifyParticipantMessage1(
  bytes: Uint8Array,
  params: SessionParams,
  participant: number,
): void {
  assertThreshold(params);
  assertParticipant(participant, params);
  const { commitment, proof, publicNonce } = blaming(
    "faulty_participant",
    participant,
    () => parseMessage1(bytes, params),
  );
  if (!isValidProof(proof, commitment[0], participant)) {
    throw faultyParticipant(participant, "The proof must be of a secret that is not zero");
  }
  if (decodePoint(publicNonce) === undefined) {
    throw faultyParticipant(participant, "The public nonce must be a compressed point");
  }
}

/**
 * Aggregates the participants' first messages: step 1. Section "coordinator_step1".
 *
 * @param pmsgs1 - 33·t + 32·n + 97 bytes each, in the order of the host public keys.
 * @returns The state, and the message to all participants: 162·n + 33·(t − 1) bytes.
 * @throws {ChillDkgError} `faulty_participant` (with `participant`) for a malformed message,
 * `invalid_input` for another length, another number of messages, or commitments whose sum nobody can
 * know, and as `validateParams`.
 */
export function coordinatorStep1(
  pmsgs1: readonly Uint8Array[],
  params: SessionParams,
): { state: CoordinatorState; message: Uint8Array } {
  const messages = parseMessages1(pmsgs1, params);
  const secretCommitments = messages.map(({ commitment }) => commitment[0]);
  const otherCommitments = Array.from(
    { length: params.threshold - 1 },
    (_, j) => sumOfPoints(messages.map(({ commitment }) => commitment[j + 1])),
  );
  const publicNonces = messages.map(({ publicNonce }) => publicNonce);
  const encryptedShares = messages.map((_, i) => sumOfScalars(sharesFor(i, messages)));

  const sumOfCommitments = [sumOfPoints(secretCommitments), ...otherCommitments];
  return {
    state: {
      params,
      transcript: transcriptOf(params, sumOfCommitments, publicNonces, encryptedShares),
      output: outputOf(publicPointsOf(sumOfCommitments, messages.length)),
    },
    message: coordinatorMessage1ToBytes({
      secretCommitments,
      otherCommitments,
      proofs: messages.map(({ proof }) => proof),
      publicNonces,
      encryptedShares,
    }),
  };
}

/**
 * What all participants sign, from the coordinator's message of step 1 alone: 4 + 33·t + 98·n bytes.
 *
 * @param message - 162·n + 33·(t − 1) bytes.
 * @throws {ChillDkgError} `invalid_input` for another length or a malformed part, and as `validateParams`.
 */
export function transcriptOfCoordinatorMessage(
  message: Uint8Array,
  params: SessionParams,
): Uint8Array {
  validateParams(params);
  const { secretCommitments, otherCommitments, publicNonces, encryptedShares } = blaming(
    "invalid_input",
    undefined,
    () => parseCoordinatorMessage1(message, params),
  );
  return transcriptOf(
    params,
    [sumOfPoints(secretCommitments), ...otherCommitments],
    publicNonces,
    encryptedShares,
  );
}

/**
 * Checks one participant's second message: its signature of the transcript.
 *
 * @param bytes - 64 bytes.
 * @throws {ChillDkgError} `faulty_participant` (with `participant`), `invalid_input` for another length
 * and no such participant.
 */
export function verifyParticipantMessage2(
  bytes: Uint8Array,
  { params, transcript }: Pick<CoordinatorState, "params" | "transcript">,
  participant: number,
): void {
  assertParticipant(participant, params);
  assertBytes(bytes, SIGNATURE_BYTES, "A participant's second message");
  if (!isSignedBy("certeq message", transcript, participant, params, bytes)) {
    throw faultyParticipant(participant, "The signature of the transcript must be valid");
  }
}

/**
 * Ends the session with the participants' signatures. Section "coordinator_finalize".
 *
 * @param pmsgs2 - 64 bytes each, in the order of the host public keys.
 * @returns The message to all participants (64·n bytes), the output, which has no secret share, and the
 * recovery data of 4 + 33·t + 162·n bytes.
 * @throws {ChillDkgError} `faulty_participant` (with `participant`) for an invalid signature,
 * `invalid_input` for another length or another number of messages.
 */
export function coordinatorFinalize(
  state: CoordinatorState,
  pmsgs2: readonly Uint8Array[],
): { message: Uint8Array; output: DkgOutput; recoveryData: Uint8Array } {
  assertCount(pmsgs2, state.params.hostPublicKeys.length, "The second messages");
  // No one is to blame before all have the right length, as in the draft.
  for (const message of pmsgs2) assertBytes(message, SIGNATURE_BYTES, "A second message");
  for (const [i, message] of pmsgs2.entries()) verifyParticipantMessage2(message, state, i);
  const message = concatBytes(...pmsgs2);
  return { message, output: state.output, recoveryData: concatBytes(state.transcript, message) };
}

/**
 * Messages with which participants find out who sent them bad shares (`participantInvestigate`). They are
 * not secret. Section "coordinator_investigate".
 *
 * For many participants this takes seconds; `coordinatorInvestigateFor` makes one message.
 *
 * @param pmsgs1 - 33·t + 32·n + 97 bytes each, as for `coordinatorStep1`.
 * @returns One message for each participant, 65·n bytes each.
 * @throws {ChillDkgError} as `coordinatorStep1`.
 */
export function coordinatorInvestigate(
  pmsgs1: readonly Uint8Array[],
  params: SessionParams,
): Uint8Array[] {
  const messages = parseMessages1(pmsgs1, params);
  const publicShares = messages.map(({ commitment }) =>
    publicSharesOf(commitment, messages.length)
  );
  return messages.map((_, i) =>
    investigationMessageToBytes({
      encryptedShares: sharesFor(i, messages),
      publicShares: publicShares.map((shares) => shares[i]),
    })
  );
}

/**
 * The message of `coordinatorInvestigate` for one participant: 65·n bytes.
 *
 * @throws {ChillDkgError} as `coordinatorStep1`; `invalid_input` for no such participant.
 */
export function coordinatorInvestigateFor(
  participant: number,
  pmsgs1: readonly Uint8Array[],
  params: SessionParams,
): Uint8Array {
  assertParticipant(participant, params);
  const messages = parseMessages1(pmsgs1, params);
  return investigationMessageToBytes({
    encryptedShares: sharesFor(participant, messages),
    publicShares: messages.map(({ commitment }) => publicShareOf(commitment, participant)),
  });
}

function parseMessages1(
  pmsgs1: readonly Uint8Array[],
  params: SessionParams,
): ParticipantMessage1[] {
  validateParams(params);
  assertCount(pmsgs1, params.hostPublicKeys.length, "The first messages");
  return pmsgs1.map((bytes, i) =>
    blaming("faulty_participant", i, () => parseMessage1(bytes, params))
  );
}

/** What each participant encrypted for one. */
function sharesFor(participant: number, messages: readonly ParticipantMessage1[]): bigint[] {
  return messages.map(({ encryptedShares }) => encryptedShares[participant]);
}

function faultyParticipant(participant: number, sentence: string): ChillDkgError {
  return new ChillDkgError("faulty_participant", sentence, { participant });
}
