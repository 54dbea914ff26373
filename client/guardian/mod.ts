/**
 * A guardian's device: a key share, a nonce store, and the rules by which it answers; and dealing a key.
 *
 * `stores/file_nonce_store.ts` is for Deno and Node alone and has an export path of its own.
 *
 * @module
 */
export { GUARDIAN_ERRORS, GuardianError, type GuardianErrorCode } from "../errors.ts";
export * from "../shared.ts";
export { dealKey, type DealOptions, type DealtKey, type KeyPackageRegistration } from "./dealer.ts";
export { Guardian, type GuardianOptions } from "./guardian.ts";
export { type GuardianTransport, guardianTransport } from "./guardian_transport.ts";
export { type KeyShare, parseKeyShare } from "./key_share.ts";
export type { SigningPackage, SigningSession } from "./signing_session.ts";
export { IndexedDbNonceStore } from "./stores/indexeddb_nonce_store.ts";
export { MemoryNonceStore } from "./stores/memory_nonce_store.ts";
export type {
  ApprovedRequest,
  CommittedRecord,
  NonceRecord,
  NonceStore,
  ReleasedRecord,
  SpentRecord,
} from "./stores/nonce_store.ts";
