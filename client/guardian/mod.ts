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
export type { ApprovedSession } from "./approving.ts";
export type { PublishedNonces } from "./pooling.ts";
export type {
  CommitmentItem,
  ItemResult,
  NoncePool,
  QuorumTransport,
  ShareItem,
} from "./quorum_transport.ts";
export type { WatchOptions } from "./watching.ts";
export type { QuorumPackage, WorkFilter } from "../sessions/work.ts";
export { type KeyShare, parseKeyShare } from "./key_share.ts";
export type { SigningPackage, SigningSession } from "./signing_session.ts";
export { IndexedDbNonceStore } from "./stores/indexeddb_nonce_store.ts";
export { MemoryNonceStore } from "./stores/memory_nonce_store.ts";
export type {
  AnsweredRecord,
  ApprovedRecord,
  ApprovedRequest,
  CommittedRecord,
  HeldRecord,
  NewRecord,
  NoncePair,
  NonceRecord,
  NonceStore,
  PooledPair,
  ReleasedRecord,
  SpentRecord,
  UnboundRecord,
} from "./stores/nonce_store.ts";
