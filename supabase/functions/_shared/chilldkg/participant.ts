/**
 * The steps of a participant (sections "Overview of a ChillDKG Session" and "API Documentation").
 *
 * https://github.com/BlockstreamResearch/bip-frost-dkg, draft 0.3.0-dev
 */
import { concatBytes, equalBytes } from "@noble/curves/utils.js";
import { invalidSignerOf, signContent } from "./certificate.ts";
import { encryptShares, padsFor, sessionSecrets } from "./encryption.ts";
import { ChillDkgError } from "./errors.ts";
import { UnknownFaultyError } from "./investigation.ts";
import {
  assertBytes,
  encodePoints,
  Fn,
  Point,
  publicPointOf,
  SIGNATURE_BYTES,
  sumOfPoints,
  sumOfScalars,
} from "./group.ts";
import {
  type CoordinatorMessage1,
  message1ToBytes,
  parseCoordinatorMessage1,
  transcriptOf,
} from "./messages.ts";
import { outputOf, publicPointsOf } from "./output.ts";
import { isValidProof, prove } from "./proof.ts";
import { blaming } from "./reader.ts";
import {
  type DkgOutput,
  hostPublicKeyOf,
  participantOf,
  type SessionParams,
  validateParams,
} from "./session.ts";
import { coefficientsFrom, commitmentTo, secretShareOf } from "./vss.ts";

export { participantInvestigate } from "./investigation.ts";

/** What a participant keeps from step 1 to step 2. For one `participantStep2` only. Not secret. */
export interface ParticipantState1 {
  readonly params: SessionParams;
  /** This participant's number. */
  readonly participant: number;
  /** 33 bytes. */
  readonly publicNonce: Uint8Array;
  /** The commitment to the own secret, 33 bytes. */
  readonly secretCommitment: Uint8Array;
}

/** What a participant keeps from step 2 to the end. For one `participantFinalize` only. Secret. */
export interface ParticipantState2 {
  readonly params: SessionParams;
  /** What all participants sign, 4 + 33·t + 98·n bytes. */
  readonly transcript: Uint8Array;
  /** Not to be used before `participantFinalize` returns it. */
  readonly output: DkgOutput;
}

/**
 * Shares a secret: step 1. The same arguments give the same state and message again. Section
 * "participant_step1".
 *
 * @param hostSecretKey - 32 bytes.
 * @param random - 32 fresh random bytes.
 * @returns The state, and the message to the coordinator: 33·t + 32·n + 97 bytes.
 * @throws {ChillDkgError} `invalid_input` for another length, `host_secret_key` for an invalid key and one
 * of no participant, `randomness` for zeros, and as `validateParams`.
 */
export function participantStep1(
  hostSecretKey: Uint8Array,
  params: SessionParams,
  random: Uint8Array,
): { state: ParticipantState1; message: Uint8Array } {
  const hostPublicKey = hostPublicKeyOf(hostSecretKey);
  validateParams(params);
  const participant = participantOf(hostPublicKey, params);
  if (participant === undefined) {
    throw new ChillDkgError("host_secret_key", "The host secret key must be of a participant");
  }
  assertBytes(random, 32, "The random bytes");
  if (random.every((byte) => byte === 0)) {
    throw new ChillDkgError("randomness", "The random bytes must not be all zero");
  }
  const secrets = sessionSecrets(hostSecretKey, random, params);
  const coefficients = coefficientsFrom(secrets.seed, params.threshold);
  const commitment = commitmentTo(coefficients);
  const shares = params.hostPublicKeys.map((_, i) => secretShareOf(coefficients, i));
  const message = message1ToBytes({
    commitment,
    proof: prove(coefficients[0], participant, secrets.auxRand),
    publicNonce: secrets.publicNonce,
    encryptedShares: encryptShares(
      shares,
      { secretKey: hostSecretKey, participant },
      secrets,
      params,
    ),
  });
  const [secretCommitment] = encodePoints(commitment.slice(0, 1));
  return {
    state: { params, participant, publicNonce: secrets.publicNonce, secretCommitment },
    message,
  };
}

/**
 * Checks what the others shared and signs the transcript: step 2. From then on the host secret key must
 * be kept, whatever happens: others may finish the session. Section "participant_step2".
 *
 * @param hostSecretKey - 32 bytes, those of step 1.
 * @param message - The coordinator's first message, 162·n + 33·(t − 1) bytes.
 * @param auxRand - 32 bytes, fresh random ones at best (BIP 340).
 * @returns The state, and the message to the coordinator: 64 bytes.
 * @throws {ChillDkgError} `invalid_input` for another length, or commitments whose sum nobody can know;
 * `host_secret_key` for an invalid or another key; `faulty_coordinator`;
 * `faulty_participant_or_coordinator` (with `participant`); `unknown_faulty`, for
 * `participantInvestigate`.
 */
