/**
 * The refusals of the FROST modules. The codes are of the catalogue (`../errors.ts`): most are a 422, since it takes
 * the curve or the key package to find them out.
 */
export type FrostErrorCode =
  | "ceremony_message_invalid"
  | "commitment_invalid"
  | "event_mismatch"
  | "invalid_input"
  | "key_package_invalid"
  | "message_hash_invalid"
  | "participants_invalid"
  | "share_invalid"
  | "signature_invalid"
  | "threshold_invalid";

/** A refusal with its code. The message is a sentence for people and never holds a secret. */
export class FrostError extends Error {
  override readonly name = "FrostError";
  readonly code: FrostErrorCode;

  constructor(code: FrostErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
