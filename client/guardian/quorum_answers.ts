/**
 * How a guardian answers quorums. A session is approved once, by its id. From then on each package of it is judged by
 * what was approved: its own commitment names the pair of nonces, and nothing depends on a quorum's number.
 *
 * @module
 */
import type { Ciphersuite } from "../../supabase/functions/_shared/frost/suites.ts";
import { GuardianError } from "../errors.ts";
import type { KeyShare } from "./key_share.ts";
import { MAX_SESSION_MS, Nonces, packageDigest, releasedFor, seenHead } from "./nonces.ts";
import {
  checkApproved,
  checkKeyPackage,
  checkMessage,
  checkUnchanged,
  commitmentListOf,
} from "./request_checks.ts";
import {
  parseSigningPackage,
  type SigningPackage,
  type SigningSession,
} from "./signing_session.ts";
import { type ApprovedRecord, isHeld, type UnboundRecord } from "./stores/nonce_store.ts";

/** Answers of one key share. */
export class QuorumAnswers {
  readonly #share: KeyShare;
  readonly #nonces: Nonces;
  readonly #now: () => number;

  constructor(share: KeyShare, nonces: Nonces, now: () => number) {
    this.#share = share;
    this.#nonces = nonces;
    this.#now = now;
  }

  /**
   * What was approved in a session; nothing if it was not.
   *
   * @throws {GuardianError} `request_changed` if it is not what was approved.
   */
  async approvalOf(session: SigningSession): Promise<ApprovedRecord | undefined> {
    const record = await this.#approval(session.session_id);
    if (record !== undefined) checkUnchanged(record.approved, session);
    return record;
  }

  /** Notes that a session was approved, for good: an approval cannot be taken back. */
  async approve(session: SigningSession): Promise<void> {
    const { session_id, message_hash: message, threshold, participants, expires_at } = session;
    const created = await this.#nonces.store.create(this.#nonces.slot("approval", session_id), {
      state: "approved",
      approved: { message, threshold, participants },
      expires_at: Math.min(expires_at, this.#now() + MAX_SESSION_MS),
      ...seenHead(session),
    });
    // Another call was faster, maybe with another request.
    if (!created) await this.approvalOf(session);
  }

  /** Draws a pair for the pool, or for a session's next quorum, and keeps it. Publish it only then. */
  async draw(sessionId?: string, expiresAt = Infinity): Promise<string> {
    const pair = this.#nonces.draw();
    const record: UnboundRecord = {
      state: "unbound",
      owner: this.owner,
      ...sessionId === undefined ? {} : { session_id: sessionId },
      ...pair,
      expires_at: Math.min(expiresAt, this.#now() + MAX_SESSION_MS),
    };
    if (await this.#nonces.store.create(this.#pairSlot(pair.nonce_commitment), record)) {
      return pair.nonce_commitment;
    }
    throw new Error("Drawing nonces failed: the same were drawn before");
  }

  get ciphersuite(): Ciphersuite {
    return this.#share.ciphersuite;
  }

  /** Whose the pairs are. */
  get owner(): string {
    return this.#nonces.slot("pool");
  }

  /** Whether this device ever had the pair of a commitment, and has not forgotten it. */
  async knows(nonceCommitment: string, sessionId?: string): Promise<boolean> {
    const slots = [this.#pairSlot(nonceCommitment)];
    // In two rounds a session has its pair in a slot of its own.
    if (sessionId !== undefined) slots.push(this.#nonces.slot(sessionId));
    for (const slot of slots) if (await this.#nonces.store.read(slot) !== undefined) return true;
    return false;
  }

  /**
   * The share of a quorum's package. The package that the pair was answered for gets the same share again.
   *
   * @throws {GuardianError} As `Guardian.sign`; `not_approved` for a session that was not approved;
   *   `quorums_exhausted`.
   */
  async shareOf(signingPackage: SigningPackage): Promise<string> {
    const request = parseSigningPackage(signingPackage);
    checkKeyPackage(this.#share, request);
    checkMessage(this.#share, request.message, request.event_template);
    const commitmentList = commitmentListOf(this.#share, request);
    const { session_id } = request;
    const approval = await this.#approval(session_id);
    if (approval === undefined) {
      throw new GuardianError("not_approved", "The session was not approved on this device");
    }
    const nonce_commitment = request.commitments[this.#share.participant_id];
    const slot = this.#pairSlot(nonce_commitment);
    const record = await this.#nonces.store.read(slot);
    if (record === undefined) {
      throw new GuardianError("nonces_missing", "There are no nonces for this commitment");
    }
    const { approved, expires_at } = approval;
    checkApproved(this.#share, { approved, nonce_commitment, expires_at }, request, this.#now());
    const digest = packageDigest(request, session_id);
    if (!isHeld(record)) return releasedFor(record, digest);
    if (record.state === "unbound" && (record.session_id ?? session_id) !== session_id) {
      throw new GuardianError("request_changed", "The nonces were drawn for another session");
    }
    if (!(record.expires_at > this.#now())) {
      throw new GuardianError("nonces_missing", "The nonces for this commitment have expired");
    }
    await this.#count(session_id, digest, approval);
    return await this.#nonces.answer(slot, digest, request, commitmentList);
  }

  /** The last transcript head that was seen when a session was approved. */
  async seenHeadOf(sessionId: string): Promise<string | undefined> {
    return (await this.#approval(sessionId))?.transcript_head;
  }

  async #approval(sessionId: string): Promise<ApprovedRecord | undefined> {
    const record = await this.#nonces.store.read(this.#nonces.slot("approval", sessionId));
    return record?.state === "approved" ? record : undefined;
  }

  /** Takes one of the places that a session has for answered packages; the same package takes the same one. */
  async #count(sessionId: string, digest: string, { approved, expires_at }: ApprovedRecord) {
    const most = mostQuorums(approved.participants.length, approved.threshold);
    for (let place = 0; place < most; place++) {
      const slot = this.#nonces.slot("answered", sessionId, `${place}`);
      const record = { state: "answered", package_digest: digest, expires_at } as const;
      if (await this.#nonces.store.create(slot, record)) return;
      const taken = await this.#nonces.store.read(slot);
      if (taken === undefined) {
        throw new GuardianError("session_expired", "The session has expired");
      }
      if (taken.state === "answered" && taken.package_digest === digest) return;
    }
    throw new GuardianError(
      "quorums_exhausted",
      `At most ${most} packages of this session are answered`,
    );
  }

  #pairSlot(nonceCommitment: string): string {
    return this.#nonces.slot("pair", nonceCommitment);
  }
}

/** How many quorums of `n` participants one of them can be asked in: C(n − 1, t − 1) bound, n − t + 1 others. */
export function mostQuorums(n: number, t: number): number {
  let subsets = 1;
  for (let i = 1; i < t; i++) subsets = subsets * (n - i) / i;
  return Math.round(subsets) + n - t + 1;
}
