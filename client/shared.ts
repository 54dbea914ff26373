/**
 * What every group of this library exports beside its own: results and their codes, ciphersuites, Nostr
 * events, and verifying a signature.
 *
 * @module
 */
export {
  CLIENT_ERRORS,
  type ClientErrorCode,
  type Failure,
  type Result,
  type ResultCode,
  type Success,
} from "./result.ts";
export { formatFingerprint } from "./key_package.ts";
export type { Supabase } from "./supabase.ts";
export type { CallOptions, ParticipantOptions } from "./transport.ts";
export { type ErrorCode, ERRORS, isErrorCode } from "../supabase/functions/_shared/errors.ts";
export { FrostError, type FrostErrorCode } from "../supabase/functions/_shared/frost/error.ts";
export {
  type KeyPackage,
  keyPackageFingerprint,
} from "../supabase/functions/_shared/frost/key_package.ts";
export {
  eventId,
  type EventTemplate,
  finishEvent,
  type NostrEvent,
  nostrPublicKey,
} from "../supabase/functions/_shared/frost/nostr.ts";
export {
  type Ciphersuite,
  CIPHERSUITES,
  isCiphersuite,
  TAPROOT_CIPHERSUITE,
} from "../supabase/functions/_shared/frost/suites.ts";
export { verifySignature } from "../supabase/functions/_shared/frost/verification.ts";
