/** Why a guardian does not do what it is asked to. Apps switch on the code; the message is for people. */
export type GuardianErrorCode =
  /** The key share is malformed or does not belong to its own package. */
  | "key_share_invalid"
  /** The request or package is malformed. */
  | "request_invalid"
  /** The person, or the app on its behalf, said no. */
  | "not_approved"
  /** The session is not what was approved in round one. */
  | "request_changed"
  /** The message is not the id of the event that is shown, under the pinned group key. */
  | "event_mismatch"
  /** The package names another key than the one this guardian has a share of. */
  | "key_package_mismatch"
  /** The guardian is not asked for: not a participant, or not among the signers. */
  | "not_a_signer"
  /** The signers are not as many as the threshold, not participants, doubled or out of order. */
  | "signers_invalid"
  /** The guardian's own commitment is not what it published. */
  | "commitment_changed"
  /** A commitment is missing, one too many, or not two valid points. */
  | "commitment_invalid"
  /** There are no nonces for this session: `commit` never ran here, or they were pruned. */
  | "nonces_missing"
  /** The nonces were taken before. Nothing but the share made with them can be released. */
  | "nonces_spent"
  | "session_expired";

/** A guardian's refusal. Its message never holds a secret. */
export class GuardianError extends Error {
  override readonly name = "GuardianError";
  readonly code: GuardianErrorCode;

  constructor(code: GuardianErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
