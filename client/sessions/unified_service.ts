/**
 * One service for both ways of making a signature.
 *
 * @module
 */
import { selectMethod, type SigningMethod } from "../../supabase/functions/_shared/methods.ts";
import { type MethodRecommendation, recommendMethod } from "./methods.ts";
import { type PublishOptions, type PublishResult, publishSignedEvent } from "./publish.ts";
import {
  type RecoveryProgress,
  RecoveryRequests,
  type SubmittedShare,
} from "../recovery/requests.ts";
import { type Failure, type Result, success } from "../result.ts";
import {
  type AnySession,
  type FrostStatus,
  readSession,
  type RecoveryStatus,
  type SigningMode,
} from "./session.ts";
import { FrostSessionManager } from "./manager.ts";
import { DEFAULT_EXPIRATION_SECONDS, type SessionRequest } from "./request.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, invoke, type ParticipantOptions } from "../transport.ts";
import { type Wait, waitFor, type WaitOptions } from "./wait.ts";

/** A request for a signature, by either method. */
export type SigningRequest = SessionRequest & {
  /** What it is for; decides the method. See `selectMethod`. */
  readonly useCase?: string;
  /** Wins over the use case. */
  readonly preferredMethod?: SigningMethod;
  /** For recovery, the requester's one-time key: `RecoveryRequester` makes it. */
  readonly recipientPublicKey?: string;
};

/** A request that was created. */
export interface CreatedRequest {
  readonly method: SigningMethod;
  /** Of the FROST session, or of the recovery request. */
  readonly sessionId: string;
  /** `signing` for a FROST session in `one_tap`. */
  readonly status: FrostStatus;
  /** Of a FROST session; see `CreatedSession`. */
  readonly mode?: SigningMode;
  readonly short?: Readonly<Record<string, number>>;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** What members must be told about the key: that it was put together for a recovery. */
  readonly warning?: string;
}

const instances = new WeakMap<Supabase, UnifiedFederatedSigningService>();

/**
 * Asks for signatures, by FROST or by Shamir recovery, and follows them. Methods answer as those of
 * `FrostSessionManager` do, and do not throw.
 *
 * @example
 * ```ts
 * import { createClient } from "@supabase/supabase-js";
 * import { UnifiedFederatedSigningService } from "@permafrost/client/sessions";
 *
 * const supabase = createClient("https://abc.supabase.co", "sb_publishable_…");
 * const service = UnifiedFederatedSigningService.getInstance(supabase);
 * const created = await service.createSigningRequest({
 *   familyId: "family",
 *   messageHash: "5a".repeat(32),
 *   participants: ["ann", "bob", "cleo"],
 *   threshold: 2,
 *   useCase: "daily_operations",
 * });
 * if (created.success) await service.waitFor(created.sessionId, "completed");
 * ```
 */
export class UnifiedFederatedSigningService {
  readonly #supabase: Supabase;
  readonly #sessions: FrostSessionManager;
  readonly #requests: RecoveryRequests;

  private constructor(supabase: Supabase) {
    this.#supabase = supabase;
    this.#sessions = new FrostSessionManager(supabase);
    this.#requests = new RecoveryRequests(supabase);
  }

  /** The service of a supabase-js client: always the same one. */
  static getInstance(supabase: Supabase): UnifiedFederatedSigningService {
    const instance = instances.get(supabase) ?? new UnifiedFederatedSigningService(supabase);
    instances.set(supabase, instance);
    return instance;
  }

  /** The method that a request will be made with: by its use case, unless one is preferred. */
  selectSigningMethod(useCase?: string, preferredMethod?: SigningMethod): SigningMethod {
    return selectMethod(useCase, preferredMethod);
  }

  /** The method for a use case, and why; what it does to the key, and how fast it is. */
  getMethodRecommendation(useCase?: string): MethodRecommendation {
    return recommendMethod(useCase);
  }

