/**
 * Sessions of two rounds: one pair of nonces for a session, in the session's own slot.
 *
 * @module
 */
import { GuardianError } from "../errors.ts";
import type { KeyShare } from "./key_share.ts";
import {
  MAX_SESSION_MS,
  type Nonces,
  packageDigest,
  releasedFor,
  seenHead,
  spent,
} from "./nonces.ts";
import {
  checkApproved,
  checkKeyPackage,
  checkMessage,
  checkSession,
  checkUnchanged,
  commitmentListOf,
} from "./request_checks.ts";
import {
  parseSigningSession,
  type SigningPackage,
  type SigningSession,
} from "./signing_session.ts";
import type { CommittedRecord, NonceRecord } from "./stores/nonce_store.ts";

/** Both rounds of one key share. */
export class TwoRounds {
  readonly #share: KeyShare;
  readonly #nonces: Nonces;
  readonly #now: () => number;

  constructor(share: KeyShare, nonces: Nonces, now: () => number) {
    this.#share = share;
    this.#nonces = nonces;
    this.#now = now;
  }

  /** The share of a package; for the same package the same again. */
  async shareOf(request: SigningPackage): Promise<string> {
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
    return signatureShare;
  }

  /** The session, if this guardian could sign it. */
  check(session: SigningSession): SigningSession {
    const request = parseSigningSession(session);
    checkMessage(this.#share, request.message_hash, request.event_template);
    checkSession(this.#share, request, this.#now());
    return request;
  }

  /** The commitment for a session of two rounds: what was published before, or a new one once it is approved. */
  async commitmentOf(
    request: SigningSession,
    approve: () => boolean | Promise<boolean>,
  ): Promise<string> {
    const slot = this.#nonces.slot(request.session_id);
    const record = await this.#nonces.store.read(slot) ?? await this.#draw(slot, request, approve);
    if (record.state !== "committed") throw spent();
    checkUnchanged(record.approved, request);
    return record.nonce_commitment;
  }

  async #draw(
    slot: string,
    request: SigningSession,
    approve: () => boolean | Promise<boolean>,
  ): Promise<NonceRecord> {
    if (await approve() !== true) {
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
