/**
 * Reading FROST sessions, waiting for them, and verifying what was signed.
 *
 * @module
 */
import { type Result, success } from "../result.ts";
import type { SigningPackage } from "../guardian/signing_session.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, rpc } from "../transport.ts";
import { type ListFilter, listPage, listSessions, SESSIONS } from "./list.ts";
import type { SessionNeeds } from "./request.ts";
import {
  asSigningPackage,
  type FrostSession,
  type FrostSessionSummary,
  type FrostStatus,
  readFrostSession,
  readTranscript,
} from "./session.ts";
import type { Transcript } from "./transcript_chain.ts";
import { verifyFinalSignature } from "./verification.ts";
import { type Wait, waitFor, type WaitOptions } from "./wait.ts";

const UNFINISHED = ["pending", "nonce_collection", "signing", "aggregating"] as const;

/** What can be asked about sessions. Methods do not throw. */
export class SessionReader {
  readonly #supabase: Supabase;

  /** @param supabase - Signed in as the caller. */
  constructor(supabase: Supabase) {
    this.#supabase = supabase;
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
   * Lists a page of the caller's sessions, newest first, as summaries: without their event, commitments and
   * shares. The next page is behind the last row's `created_at` (`before`) and `session_id` (`beforeId`).
   *
   * Errors: `invalid_input`; `not_in_family` for a family that is not the caller's.
   */
  async listSessions(
    filter: ListFilter<FrostStatus> = {},
    options: CallOptions = {},
  ): Promise<Result<{ sessions: FrostSessionSummary[] }>> {
    const page = await listPage(this.#supabase, SESSIONS, filter, options);
    return page.success ? success({ sessions: page.rows }) : page;
  }

  /**
   * The unfinished sessions of a family that the caller may see, newest first. One that has all its shares
   * and is not finished, since its last caller died, is finished on the way and left out.
   *
   * Errors: `not_in_family`.
   */
  getActiveSessions(
    familyId: string,
    options: CallOptions = {},
  ): Promise<Result<{ sessions: FrostSessionSummary[] }>> {
    return listSessions(this.#supabase, UNFINISHED, () => true, { familyId }, options);
  }

  /**
   * The sessions that wait for a participant, for its commitment or its share; newest first. One that has
   * all its shares waits for every participant: it is finished on the way, and left out if that worked.
   *
   * @param participant - One that shares sessions with the caller; the caller itself, mostly.
   */
  getPendingSessions(
    participant: string,
    options: CallOptions = {},
  ): Promise<Result<{ sessions: FrostSessionSummary[] }>> {
    const isAwaited = (session: FrostSessionSummary) =>
      session.signable && [
        ...session.missing_commitments,
        ...session.missing_signatures,
        ...session.can_aggregate ? session.participants : [],
      ].includes(participant);
    return listSessions(this.#supabase, UNFINISHED, isAwaited, {}, options);
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

  /** Waits until a session is that far, or finished; see {@link waitFor}. */
  waitFor(
    sessionId: string,
    status: FrostStatus,
    options: Omit<WaitOptions, "method"> = {},
  ): Promise<Result<Wait>> {
    return waitFor(this.#supabase, sessionId, status, { ...options, method: "frost" });
  }
}
