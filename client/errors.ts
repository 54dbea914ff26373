/** Why a guardian does not do what it is asked to: each code with its meaning. Apps switch on the code. */
export const GUARDIAN_ERRORS = {
  key_share_invalid: "The key share is malformed, or does not belong to its key package",
  request_invalid: "The session or the package is malformed",
  not_approved: "`approve` did not say yes",
  request_changed:
    "The message, the threshold or the participants are not those that were approved",
  event_mismatch: "The message is not the id of the event that is shown",
  key_package_mismatch: "The package is of another key, or another epoch, than the key share",
  not_a_signer: "The guardian is not a participant, or not among the signers",
  signers_invalid: "The signers are not guardians of the key, in order, as many as the threshold",
  commitment_changed: "The guardian's own commitment is not the one it published",
  commitment_invalid: "A signer's commitment is missing, or is not two valid points",
  nonces_missing:
    "The store has no nonces for this session: another store has, or they were pruned",
  nonces_spent: "The nonces were used before; only the share made with them can be sent again",
  quorums_exhausted: "More packages of the session came than its quorums can need",
  session_expired: "The session has expired",
} as const satisfies Record<string, string>;

/** The code of a guardian's refusal. */
export type GuardianErrorCode = keyof typeof GUARDIAN_ERRORS;

/** A guardian's refusal. Its message never holds a secret. */
export class GuardianError extends Error {
  override readonly name = "GuardianError";
  readonly code: GuardianErrorCode;

  constructor(code: GuardianErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
