/**
 * FROST signing sessions for apps: one method for each thing that can be asked of the coordinator.
 *
 * @module
 */
import { aggregateSession } from "./aggregate.ts";
import { type PublishOptions, type PublishResult, publishSignedEvent } from "./publish.ts";
import { type Result, success } from "../result.ts";
import { SessionReader } from "./reader.ts";
import {
  type BatchRequest,
  type CreatedBatch,
  type CreatedSession,
  DEFAULT_EXPIRATION_SECONDS,
  type SessionRequest,
} from "./request.ts";
import { asFrostSession, type FrostStatus } from "./session.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, invoke, type ParticipantOptions, rpc } from "../transport.ts";
import { sweep } from "./sweep.ts";

/**
 * Creates sessions, hands the guardians' answers in, and reads what became of them.
 *
 * Methods do not throw: they answer `{success: true, …}` or `{success: false, code, error}`. Those that are
 * safe to repeat are repeated while the network fails; `createSession`, `expireOldSessions` and
 * `cleanupOldSessions` are sent once.
 *
 * @example
 * ```ts
 * import { createClient } from "@supabase/supabase-js";
 * import { FrostSessionManager } from "@permafrost/client/sessions";
 *
 * const sessions = new FrostSessionManager(createClient("https://abc.supabase.co", "sb_publishable_…"));
 * const created = await sessions.createSession({
 *   familyId: "family",
 *   messageHash: "5a".repeat(32),
 *   participants: ["ann", "bob", "cleo"],
 *   threshold: 2,
 * });
 * if (created.success) await sessions.waitFor(created.sessionId, "completed");
 * else console.log(created.code, created.error);
 * ```
 */
export class FrostSessionManager extends SessionReader {
  readonly #supabase: Supabase;

  /** @param supabase - Signed in as the caller; with the secret key for the operators' methods. */
  constructor(supabase: Supabase) {
    super(supabase);
    this.#supabase = supabase;
  }

  /**
   * Asks the family's guardians for a signature.
   *
   * Errors: `not_in_family`, `no_key_package` (with an event), `event_mismatch`, `participants_invalid`,
   * `threshold_invalid`, `message_hash_invalid`, `invalid_input`. After `timeout` or `network_error` there
   * may be a session or not; `getActiveSessions` tells.
   */
  createSession(
    { expirationSeconds = DEFAULT_EXPIRATION_SECONDS, ...request }: SessionRequest,
    options: ParticipantOptions = {},
  ): Promise<Result<CreatedSession>> {
    const body = { ...request, expirationSeconds, preferredMethod: "frost" };
    return invoke(this.#supabase, "create-signing-request", body, { ...options, safe: false });
  }

  /**
   * Asks for many signatures, of a session each: all are created or none. Guardians approve the batch once.
   *
   * Errors: as `createSession`.
   */
  createBatch(
    { expirationSeconds = DEFAULT_EXPIRATION_SECONDS, ...request }: BatchRequest,
    options: ParticipantOptions = {},
  ): Promise<Result<CreatedBatch>> {
    const body = { ...request, expirationSeconds, preferredMethod: "frost" };
    return invoke(this.#supabase, "create-signing-request", body, { ...options, safe: false });
  }

  /**
   * Hands in the caller's nonce commitment, as `Guardian.commit` returns it.
   *
   * Errors: `session_not_found`, `no_key_package`, `commitment_invalid`, `not_a_participant`, `nonce_reused`,
   * `commitment_already_submitted`, `round_closed`, `session_expired`, `session_finished`;
   * `invalid_transition` after having declined.
   *
   * @param nonceCommitment - hiding ‖ binding, lower-case hex.
   */
  submitNonceCommitment(
    sessionId: string,
    nonceCommitment: string,
    options: ParticipantOptions = {},
  ): Promise<Result<{ status: FrostStatus; nonceCount: number; thresholdMet: boolean }>> {
    const body = { sessionId, nonceCommitment };
    return invoke(this.#supabase, "submit-nonce-commitment", body, { ...options, safe: true });
  }

  /**
   * Hands in the caller's signature share, as `Guardian.sign` returns it. The answer to the last one has
   * the signature.
   *
   * Errors: `session_not_found`, `not_a_participant`, `no_key_package`, `round_open`, `not_a_signer`,
   * `share_invalid`, `share_already_submitted`, `nonce_reused` where an operator has marked the nonce,
   * `session_expired`, `session_finished`.
   *
   * @param signatureShare - A scalar, lower-case hex.
   */
  submitPartialSignature(
    sessionId: string,
    signatureShare: string,
    options: ParticipantOptions = {},
  ): Promise<
    Result<{
      status: FrostStatus;
      signatureCount: number;
      thresholdMet: boolean;
      finalSignature?: string;
    }>
  > {
    const body = { sessionId, signatureShare };
    return invoke(this.#supabase, "submit-signature-share", body, { ...options, safe: true });
  }

  /**
   * Finishes a session that has all its shares, where the caller who handed in the last one did not get to
   * it. Of a session that is complete, answers the signature.
   *
   * Errors: `session_not_found`, `round_open`, `session_expired`, `session_finished`.
   */
  aggregateSignatures(
    sessionId: string,
    options: ParticipantOptions = {},
  ): Promise<Result<{ status: FrostStatus; finalSignature: string }>> {
    return aggregateSession(this.#supabase, sessionId, options);
  }

  /**
   * Fails an unfinished session of the caller's own making.
   *
   * Errors: `session_not_found`, `not_the_creator`, `session_expired`, `session_finished`, `invalid_input`.
   *
   * @param reason - For people, 1 to 1,000 characters.
   */
  async failSession(
    sessionId: string,
    reason: string,
    options: CallOptions = {},
  ): Promise<Result<{ status: FrostStatus }>> {
    const args = { p_session_id: sessionId, p_reason: reason };
    const failed = await rpc(this.#supabase, "fail_signing_session", args, asFrostSession, {
      ...options,
      safe: true,
    });
    return failed.success ? success({ status: failed.answer.status }) : failed;
  }

  /**
   * Marks unfinished sessions past their time as expired, for five seconds at most; for operators. Call it
   * until it answers 0. What is past its time is expired all the same.
   *
   * Errors: `unauthorized` without the secret key.
   */
  async expireOldSessions(options: CallOptions = {}): Promise<Result<{ expired: number }>> {
    const swept = await sweep(this.#supabase, "expire_old_frost_signing_sessions", {}, options);
    return swept.success ? success({ expired: swept.answer }) : swept;
  }

  /**
   * Deletes finished sessions that are older than that, for five seconds at most; for operators. Call it
   * until it answers 0. Events and used nonces stay known.
   *
   * Errors: `unauthorized` without the secret key, `invalid_input` for less than a day.
   */
  async cleanupOldSessions(
    retentionDays = 90,
    options: CallOptions = {},
  ): Promise<Result<{ deleted: number }>> {
    const args = { retention_days: retentionDays };
    const swept = await sweep(this.#supabase, "cleanup_old_frost_signing_sessions", args, options);
    return swept.success ? success({ deleted: swept.answer }) : swept;
  }

  /**
   * Publishes the event of a completed session; see {@link publishSignedEvent}.
   *
   * @param relays - Their addresses, `wss://…`.
   */
  publishSignedEvent(
    sessionId: string,
    relays: readonly string[],
    options: PublishOptions = {},
  ): Promise<PublishResult> {
    return publishSignedEvent(this.#supabase, sessionId, relays, { ...options, method: "frost" });
  }
}
