/**
 * The catalogue of errors: every code a client can meet, its HTTP status, and a sentence for people.
 *
 * Clients switch on the code. The database raises the same codes as hints of SQLSTATE `PTxyz`
 * (`permafrost.http_status_of` has the statuses it uses; a test compares the two lists).
 *
 * @module
 */

/** Code → HTTP status and a sentence that is used where the place that refuses has none of its own. */
export const ERRORS = {
  invalid_json: [400, "The body is not valid JSON"],
  invalid_input: [400, "The request is malformed"],
  unauthorized: [401, "A valid access token or key is required"],
  not_in_family: [403, "The caller is not a member of this family"],
  not_a_participant: [403, "The caller does not take part in this session"],
  not_a_signer: [403, "The caller is not among this session's signers"],
  not_the_creator: [403, "Only the session's creator may do this"],
  session_not_found: [404, "There is no such session, or the caller may not see it"],
  method_not_allowed: [405, "This function does not take requests of this method"],
  nonce_reused: [409, "A nonce point of this commitment was accepted before"],
  commitment_already_submitted: [409, "Another commitment was submitted before"],
  share_already_submitted: [409, "Another signature share was submitted before"],
  round_closed: [409, "Round one is closed"],
  round_open: [409, "The round before this one is still open"],
  invalid_transition: [409, "The session does not go there from where it is"],
  session_finished: [409, "The session is finished"],
  share_owed: [409, "The caller owes a signature share for another quorum"],
  key_retired: [409, "The key is retired: the family has another, or none"],
  session_expired: [410, "The session has expired"],
  payload_too_large: [413, "The body is larger than this function takes"],
  no_key_package: [422, "The family has no key package"],
  message_hash_invalid: [422, "The message does not fit the ciphersuite"],
  participants_invalid: [422, "The participants are not guardians of the family's key"],
  threshold_invalid: [422, "The threshold does not fit the key and the participants"],
  commitment_invalid: [422, "The nonce commitment is not two valid points"],
  share_invalid: [422, "The signature share does not verify"],
  signature_invalid: [422, "The signature does not verify under the group key"],
  key_package_invalid: [422, "The key package is not consistent"],
  event_mismatch: [422, "The message is not the id of this event under the group key"],
  host_key_invalid: [422, "The host key is not a valid point, or its proof does not verify"],
  ceremony_message_invalid: [422, "The message of a ceremony does not verify"],
  rate_limited: [429, "A limit is used up: try again later"],
  internal: [500, "Something went wrong on our side"],
} as const satisfies Record<string, readonly [status: number, message: string]>;

/** An error code of the catalogue. */
export type ErrorCode = keyof typeof ERRORS;

/** Whether a value is a code of the catalogue. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ERRORS, value);
}

/** The code for what comes for a session that has failed, by its `error_message`. */
export function codeOfFailed(errorMessage: string | null): ErrorCode {
  return errorMessage === "key_retired" ? "key_retired" : "session_finished";
}

/** A request refused for a reason the caller is told. */
export class Refusal extends Error {
  readonly code: ErrorCode;
  /** Of `rate_limited`: when it is worth trying again. */
  readonly retryAfterMs?: number;
  /** Of `session_finished`: what others have signed, if they have. */
  readonly finalSignature?: string;

  constructor(
    code: ErrorCode,
    message?: string,
    more: { retryAfterMs?: number; finalSignature?: string } = {},
  ) {
    super(message ?? ERRORS[code][1]);
    this.name = "Refusal";
    this.code = code;
    this.retryAfterMs = more.retryAfterMs;
    this.finalSignature = more.finalSignature;
  }
}
