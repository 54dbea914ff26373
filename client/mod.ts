/**
 * What an app imports. For Deno, Node 20 and browsers; `file_nonce_store.ts` is for Deno and Node alone and
 * is imported by its own name.
 *
 * - To ask for signatures: {@link UnifiedFederatedSigningService}, {@link FrostSessionManager}.
 * - To give them, on a guardian's device: {@link Guardian}, with a {@link NonceStore}.
 * - In an emergency: {@link RecoveryRequester} and {@link RecoveryGuardian}.
 *
 * @module
 */
export { dealKey, type DealOptions, type DealtKey, type KeyPackageRegistration } from "./dealer.ts";
export { GUARDIAN_ERRORS, GuardianError, type GuardianErrorCode } from "./errors.ts";
export { Guardian, type GuardianOptions, type GuardianTransport } from "./guardian.ts";
export { guardianTransport } from "./guardian_transport.ts";
export type { IndexedDb } from "./indexeddb.ts";
export { IndexedDbNonceStore } from "./indexeddb_nonce_store.ts";
export { type KeyShare, parseKeyShare } from "./key_share.ts";
export { MEASURED } from "./measured.ts";
export { MemoryNonceStore } from "./memory_nonce_store.ts";
export type { MethodRecommendation } from "./methods.ts";
export type {
  ApprovedRequest,
  CommittedRecord,
  NonceRecord,
  NonceStore,
  ReleasedRecord,
  SpentRecord,
} from "./nonce_store.ts";
export {
  type Publication,
  type PublishOptions,
  type PublishResult,
  publishSignedEvent,
  type RelayAnswer,
} from "./publish.ts";
export { recipientFingerprint } from "./recovery_envelope.ts";
export {
  type GiveShareOptions,
  RecoveryGuardian,
  type RecoveryQuestion,
} from "./recovery_guardian.ts";
export {
  type BadShare,
  type Collection,
  type CollectionFailure,
  type RecoveryAsk,
  RecoveryRequester,
  type RequesterState,
} from "./recovery_requester.ts";
export {
  type RecoveryFilter,
  type RecoveryProgress,
  RecoveryRequests,
  type SubmittedShare,
} from "./recovery_requests.ts";
export {
  CLIENT_ERRORS,
  type ClientErrorCode,
  type Failure,
  type Result,
  type ResultCode,
  type Success,
} from "./result.ts";
export type {
  AnySession,
  FrostSession,
  FrostStatus,
  KeyPackage,
  RecoveryRequest,
  RecoveryStatus,
} from "./session.ts";
export { FrostSessionManager } from "./session_manager.ts";
export {
  type CreatedSession,
  DEFAULT_EXPIRATION_SECONDS,
  type SessionNeeds,
  type SessionRequest,
} from "./session_request.ts";
export type { SigningKeyPackage, SigningPackage, SigningSession } from "./signing_session.ts";
export type { CallOptions, Supabase } from "./transport.ts";
export {
  type CreatedRequest,
  type SigningRequest,
  UnifiedFederatedSigningService,
} from "./unified_service.ts";
export { type Wait, waitFor, type WaitOptions } from "./wait.ts";
export { type ErrorCode, ERRORS, isErrorCode } from "../supabase/functions/_shared/errors.ts";
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
export {
  isUseCase,
  selectMethod,
  type SigningMethod,
  USE_CASES,
  type UseCase,
} from "../supabase/functions/_shared/methods.ts";
export { verifySignature } from "../supabase/functions/_shared/frost/verification.ts";
