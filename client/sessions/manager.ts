/**
 * FROST signing sessions for apps: one method for each thing that can be asked of the coordinator.
 *
 * @module
 */
import { aggregateSession } from "./aggregate.ts";
import { type PublishOptions, type PublishResult, publishSignedEvent } from "./publish.ts";
import { type Result, success } from "../result.ts";
import {
  asFrostSession,
  asSigningPackage,
  type FrostSession,
  type FrostStatus,
  readFrostSession,
  readTranscript,
} from "./session.ts";
import { listSessions } from "./list.ts";
import {
  type CreatedSession,
  DEFAULT_EXPIRATION_SECONDS,
  type SessionNeeds,
  type SessionRequest,
} from "./request.ts";
import type { SigningPackage } from "../guardian/signing_session.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, invoke, type ParticipantOptions, rpc } from "../transport.ts";
import { sweep } from "./sweep.ts";
import type { Transcript } from "./transcript_chain.ts";
import { verifyFinalSignature } from "./verification.ts";
import { type Wait, waitFor, type WaitOptions } from "./wait.ts";

/**
 * Creates and reads sessions, and hands the guardians' answers in.
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
export class FrostSessionManager {
  readonly #supabase: Supabase;

  /** @param supabase - Signed in as whoever asks; with the secret key for the operators' methods. */
  constructor(supabase: Supabase) {
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
   * Reads a session that the caller created or takes part in.
   *
   * Errors: `session_not_found`.
   */
  getSession(
    sessionId: string,
    options: CallOptions = {},
  ): Promise<Result<{ session: FrostSession }>> {
    return readFrostSession(this.#supabase, sessionId, options);
  }

  /**
   * Reads everything that happened to a session; `verifyTranscript` checks it, and so does
   * `Guardian.checkTranscript` on a guardian's device.
   *
   * Errors: `session_not_found`.
   */
  getTranscript(
    sessionId: string,
    options: CallOptions = {},
  ): Promise<Result<{ transcript: Transcript }>> {
    return readTranscript(this.#supabase, "session", sessionId, options);
  }

  /**
   * Reads what a signature share is made from, as `Guardian.sign` takes it; for participants, from
   * `signing` on.
   *
   * Errors: `session_not_found`, `not_a_participant`, `no_key_package`, `round_open`, `session_expired`,
   * `session_finished`.
   */
  async getSigningPackage(
    sessionId: string,
    options: CallOptions = {},
  ): Promise<Result<{ signingPackage: SigningPackage }>> {
    const args = { p_session_id: sessionId };
    const read = await rpc(this.#supabase, "get_signing_package", args, asSigningPackage, {
      ...options,
      safe: true,
    });
    return read.success ? success({ signingPackage: read.answer }) : read;
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
   * Verifies a session's signature under the group key that the database has for it, here and not at the
   * server.
   *
   * Errors: `session_not_found`, `no_key_package`; `round_open`, `session_expired`, `session_finished` where
   * there is no signature to verify.
   */
  verifyAggregatedSignature(
    sessionId: string,
    options: CallOptions = {},
  ): Promise<Result<{ valid: boolean; finalSignature: string; groupPublicKey: string }>> {
    return verifyFinalSignature(this.#supabase, sessionId, "frost", options);
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

  /** The unfinished sessions of a family that the caller may see, newest first. */
  getActiveSessions(
    familyId: string,
    options: CallOptions = {},
  ): Promise<Result<{ sessions: FrostSession[] }>> {
    const isOfFamily = (session: FrostSession) => session.family_id === familyId;
    return listSessions(
      this.#supabase,
      ["pending", "nonce_collection", "signing", "aggregating"],
      isOfFamily,
      options,
    );
  }

  /**
   * The sessions that wait for a participant: for its commitment or its share; newest first.
   *
   * @param participant - One that shares sessions with the caller; the caller itself, mostly.
   */
  getPendingSessions(
    participant: string,
    options: CallOptions = {},
  ): Promise<Result<{ sessions: FrostSession[] }>> {
    const isAwaited = ({ missing_commitments, missing_signatures }: FrostSession) =>
      missing_commitments.includes(participant) || missing_signatures.includes(participant);
    return listSessions(
      this.#supabase,
      ["pending", "nonce_collection", "signing"],
      isAwaited,
      options,
    );
  }

  /**
   * What a session needs to go on, for an app that was closed in the middle of it. It changes nothing.
   *
   * Errors: `session_not_found`.
   */
  async recoverSession(
    sessionId: string,
    options: CallOptions = {},
  ): Promise<Result<SessionNeeds>> {
    const read = await this.getSession(sessionId, options);
    if (!read.success) return read;
    const { session } = read;
    return success({
      status: session.status,
      missingCommitments: session.missing_commitments,
      missingSignatures: session.missing_signatures,
      canAggregate: session.can_aggregate,
      isExpired: session.is_expired,
    });
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

  /** Waits until a session is that far, or finished; see {@link waitFor}. */
  waitFor(
    sessionId: string,
    status: FrostStatus,
    options: Omit<WaitOptions, "method"> = {},
  ): Promise<Result<Wait>> {
    return waitFor(this.#supabase, sessionId, status, { ...options, method: "frost" });
  }
}
