/**
 * Recovery requests at the server, which keeps ciphertexts, counts, enforces and expires. `RecoveryGuardian`
 * and `RecoveryRequester` encrypt and decrypt.
 *
 * @module
 */
import type { Result } from "../result.ts";
import { success } from "../result.ts";
import {
  asRecoveryRequest,
  readRecoveryRequest,
  readTranscript,
  type RecoveryRequest,
  type RecoveryRequestSummary,
  type RecoveryStatus,
} from "../sessions/session.ts";
import { type ListFilter, listPage, REQUESTS } from "../sessions/list.ts";
import { sweep } from "../sessions/sweep.ts";
import type { Transcript } from "../sessions/transcript_chain.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, invoke, type ParticipantOptions, rpc } from "../transport.ts";

/** How far a recovery request is. */
export interface RecoveryProgress {
  readonly status: RecoveryStatus;
  /** How many shares there are that the requester has not refused. */
  readonly shareCount: number;
}

/** A guardian's share, as it was handed in. */
export interface SubmittedShare {
  readonly guardianId: string;
  /** As `encrypted_shares` of the request has it. */
  readonly ciphertext: string;
}

/** Reads recovery requests, and hands in shares and signatures. Methods do not throw. */
export class RecoveryRequests {
  readonly #supabase: Supabase;

  constructor(supabase: Supabase) {
    this.#supabase = supabase;
  }

  /**
   * Reads a request that the caller made or is a guardian of.
   *
   * Errors: `session_not_found`.
   */
  get(
    requestId: string,
    options: CallOptions = {},
  ): Promise<Result<{ request: RecoveryRequest }>> {
    return readRecoveryRequest(this.#supabase, requestId, options);
  }

  /**
   * Reads everything that happened to a request; `verifyTranscript` checks it.
   *
   * Errors: `session_not_found`.
   */
  getTranscript(
    requestId: string,
    options: CallOptions = {},
  ): Promise<Result<{ transcript: Transcript }>> {
    return readTranscript(this.#supabase, "recovery", requestId, options);
  }

  /**
   * Lists a page of requests that the caller made or is a guardian of, newest first, as summaries: without
   * their event, key package and shares. The next page is behind the last row's `created_at` (`before`) and
   * `request_id` (`beforeId`).
   *
   * Errors: `invalid_input`; `not_in_family` for a family that is not the caller's.
   */
  async list(
    filter: ListFilter<RecoveryStatus> = {},
    options: CallOptions = {},
  ): Promise<Result<{ requests: RecoveryRequestSummary[] }>> {
    const page = await listPage(this.#supabase, REQUESTS, filter, options);
    return page.success ? success({ requests: page.rows }) : page;
  }

  /**
   * Hands in the caller's share, encrypted to the request's key.
   *
   * Errors: `session_not_found`, `not_a_participant`, `share_already_submitted`, `round_open` without a key
   * to encrypt to, `round_closed`, `session_expired`, `session_finished`; `invalid_transition` after having
   * declined.
   */
  submitShare(
    requestId: string,
    ciphertext: string,
    options: ParticipantOptions = {},
  ): Promise<Result<RecoveryProgress & { thresholdMet: boolean }>> {
    const body = { requestId, ciphertext };
    return invoke(this.#supabase, "submit-recovery-share", body, { ...options, safe: true });
  }

  /**
   * Refuses, as the requester, a guardian's share that is bad; the guardian may hand in another, and a
   * repetition that comes after that leaves it alone.
   *
   * Errors: `session_not_found`, `not_the_creator`, `not_a_participant` where the guardian has handed in
   * nothing, `round_open`, `session_expired`, `session_finished`, `invalid_input`.
   *
   * @param reason - For people, 1 to 1,000 characters.
   */
  rejectShare(
    requestId: string,
    bad: SubmittedShare,
    reason: string,
    options: ParticipantOptions = {},
  ): Promise<Result<RecoveryProgress>> {
    const body = { requestId, ...bad, reason };
    return invoke(this.#supabase, "reject-recovery-share", body, { ...options, safe: true });
  }

  /**
   * Hands in, as the requester, the signature that was made. The server keeps no share any longer.
   *
   * Errors: `session_not_found`, `signature_invalid`, `not_the_creator`, `round_open`, `session_expired`,
   * `session_finished`.
   */
  complete(
    requestId: string,
    finalSignature: string,
    options: ParticipantOptions = {},
  ): Promise<Result<{ status: RecoveryStatus; finalSignature: string }>> {
    const body = { requestId, finalSignature };
    return invoke(this.#supabase, "complete-recovery", body, { ...options, safe: true });
  }

  /**
   * Sets, once, as the requester, the one-time key that guardians encrypt to.
   *
   * Errors: `session_not_found`, `not_the_creator`, `invalid_transition` where another was set,
   * `session_expired`, `session_finished`, `invalid_input`.
   */
  setRecipient(
    requestId: string,
    recipientPublicKey: string,
    options: CallOptions = {},
  ): Promise<Result<{ request: RecoveryRequest }>> {
    return this.#change("set_recovery_recipient", {
      p_request_id: requestId,
      p_recipient_public_key: recipientPublicKey,
    }, options);
  }

  /**
   * Fails an unfinished request of the caller's own making.
   *
   * Errors: `session_not_found`, `not_the_creator`, `session_expired`, `session_finished`, `invalid_input`.
   */
  async fail(
    requestId: string,
    reason: string,
    options: CallOptions = {},
  ): Promise<Result<{ status: RecoveryStatus }>> {
    const args = { p_request_id: requestId, p_reason: reason };
    const failed = await this.#change("fail_recovery_request", args, options);
    return failed.success ? success({ status: failed.request.status }) : failed;
  }

  /**
   * Marks unfinished requests past their time as expired, for five seconds at most; for operators. Call it
   * until it answers 0.
   *
   * Errors: `unauthorized` without the secret key.
   */
  async expireOld(options: CallOptions = {}): Promise<Result<{ expired: number }>> {
    const swept = await sweep(this.#supabase, "expire_old_sss_signing_requests", {}, options);
    return swept.success ? success({ expired: swept.answer }) : swept;
  }

  async #change(
    name: string,
    args: Readonly<Record<string, unknown>>,
    options: CallOptions,
  ): Promise<Result<{ request: RecoveryRequest }>> {
    const changed = await rpc(this.#supabase, name, args, asRecoveryRequest, {
      ...options,
      safe: true,
    });
    return changed.success ? success({ request: changed.answer }) : changed;
  }
}
