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
import { failure, type Result } from "../result.ts";
import type { FrostSession } from "../sessions/session.ts";
import { type VerifiedTranscript, verifyTranscript } from "../sessions/transcript.ts";
import { fieldOf } from "../shapes.ts";
import type { CallOptions } from "../transport.ts";
import { type ApprovedSession, type Approver, Approving } from "./approving.ts";
import { sessionsOf } from "./asked_sessions.ts";
import { fillPool, type PublishedNonces } from "./pooling.ts";
import { watch, type WatchOptions } from "./watching.ts";
import type { GuardianTransport } from "./guardian_transport.ts";
import { type KeyShare, parseKeyShare } from "./key_share.ts";
import { Nonces } from "./nonces.ts";
import { QuorumAnswers } from "./quorum_answers.ts";
import type { NonceStore } from "./stores/nonce_store.ts";
import { TwoRounds } from "./two_rounds.ts";
import {
  parseSigningPackage,
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
  /**
   * Asked once for many, with one for each different message. Without it, `approve` is, for each of these: all must say yes.
   */
  readonly approveAll?: (sessions: readonly FrostSession[]) => boolean | Promise<boolean>;
  /** For `publishNonces` and `watch`: the family whose key this is. */
  readonly familyId?: string;
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
 *
 * declare const kept: string; // the key share, from where this device keeps it
 * declare function ask(question: string): Promise<boolean>;
 * const supabase = createClient("https://abc.supabase.co", "sb_publishable_…");
 * const guardian = new Guardian({
 *   keyShare: parseKeyShare(JSON.parse(kept)),
 *   store: await IndexedDbNonceStore.open("nonces"),
 *   transport: guardianTransport(supabase),
 *   familyId: "family",
 *   approve: ({ event_template }) => ask(`Sign ${JSON.stringify(event_template)}?`),
 * });
 * // Ahead, so that sessions can be `one_tap`; and when one comes:
 * await guardian.publishNonces(64);
 * await guardian.approve("the session's id");
 * ```
 */
export class Guardian<CommitmentAnswer = unknown, ShareAnswer = unknown> {
  readonly #share: KeyShare;
  readonly #nonces: Nonces;
  readonly #rounds: TwoRounds;
  readonly #quorums: QuorumAnswers;
  readonly #options: GuardianOptions<CommitmentAnswer, ShareAnswer>;
  readonly #transport: GuardianTransport<CommitmentAnswer, ShareAnswer>;
  readonly #approve: (session: SigningSession) => boolean | Promise<boolean>;
  readonly #now: () => number;

  /** @throws {GuardianError} `key_share_invalid` for a share that does not belong to its package. */
  constructor(options: GuardianOptions<CommitmentAnswer, ShareAnswer>) {
    this.#share = parseKeyShare(options.keyShare);
    this.#nonces = new Nonces(this.#share, options.store);
    this.#options = options;
    this.#transport = options.transport;
    this.#approve = options.approve ?? (() => true);
    this.#now = options.now ?? Date.now;
    this.#rounds = new TwoRounds(this.#share, this.#nonces, this.#now);
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
    const request = this.#rounds.check(session);
    const nonceCommitment = await this.#rounds.commitmentOf(request, () => this.#approve(request));
    const { session_id } = request;
    const answer = await this.#transport
      .submitNonceCommitment(session_id, nonceCommitment, this.participantId);
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
    const signatureShare = await this.#rounds.shareOf(request);
    const { session_id } = request;
    const answer = await this.#transport
      .submitSignatureShare(session_id, signatureShare, this.participantId);
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

  /**
   * Approves a session or a batch, and does whatever its mode asks until this guardian's part is done. What is to be
   * signed is shown once, by the options' `approve`; nothing but `true` is a yes; without it, the call is the approval.
   *
   * - `two_round`: commits, waits, signs.
   * - `robust`: commits and signs, quorum after quorum, until the session is finished.
   * - `one_tap`: answers all quorums in one call, and is done.
   *
   * **An approval cannot be taken back.** Shares that were handed in make a signature with those of the others,
   * whatever the server says the session's state is. Cancelling a session stops honest servers only.
   *
   * Errors: of the whole, `session_not_found`, `aborted`, and those of the network; of each session, in `sessions`,
   * the guardian's own as of `commit` and `sign`, and the server's. A share that comes after others have finished the
   * session is a success.
   *
   * @param id - Of a session, or of a batch.
   *
   * @example
   * ```ts
   * import type { Guardian } from "@permafrost/client/guardian";
   *
   * declare const guardian: Guardian;
   * const approved = await guardian.approve("the session's id");
   * if (!approved.success) console.log(approved.code, approved.error);
   * else for (const session of approved.sessions) console.log(session.sessionId, session.success);
   * ```
   */
  async approve(
    id: string,
    options: CallOptions = {},
  ): Promise<Result<{ sessions: ApprovedSession[] }>> {
    const approver = this.#approver();
    const read = await sessionsOf(approver.transport, id, options);
    return read.success
      ? await new Approving(approver).run(read.sessions, read.filter, options)
      : read;
  }

  /**
   * Brings the pool and this device in step, and fills the pool up to `count` commitments: what the server has and the
   * device has not is withdrawn, and what only the device has is published. A pair that was bound or used is never
   * used again. A guardian of 2 of 3 needs two for each `one_tap` session, of 3 of 5 six.
   *
   * Errors: `not_in_family`, `no_key_package`, `not_a_participant`, `nonce_reused`, `rate_limited`.
   *
   * @param count - How many there are to be, 0 to 1,000.
   */
  async publishNonces(count: number, options: CallOptions = {}): Promise<Result<PublishedNonces>> {
    const { familyId } = this.#options;
    if (familyId === undefined) {
      return failure("invalid_input", "A guardian with a pool must be given its familyId");
    }
    return await fillPool(
      this.#quorums,
      this.#nonces.store,
      this.#approver().transport,
      familyId,
      count,
      { ...options, participantId: this.participantId, now: this.#now() },
    );
  }

  /**
   * Approves whatever comes, as `approve` does, until `signal` is aborted; keeps the pool filled, and finishes sessions
   * that have all their shares. A session that was refused is not shown again.
   *
   * **An approval cannot be taken back**; see `approve`.
   *
   * @example
   * ```ts
   * import type { Guardian } from "@permafrost/client/guardian";
   *
   * declare const guardian: Guardian;
   * declare function ask(question: string): Promise<boolean>;
   * const closing = new AbortController();
   * await guardian.watch({
   *   approve: (sessions) => ask(`Sign ${sessions.length} messages?`),
   *   signal: closing.signal,
   * });
   * ```
   */
  async watch(options: WatchOptions): Promise<void> {
    const { familyId } = this.#options;
    const fill = familyId === undefined
      ? undefined
      : (count: number) => this.publishNonces(count, options);
    await watch(this.#approver(options.approve), familyId, fill, options);
  }

  /** Removes from the store what belongs to sessions that have expired; answers how many records. */
  async prune(): Promise<number> {
    return await this.#nonces.store.prune(this.#now());
  }

  #approver(all = this.#options.approveAll): Approver {
    const { quorums: transport } = this.#transport;
    if (transport === undefined) throw new TypeError("This transport does not have `quorums`");
    return {
      participantId: this.participantId,
      quorums: this.#quorums,
      transport,
      check: (session) => void this.#rounds.check(session),
      ask: async (sessions) => {
        if (all !== undefined) return await all(sessions) === true;
        for (const session of sessions) if (await this.#approve(session) !== true) return false;
        return true;
      },
      commitmentOf: (session) => {
        // It was read again since it was shown: what is committed to is what was approved.
        const request = this.#rounds.check(session);
        const approved = async () => await this.#quorums.approvalOf(request) !== undefined;
        return this.#rounds.commitmentOf(request, approved);
      },
      shareOf: (signingPackage) => this.#rounds.shareOf(parseSigningPackage(signingPackage)),
    };
  }
}
