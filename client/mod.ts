/**
 * The guardian's side of Permafrost: hold a key share, commit to nonces, sign. For Deno, Node 20 and
 * browsers; `file_nonce_store.ts` is for Deno and Node alone and is imported by its own name.
 *
 * @module
 */
export { dealKey, type DealOptions, type DealtKey, type KeyPackageRegistration } from "./dealer.ts";
export { GuardianError, type GuardianErrorCode } from "./errors.ts";
export { Guardian, type GuardianOptions, type GuardianTransport } from "./guardian.ts";
export { type KeyShare, parseKeyShare } from "./key_share.ts";
export { MemoryNonceStore } from "./memory_nonce_store.ts";
export type {
  ApprovedRequest,
  CommittedRecord,
  NonceRecord,
  NonceStore,
  ReleasedRecord,
  SpentRecord,
} from "./nonce_store.ts";
export type { SigningKeyPackage, SigningPackage, SigningSession } from "./signing_session.ts";
export { FrostError, type FrostErrorCode } from "../supabase/functions/_shared/frost/error.ts";
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