  /**
   * Asks the family's guardians for a signature, or for their shares. A FROST session lasts 5 minutes
   * by default, a recovery request 24 hours.
   *
   * Errors: as `FrostSessionManager.createSession`; `no_key_package` for recovery without a key. After
   * `timeout` or `network_error` there may be a request or not.
   */
  createSigningRequest(
    request: SigningRequest,
    options: ParticipantOptions = {},
  ): Promise<Result<CreatedRequest>> {
    const method = selectMethod(request.useCase, request.preferredMethod);
    const expirationSeconds = request.expirationSeconds ??
      (method === "frost" ? DEFAULT_EXPIRATION_SECONDS : undefined);
    const body = { ...request, expirationSeconds };
    return invoke(this.#supabase, "create-signing-request", body, { ...options, safe: false });
  }

  /** Hands in a nonce commitment; see `FrostSessionManager.submitNonceCommitment`. */
  submitNonceCommitment(
    sessionId: string,
    nonceCommitment: string,
    options: ParticipantOptions = {},
  ): ReturnType<FrostSessionManager["submitNonceCommitment"]> {
    return this.#sessions.submitNonceCommitment(sessionId, nonceCommitment, options);
  }

  /** Hands in a signature share; see `FrostSessionManager.submitPartialSignature`. */
  submitPartialSignature(
    sessionId: string,
    signatureShare: string,
    options: ParticipantOptions = {},
  ): ReturnType<FrostSessionManager["submitPartialSignature"]> {
    return this.#sessions.submitPartialSignature(sessionId, signatureShare, options);
  }

  /** Finishes a session that has all its shares; see `FrostSessionManager.aggregateSignatures`. */
  aggregateSignatures(
    sessionId: string,
    options: ParticipantOptions = {},
  ): ReturnType<FrostSessionManager["aggregateSignatures"]> {
    return this.#sessions.aggregateSignatures(sessionId, options);
  }

  /** Hands in an encrypted share; see `RecoveryRequests.submitShare`. */
  submitRecoveryShare(
    requestId: string,
    ciphertext: string,
    options: ParticipantOptions = {},
  ): Promise<Result<RecoveryProgress & { thresholdMet: boolean }>> {
    return this.#requests.submitShare(requestId, ciphertext, options);
  }

  /** Refuses a guardian's share; see `RecoveryRequests.rejectShare`. */
  rejectRecoveryShare(
    requestId: string,
    bad: SubmittedShare,
    reason: string,
    options: ParticipantOptions = {},
  ): Promise<Result<RecoveryProgress>> {
    return this.#requests.rejectShare(requestId, bad, reason, options);
  }

  /** Hands in the signature of a recovery; see `RecoveryRequests.complete`. */
  completeRecovery(
    requestId: string,
    finalSignature: string,
    options: ParticipantOptions = {},
  ): Promise<Result<{ status: RecoveryStatus; finalSignature: string }>> {
    return this.#requests.complete(requestId, finalSignature, options);
  }

  /**
   * Where a request of either kind is, with all there is to know of it.
   *
   * Errors: `session_not_found`.
   *
   * @param method - If known; else both kinds are looked for.
   */
  getSessionStatus(
    id: string,
    method?: SigningMethod,
    options: CallOptions = {},
  ): Promise<Result<AnySession>> {
    return readSession(this.#supabase, id, method, options);
  }

  /** Waits until a request of either kind is that far, or finished; see {@link waitFor}. */
  waitFor(
    id: string,
    status: FrostStatus | RecoveryStatus,
    options: WaitOptions = {},
  ): Promise<Result<Wait>> {
    return waitFor(this.#supabase, id, status, options);
  }

  /** Publishes the event of a completed request of either kind; see {@link publishSignedEvent}. */
  publishSignedEvent(
    id: string,
    relays: readonly string[],
    options: PublishOptions = {},
  ): Promise<PublishResult> {
    return publishSignedEvent(this.#supabase, id, relays, options);
  }

  /**
   * Fails an unfinished request of the caller's own making.
   *
   * Errors: `session_not_found`, `not_the_creator`, `session_expired`, `session_finished`, `invalid_input`.
   *
   * @param method - If known; else both kinds are looked for.
   */
  async failSession(
    id: string,
    reason: string,
    method?: SigningMethod,
    options: CallOptions = {},
  ): Promise<Result<{ method: SigningMethod; status: FrostStatus | RecoveryStatus }>> {
    if (method !== "sss") {
      const failed = await this.#sessions.failSession(id, reason, options);
      if (failed.success) return success({ method: "frost", status: failed.status });
      if (method === "frost" || failed.code !== "session_not_found") return failed;
    }
    const failed = await this.#requests.fail(id, reason, options);
    return failed.success ? success({ method: "sss", status: failed.status }) : failed;
  }

  /**
   * Says no, as a guardian, to a request of either kind. It fails at once when too few are left.
   *
   * Errors: `session_not_found`, `not_a_participant`, `share_already_submitted`, `round_closed`,
   * `session_expired`, `session_finished`, `invalid_input`; `invalid_transition` for another reason than
   * the one given before.
   *
   * @param reason - For people, 1 to 1,000 characters.
   */
  declineRequest(
    id: string,
    reason: string,
    options: ParticipantOptions = {},
  ): Promise<Result<{ method: SigningMethod; status: FrostStatus | RecoveryStatus }>> {
    const body = { sessionId: id, reason };
    return invoke(this.#supabase, "decline-signing-request", body, { ...options, safe: true });
  }

  /**
   * Marks every unfinished request past its time as expired, of both kinds; for operators.
   *
   * Errors: `unauthorized` without the secret key. Where one kind fails, the other may be done.
   */
  async cleanupExpiredSessions(
    options: CallOptions = {},
  ): Promise<
    Result<{ frostCleaned: number; sssCleaned: number }> | (Failure & { frostCleaned: number })
  > {
    const frost = await this.#sessions.expireOldSessions(options);
    if (!frost.success) return frost;
    const sss = await this.#requests.expireOld(options);
    if (!sss.success) return { ...sss, frostCleaned: frost.expired };
    return success({ frostCleaned: frost.expired, sssCleaned: sss.expired });
  }
}
