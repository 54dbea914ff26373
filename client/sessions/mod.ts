/**
 * Asking for signatures: making requests, reading them, waiting for them, and publishing what was signed.
 *
 * @module
 */
export * from "../shared.ts";
export { SessionReader } from "./reader.ts";
export type { ListFilter } from "./list.ts";
export { FrostSessionManager } from "./manager.ts";
export type { RegisteredKeyPackage } from "../key_package.ts";
export { MEASURED } from "./measured.ts";
export type { MethodRecommendation } from "./methods.ts";
export {
  type Publication,
  type PublishOptions,
  type PublishResult,
  publishSignedEvent,
  type RelayAnswer,
} from "./publish.ts";
export {
  type BatchRequest,
  type CreatedBatch,
  type CreatedSession,
  DEFAULT_EXPIRATION_SECONDS,
  type Message,
  type SessionNeeds,
  type SessionRequest,
  type Signers,
} from "./request.ts";
export type {
  AnySession,
  FrostSession,
  FrostSessionSummary,
  FrostStatus,
  RecoveryRequest,
  RecoveryRequestSummary,
  RecoveryStatus,
  SigningMode,
  SigningQuorum,
} from "./session.ts";
export {
  type CreatedRequest,
  type SigningRequest,
  UnifiedFederatedSigningService,
} from "./unified_service.ts";
export { type TranscriptPins, type VerifiedTranscript, verifyTranscript } from "./transcript.ts";
export type { Transcript, TranscriptEvent } from "./transcript_chain.ts";
export { type Wait, waitFor, type WaitOptions } from "./wait.ts";
export {
  isUseCase,
  selectMethod,
  type SigningMethod,
  USE_CASES,
  type UseCase,
} from "../../supabase/functions/_shared/methods.ts";
