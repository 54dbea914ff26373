/**
 * What can go wrong in ChillDKG, and who is to blame for it.
 *
 * https://github.com/BlockstreamResearch/bip-frost-dkg (section "Blaming Faulty Parties")
 */

export type ChillDkgErrorKind =
  /** An argument has a wrong length, a list a wrong number of entries. Nobody is to blame by it. */
  | "invalid_input"
  /** The host secret key is zero, not below the group's order, or of no participant (HostSeckeyError). */
  | "host_secret_key"
  /** `participant` has an invalid host public key (InvalidHostPubkeyError). */
  | "host_public_key"
  /** `participant` and `participant2` have the same host public key (DuplicateHostPubkeyError). */
  | "duplicate_host_public_key"
  /** Not 1 <= threshold <= participants < 2^32 (ThresholdOrCountError). */
  | "threshold_or_count"
  /** The random bytes are all zero, so the generator does not work (RandomnessError). */
  | "randomness"
  /** `participant` broke the protocol. Only the coordinator finds this (FaultyParticipantError). */
  | "faulty_participant"
  /** `participant` or the coordinator broke the protocol (FaultyParticipantOrCoordinatorError). */
  | "faulty_participant_or_coordinator"
  /** The coordinator broke the protocol (FaultyCoordinatorError). */
  | "faulty_coordinator"
  /** Somebody broke the protocol; `participantInvestigate` finds out who (UnknownFaulty…Error). */
  | "unknown_faulty"
  /** The recovery data is malformed, uncertified, or of another session (RecoveryDataError). */
  | "recovery_data"
  /** The acknowledgment of `participant` is invalid; the session succeeded (InvalidRecoveryAckError). */
  | "recovery_acknowledgment";

/** Who is to blame. */
export interface ChillDkgErrorDetails {
  readonly participant?: number;
  readonly participant2?: number;
}

/** A refusal with its kind. The message is a sentence for people and never holds a secret. */
export class ChillDkgError extends Error {
  override readonly name = "ChillDkgError";
  readonly kind: ChillDkgErrorKind;
  /** The participant that the kind speaks of, numbered from 0 in the order of the host public keys. */
  readonly participant?: number;
  /** The other one of two participants with the same host public key. */
  readonly participant2?: number;

  constructor(kind: ChillDkgErrorKind, message: string, details: ChillDkgErrorDetails = {}) {
    super(message);
    this.kind = kind;
    if (details.participant !== undefined) this.participant = details.participant;
    if (details.participant2 !== undefined) this.participant2 = details.participant2;
  }
}
