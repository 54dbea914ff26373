/**
 * A guardian: one share of a key, and the rules by which it answers (RFC 9591 sections 5.1 and 5.2;
 * docs/protocol.md). The coordinator is not trusted with the key. A guardian signs only what was approved, under
 * the key it knows, and answers once for one pair of nonces.
 *
 * What a crash leaves, step by step:
 *
 *     commit   1. nonces into the store       before: nothing happened
 *              2. commitment published        before, after: a retry publishes the same commitment
 *     sign     1. nonces out of the store     before: a retry signs
 *              2. signature share computed    before, after: the session is lost for this guardian
 *              3. share into the store        after: a retry publishes the same share
 *              4. share published
 *
 * Of quorums (DESIGN: robust and one_tap sessions, and pools):
 *
 *     pool     1. pair into the store         before: nothing happened
 *              2. commitment published        before, after: the next reconciling publishes the same one
 *     approve  1. approval into the store     before: the guardian is asked again; after: never again
 *     answer   1. package counted             before, after: a retry counts it once
 *              2. pair out of the store       before: a retry answers
 *              3. signature share computed    before, after: the pair is lost, and is declared dead
 *              4. share into the store        after: a retry publishes the same share
 *              5. share published
 *
 * So a crash can cost a session or a quorum, and never makes two shares of one pair of nonces.
 */
import { GuardianError } from "../errors.ts";
import type { Result } from "../result.ts";
import { type VerifiedTranscript, verifyTranscript } from "../sessions/transcript.ts";
import { fieldOf } from "../shapes.ts";
import type { GuardianTransport } from "./guardian_transport.ts";
import { type KeyShare, parseKeyShare } from "./key_share.ts";
import { MAX_SESSION_MS, Nonces, packageDigest, releasedFor, seenHead, spent } from "./nonces.ts";
import { QuorumAnswers } from "./quorum_answers.ts";
import type { CommittedRecord, NonceRecord, NonceStore } from "./stores/nonce_store.ts";
import {
  checkApproved,
  checkKeyPackage,
  checkMessage,
  checkSession,
  checkUnchanged,
  commitmentListOf,
} from "./request_checks.ts";
import {
  parseSigningPackage,
  parseSigningSession,
  type SigningPackage,
  type SigningSession,
} from "./signing_session.ts";

/** What a guardian is made of. */
export interface GuardianOptions<CommitmentAnswer, ShareAnswer> {
  /** As dealt; a copy is verified and kept. From then on it is the only key this guardian knows. */
  readonly keyShare: KeyShare;
  /** This guardian's own. It must not be copied or put back; see `NonceStore`. */
  readonly store: NonceStore;
  readonly transport: GuardianTransport<CommitmentAnswer, ShareAnswer>;
  /**
   * Asked before nonces are drawn for a session, once the session was found to be in order. Show what is
   * to be signed; nothing but `true` is a yes. Without it, calling `commit` is the approval.
   */
  readonly approve?: (session: SigningSession) => boolean | Promise<boolean>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/**
 * One guardian. Several calls at once, and several processes over one store, are safe.
 *
 * @example
 * ```ts
 * import { createClient } from "@supabase/supabase-js";
 * import { Guardian, guardianTransport, IndexedDbNonceStore, parseKeyShare } from "@permafrost/client/guardian";
 * import { FrostSessionManager } from "@permafrost/client/sessions";
 *
 * declare const kept: string; // the key share, from where this device keeps it
 * declare function ask(question: string): Promise<boolean>;
 * const supabase = createClient("https://abc.supabase.co", "sb_publishable_…");
 * const guardian = new Guardian({
 *   keyShare: parseKeyShare(JSON.parse(kept)),
 *   store: await IndexedDbNonceStore.open("nonces"),
 *   transport: guardianTransport(supabase),
 *   approve: ({ event_template }) => ask(`Sign ${JSON.stringify(event_template)}?`),
 * });
 * const sessions = new FrostSessionManager(supabase);
 * const read = await sessions.getSession("the session's id");
 * if (read.success) await guardian.commit(read.session);
 * // Once the session is `signing`:
 * const signing = await sessions.getSigningPackage("the session's id");
 * if (signing.success) await guardian.sign(signing.signingPackage);
 * ```
 */
export class Guardian<CommitmentAnswer = unknown, ShareAnswer = unknown> {
  readonly #share: KeyShare;
  readonly #nonces: Nonces;
  readonly #quorums: QuorumAnswers;
  readonly #transport: GuardianTransport<CommitmentAnswer, ShareAnswer>;
  readonly #approve: (session: SigningSession) => boolean | Promise<boolean>;
  readonly #now: () => number;

  /** @throws {GuardianError} `key_share_invalid` for a share that does not belong to its package. */
  constructor(options: GuardianOptions<CommitmentAnswer, ShareAnswer>) {
    this.#share = parseKeyShare(options.keyShare);
    this.#nonces = new Nonces(this.#share, options.store);
    this.#transport = options.transport;
    this.#approve = options.approve ?? (() => true);
    this.#now = options.now ?? Date.now;
    this.#quorums = new QuorumAnswers(this.#share, this.#nonces, this.#now);
  }

