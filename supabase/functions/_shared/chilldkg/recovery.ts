/**
 * Recovery of a session's output, and acknowledgments that all have the recovery data (section "Backup
 * and Recovery"). Recovery data are 4 + 33·t + 162·n bytes and not secret.
 *
 * https://github.com/BlockstreamResearch/bip-frost-dkg, draft 0.3.0-dev
 */
import { invalidSignerOf, isSignedBy, signContent } from "./certificate.ts";
import { padsFor } from "./encryption.ts";
import { ChillDkgError } from "./errors.ts";
import {
  assertBytes,
  assertCount,
  Fn,
  publicPointOf,
  SIGNATURE_BYTES,
  sumOfScalars,
} from "./group.ts";
import { parseRecoveryData, type RecoveryData } from "./messages.ts";
import { outputOf, type PublicPoints, publicPointsOf } from "./output.ts";
import { blaming } from "./reader.ts";
import {
  areSameParams,
  assertParticipant,
  type DkgOutput,
  hostPublicKeyOf,
  participantOf,
  type SessionParams,
  validateParams,
} from "./session.ts";

/**
 * The output of a session from its recovery data. Sections "participant_recover" and
 * "coordinator_recover".
 *
 * @param hostSecretKey - A participant's, 32 bytes; null for the output without a secret share.
 * @throws {ChillDkgError} `recovery_data` if they are malformed or not signed by all participants;
 * `invalid_input` for a host secret key of another length; `host_secret_key` for an invalid one and one of
 * no participant; `faulty_participant_or_coordinator` for a public nonce that is not a point, which no
 * honest participant signs.
 */
export function recover(
  hostSecretKey: Uint8Array | null,
  recoveryData: Uint8Array,
): { output: DkgOutput; params: SessionParams } {
  const data = parsedOrThrow(recoveryData);
  const { params, sumOfCommitments, transcript, certificate } = data;
  orRecoveryData(() => validateParams(params));
  if (invalidSignerOf(certificate, transcript, params) !== undefined) {
    throw recoveryDataError("The recovery data must hold a valid signature of each participant");
  }
  const points = orRecoveryData(() =>
    publicPointsOf(sumOfCommitments, params.hostPublicKeys.length)
  );
  const output = orRecoveryData(() => outputOf(points));
  if (hostSecretKey === null) return { output, params };
  return { output: { secretShare: secretShareOf(hostSecretKey, data, points), ...output }, params };
}

/** A participant's secret share, 32 bytes. */
function secretShareOf(
  hostSecretKey: Uint8Array,
  { params, publicNonces, encryptedShares }: RecoveryData,
  { tweak, publicShares }: PublicPoints,
): Uint8Array {
  const participant = participantOf(hostPublicKeyOf(hostSecretKey), params);
  if (participant === undefined) {
    throw new ChillDkgError(
      "host_secret_key",
      "The host secret key must be of a participant in the recovery data",
    );
  }
  const pads = padsFor({ secretKey: hostSecretKey, participant }, publicNonces, params);
  const secretShare = Fn.add(Fn.sub(encryptedShares[participant], sumOfScalars(pads)), tweak);
  // This participant signed the recovery data, so it checked the share before.
  if (!publicPointOf(secretShare).equals(publicShares[participant])) {
    throw recoveryDataError("The secret share must match the public share");
  }
  return Fn.toBytes(secretShare);
}

/**
 * Signs that a participant has the recovery data. Section "participant_recovery_ack_sign".
 *
 * @param hostSecretKey - 32 bytes.
 * @param auxRand - 32 bytes, fresh random ones at best (BIP 340).
 * @returns A signature of 64 bytes.
 * @throws {ChillDkgError} `invalid_input` for another length, `host_secret_key` for an invalid key and one
 * of no participant, `recovery_data` if they are malformed or of other parameters, and as
 * `validateParams`.
 */
export function signRecoveryAcknowledgment(
  hostSecretKey: Uint8Array,
  recoveryData: Uint8Array,
  params: SessionParams,
  auxRand: Uint8Array,
): Uint8Array {
  const hostPublicKey = hostPublicKeyOf(hostSecretKey);
  validateParams(params);
  const participant = participantOf(hostPublicKey, params);
  if (participant === undefined) {
    throw new ChillDkgError("host_secret_key", "The host secret key must be of a participant");
  }
  assertBytes(auxRand, 32, "The auxiliary random bytes");
  assertRecoveryDataOf(params, recoveryData);
  return signContent("recovery acknowledgment", recoveryData, participant, hostSecretKey, auxRand);
}

/**
 * Whether a participant signed that it has the recovery data.
 *
 * @param signature - 64 bytes.
 * @throws {ChillDkgError} `invalid_input` for another length and no such participant, `recovery_data` if
 * they are malformed or of other parameters, and as `validateParams`.
 */
export function verifyRecoveryAcknowledgment(
  recoveryData: Uint8Array,
  params: SessionParams,
  participant: number,
  signature: Uint8Array,
): boolean {
  validateParams(params);
  assertParticipant(participant, params);
  assertRecoveryDataOf(params, recoveryData);
  assertBytes(signature, SIGNATURE_BYTES, "An acknowledgment");
  return isSignedBy("recovery acknowledgment", recoveryData, participant, params, signature);
}

/**
 * Checks that all participants signed that they have the recovery data. If not, the session succeeded all
 * the same. Section "participant_recovery_acks_verify".
 *
 * @param signatures - 64 bytes each, in the order of the host public keys.
 * @throws {ChillDkgError} `recovery_acknowledgment` (with `participant`) for an invalid signature,
 * `invalid_input` for another length or another number of signatures, `recovery_data` if they are
 * malformed or of other parameters, and as `validateParams`.
 */
export function verifyRecoveryAcknowledgments(
  recoveryData: Uint8Array,
  params: SessionParams,
  signatures: readonly Uint8Array[],
): void {
  validateParams(params);
  assertCount(signatures, params.hostPublicKeys.length, "The acknowledgments");
  assertRecoveryDataOf(params, recoveryData);
  for (const [participant, signature] of signatures.entries()) {
    assertBytes(signature, SIGNATURE_BYTES, "An acknowledgment");
    if (!isSignedBy("recovery acknowledgment", recoveryData, participant, params, signature)) {
      throw new ChillDkgError(
        "recovery_acknowledgment",
        "The acknowledgment of each participant must be valid",
        { participant },
      );
    }
  }
}

function assertRecoveryDataOf(params: SessionParams, recoveryData: Uint8Array): void {
  if (!areSameParams(parsedOrThrow(recoveryData).params, params)) {
    throw recoveryDataError("The recovery data must have the given parameters");
  }
}

function parsedOrThrow(recoveryData: Uint8Array): RecoveryData {
  const data = blaming("recovery_data", undefined, () => parseRecoveryData(recoveryData));
  if (data === undefined) {
    throw recoveryDataError("The recovery data must be 4 + 33·t + 162·n bytes");
  }
  return data;
}

/** Whatever is wrong with it comes from the recovery data. */
function orRecoveryData<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof ChillDkgError)) throw error;
    throw recoveryDataError(error.message);
  }
}

function recoveryDataError(sentence: string): ChillDkgError {
  return new ChillDkgError("recovery_data", sentence);
}