export function participantStep2(
  hostSecretKey: Uint8Array,
  state: ParticipantState1,
  message: Uint8Array,
  auxRand: Uint8Array,
): { state: ParticipantState2; message: Uint8Array } {
  const { params, participant } = state;
  const hostPublicKey = hostPublicKeyOf(hostSecretKey);
  assertBytes(auxRand, 32, "The auxiliary random bytes");
  if (!equalBytes(hostPublicKey, params.hostPublicKeys[participant])) {
    throw new ChillDkgError("host_secret_key", "The host secret key must be the one of step 1");
  }
  const parsed = blaming(
    "faulty_coordinator",
    undefined,
    () => parseCoordinatorMessage1(message, params),
  );
  const { secretCommitments, otherCommitments, publicNonces, encryptedShares } = parsed;
  if (!equalBytes(publicNonces[participant], state.publicNonce)) {
    throw faultyCoordinator("The coordinator must send back this participant's public nonce");
  }
  const pads = padsFor({ secretKey: hostSecretKey, participant }, publicNonces, params);
  checkSecretCommitments(parsed, state);

  const sumOfCommitments = [sumOfPoints(secretCommitments), ...otherCommitments];
  const points = publicPointsOf(sumOfCommitments, params.hostPublicKeys.length);
  const encryptedShare = encryptedShares[participant];
  const secretShare = Fn.add(Fn.sub(encryptedShare, sumOfScalars(pads)), points.tweak);
  if (!publicPointOf(secretShare).equals(points.publicShares[participant])) {
    const publicShare = points.publicShares[participant].subtract(
      Point.BASE.multiplyUnsafe(points.tweak),
    );
    throw new UnknownFaultyError(
      "The secret share must match the commitments; investigate to find who is faulty",
      { participant, publicShare, encryptedShare, pads },
    );
  }
  // All encrypted shares are signed, so that everybody has the same recovery data.
  const transcript = transcriptOf(params, sumOfCommitments, publicNonces, encryptedShares);
  const output = { secretShare: Fn.toBytes(secretShare), ...outputOf(points) };
  return {
    state: { params, transcript, output },
    message: signContent("certeq message", transcript, participant, hostSecretKey, auxRand),
  };
}

/** Whether the own commitment came back, and the others know the secrets of theirs. */
function checkSecretCommitments(
  { secretCommitments, proofs }: CoordinatorMessage1,
  { participant, secretCommitment }: ParticipantState1,
): void {
  if (!equalBytes(encodePoints([secretCommitments[participant]])[0], secretCommitment)) {
    throw faultyCoordinator("The coordinator must send back this participant's commitment");
  }
  for (const [i, commitment] of secretCommitments.entries()) {
    if (i === participant) continue;
    if (!isValidProof(proofs[i], commitment, i)) {
      throw new ChillDkgError(
        "faulty_participant_or_coordinator",
        "A participant must prove that it knows the secret of its commitment",
        { participant: i },
      );
    }
  }
}

/**
 * Ends the session with the certificate of all participants. If this throws, others may still succeed;
 * their recovery data then end the session for this participant (`recover`). Section
 * "participant_finalize".
 *
 * @param message - The coordinator's second message, 64·n bytes.
 * @returns The output, and the recovery data of 4 + 33·t + 162·n bytes, the same for all. To be used when
 * all participants are known to have them.
 * @throws {ChillDkgError} `invalid_input` for another length, `faulty_coordinator` for an invalid
 * certificate.
 */
export function participantFinalize(
  { params, transcript, output }: ParticipantState2,
  message: Uint8Array,
): { output: DkgOutput; recoveryData: Uint8Array } {
  assertBytes(
    message,
    SIGNATURE_BYTES * params.hostPublicKeys.length,
    "The coordinator's second message",
  );
  if (invalidSignerOf(message, transcript, params) !== undefined) {
    throw faultyCoordinator("The certificate must hold a valid signature of each participant");
  }
  return { output, recoveryData: concatBytes(transcript, message) };
}

function faultyCoordinator(sentence: string): ChillDkgError {
  return new ChillDkgError("faulty_coordinator", sentence);
}