  /** Who this guardian is in its family. */
  get participantId(): string {
    return this.#share.participant_id;
  }

  /**
   * Round one (RFC 9591 section 5.1): draws nonces for the session, keeps them, and then publishes their
   * commitment. For a session it has committed to it publishes the same commitment again.
   *
   * @param session - The answer of `get_signing_session`.
   * @returns The commitment, hiding ‖ binding of 2·Ne bytes as lower-case hex, and the coordinator's answer.
   * @throws {GuardianError} `request_invalid`, `event_mismatch`, `not_a_signer`, `signers_invalid`,
   *   `session_expired`, `not_approved`, `request_changed`, `nonces_spent`; and what the store or the
   *   transport throws.
   */
  async commit(
    session: SigningSession,
  ): Promise<{ nonceCommitment: string; answer: CommitmentAnswer }> {
    const request = parseSigningSession(session);
    checkMessage(this.#share, request.message_hash, request.event_template);
    checkSession(this.#share, request, this.#now());
    const slot = this.#nonces.slot(request.session_id);
    const record = await this.#nonces.store.read(slot) ?? await this.#draw(slot, request);
    if (record.state !== "committed") throw spent();
    checkUnchanged(record.approved, request);
    const nonceCommitment = record.nonce_commitment;
    const answer = await this.#transport.submitNonceCommitment(
      request.session_id,
      nonceCommitment,
      this.participantId,
    );
    return { nonceCommitment, answer };
  }

  /**
   * Round two (RFC 9591 section 5.2): checks the package, deletes the nonces, and only then computes the
   * signature share and publishes it. For the same package it publishes the same share again.
   *
   * @param signingPackage - The answer of `get_signing_package`.
   * @returns The signature share, a scalar of Ns bytes as lower-case hex, and the coordinator's answer.
   * @throws {GuardianError} `request_invalid`, `key_package_mismatch`, `event_mismatch`,
   *   `signers_invalid`, `not_a_signer`, `commitment_invalid`, `nonces_missing`, `nonces_spent`,
   *   `session_expired`, `request_changed`, `commitment_changed`; and what the store or the transport
   *   throws.
   */
  async sign(
    signingPackage: SigningPackage,
  ): Promise<{ signatureShare: string; answer: ShareAnswer }> {
    const request = parseSigningPackage(signingPackage);
    checkKeyPackage(this.#share, request);
    checkMessage(this.#share, request.message, request.event_template);
    const commitmentList = commitmentListOf(this.#share, request);
    const slot = this.#nonces.slot(request.session_id);
    const digest = packageDigest(request);
    const record = await this.#nonces.store.read(slot);
    if (record === undefined) {
      throw new GuardianError("nonces_missing", "There are no nonces for this session");
    }
    let signatureShare: string;
    if (record.state === "committed") {
      checkApproved(this.#share, record, request, this.#now());
      signatureShare = await this.#nonces.answer(slot, digest, request, commitmentList);
    } else signatureShare = releasedFor(record, digest);
    const answer = await this.#transport.submitSignatureShare(
      request.session_id,
      signatureShare,
      this.participantId,
    );
    return { signatureShare, answer };
  }

  /**
   * Checks a session's transcript against this guardian's key, and against what this device saw of it when it
   * answered: a transcript that does not contain that was rewritten. The store knows until `prune` removes
   * the session.
   *
   * Errors: `transcript_invalid`, `transcript_rewritten`, `key_package_mismatch`.
   *
   * @param transcript - The answer of `get_transcript`.
   */
  async checkTranscript(transcript: unknown): Promise<Result<VerifiedTranscript>> {
    const sessionId = fieldOf(transcript, "subject_id");
    const record = typeof sessionId === "string"
      ? await this.#nonces.store.read(this.#nonces.slot(sessionId))
      : undefined;
    return verifyTranscript(transcript, {
      keyPackageFingerprint: this.#share.key_package_fingerprint,
      seenHead: record?.transcript_head ??
        (typeof sessionId === "string" ? await this.#quorums.seenHeadOf(sessionId) : undefined),
    });
  }

  /** Removes from the store what belongs to sessions that have expired; answers how many records. */
  async prune(): Promise<number> {
    return await this.#nonces.store.prune(this.#now());
  }

  async #draw(slot: string, request: SigningSession): Promise<NonceRecord> {
    if (await this.#approve(request) !== true) {
      throw new GuardianError("not_approved", "The session was not approved");
    }
    const record: CommittedRecord = {
      state: "committed",
      approved: {
        message: request.message_hash,
        threshold: request.threshold,
        participants: request.participants,
      },
      ...this.#nonces.draw(),
      expires_at: Math.min(request.expires_at, this.#now() + MAX_SESSION_MS),
      ...seenHead(request),
    };
    if (await this.#nonces.store.create(slot, record)) return record;
    // Another call for this session was faster. Its nonces are the ones; ours were never published.
    const first = await this.#nonces.store.read(slot);
    if (first === undefined) throw new GuardianError("session_expired", "The session has expired");
    return first;
  }
}
