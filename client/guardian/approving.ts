/**
 * What follows an approval: whatever the mode of a session asks of a guardian, until its part is done.
 *
 * @module
 */
import { codeOfFailed } from "../../supabase/functions/_shared/errors.ts";
import { GuardianError } from "../errors.ts";
import { type Failure, failure, failureOf, type Result, success } from "../result.ts";
import { Pace } from "../sessions/pace.ts";
import type { FrostSession } from "../sessions/session.ts";
import { mayPass } from "../sessions/wait.ts";
import type { QuorumPackage, WorkFilter } from "../sessions/work.ts";
import { type CallOptions, pause } from "../transport.ts";
import { readAll } from "./asked_sessions.ts";
import type { QuorumAnswers } from "./quorum_answers.ts";
import {
  chunksOf,
  type CommitmentItem,
  type ItemResult,
  MOST_ITEMS,
  mostShares,
  type QuorumTransport,
  type ShareItem,
} from "./quorum_transport.ts";
import type { SigningPackage, SigningSession } from "./signing_session.ts";

/** What a guardian's part in a session came to. */
export type ApprovedSession =
  | { readonly success: true; readonly sessionId: string; readonly finalSignature?: string }
  | (Failure & { readonly sessionId: string });

/** What a guardian lends to its approvals. */
export interface Approver {
  readonly participantId: string;
  readonly quorums: QuorumAnswers;
  readonly transport: QuorumTransport;
  /** Throws for a session that this guardian could not sign. */
  check(session: SigningSession): void;
  /** Asks the person, once for all of them. */
  ask(sessions: readonly FrostSession[]): Promise<boolean>;
  /** In place of `ask`: asked of each session by itself. */
  askEach?(session: FrostSession): boolean | Promise<boolean>;
  /** The one commitment of a session of two rounds. */
  commitmentOf(session: SigningSession): Promise<string>;
  /** The one share of a session of two rounds. */
  shareOf(signingPackage: SigningPackage): Promise<string>;
}

/** One approval of one or many sessions, and what it takes to be done. */
export class Approving {
  readonly #by: Approver;
  readonly #open = new Map<string, FrostSession>();
  readonly #results = new Map<string, ApprovedSession>();
  /** Commitments whose nonces were found spent, and no share of them. */
  readonly #spent = new Set<string>();

  constructor(by: Approver) {
    this.#by = by;
  }

  /** The sessions in which there is more to do. */
  get unfinished(): string[] {
    return [...this.#open.keys()];
  }

  /** Asks, notes the approvals, and answers until this guardian's part is done in each session. */
  async run(
    sessions: readonly FrostSession[],
    filter: WorkFilter,
    options: CallOptions,
  ): Promise<Result<{ sessions: ApprovedSession[] }>> {
    await this.#admit(sessions);
    const pace = new Pace();
    for (;;) {
      await this.#close(options);
      const failed = await this.#commit(options) ?? await this.#answer(filter, options);
      if (failed) return failed;
      if (this.#open.size === 0) break;
      await pause(pace.next(), options.signal);
      if (options.signal?.aborted) return failure("aborted");
      const read = await readAll(this.#by.transport, [...this.#open.keys()], options);
      if (!read.success) return read;
      const found = new Map(read.sessions.map((session) => [session.session_id, session]));
      for (const [id, { status }] of [...this.#open]) {
        const session = found.get(id);
        if (session === undefined) this.#fail(id, failure("session_not_found", "It is gone"));
        else this.#open.set(id, session);
        if (session?.status !== status) pace.restart();
      }
    }
    const results = sessions.flatMap(({ session_id }) => this.#results.get(session_id) ?? []);
    return success({ sessions: results });
  }

  async #admit(sessions: readonly FrostSession[]): Promise<void> {
    const asked: FrostSession[] = [];
    for (const session of sessions) {
      await this.#guarded(session.session_id, async () => {
        this.#by.check(session);
        if (await this.#by.quorums.approvalOf(session) === undefined) asked.push(session);
        else this.#open.set(session.session_id, session);
      });
    }
    const together = this.#by.askEach === undefined && await this.#askTogether(asked);
    for (const session of asked) {
      await this.#guarded(session.session_id, async () => {
        if (!together && await this.#by.askEach?.(session) !== true) {
          throw new GuardianError("not_approved", "The session was not approved");
        }
        await this.#by.quorums.approve(session);
        this.#open.set(session.session_id, session);
      });
    }
  }

  /** The same message twice is shown once; with another text, or other participants, it is not the same. */
  async #askTogether(asked: readonly FrostSession[]): Promise<boolean> {
    const shown = new Map(asked.map((session) => [shownOf(session), session]));
    return shown.size > 0 && await this.#by.ask([...shown.values()]);
  }

  /** Leaves the sessions that are finished, or where this guardian's part is. */
  async #close(options: CallOptions): Promise<void> {
    for (const session of this.#open.values()) {
      const { session_id: id, status, final_signature, error_message } = session;
      if (status === "completed") this.#done(id, final_signature ?? undefined);
      else if (status === "expired") this.#fail(id, failure("session_expired", "It has expired"));
      else if (status === "failed") {
        this.#fail(id, failure(codeOfFailed(error_message), `It failed: ${error_message}`));
      } else if (this.#hasAnswered(session)) this.#done(id);
      else if (status === "aggregating") {
        // Whoever came last may have died. If it was refused, the next reading shows why.
        const made = await this.#by.transport.aggregate(id, this.#as(options));
        if (made.success) this.#done(id, made.finalSignature);
      }
    }
  }

  /** In a robust session there may always be another quorum. */
  #hasAnswered({ mode, signers, quorums }: FrostSession): boolean {
    const me = this.#by.participantId;
    if (mode === "robust") return false;
    if (mode === "two_round" && signers !== null && !signers.includes(me)) return true;
    const own = quorums.filter(({ status, commitments }) =>
      status !== "abandoned" && Object.hasOwn(commitments, me)
    );
    return own.length > 0 && own.every(({ shares }) => Object.hasOwn(shares, me));
  }

  async #commit(options: CallOptions): Promise<Failure | undefined> {
    const items: CommitmentItem[] = [];
    for (const session of this.#open.values()) {
      if (!this.#owesCommitment(session)) continue;
      await this.#guarded(session.session_id, async () => {
        const nonceCommitment = session.mode === "two_round"
          ? await this.#by.commitmentOf(session)
          : await this.#by.quorums.draw(session.session_id, session.expires_at);
        items.push({ sessionId: session.session_id, nonceCommitment });
      });
    }
    for (const some of chunksOf(items, MOST_ITEMS)) {
      const sent = await this.#by.transport.submitCommitments(some, this.#as(options));
      if (!sent.success) return sent;
      // Others were faster, or another call of this guardian was: the next reading tells.
      const passes = ["commitment_already_submitted", "round_closed"];
      this.#judge(sent.results, passes);
    }
  }

  #owesCommitment({ mode, status, nonce_commitments, quorums }: FrostSession): boolean {
    const me = this.#by.participantId;
    if (mode === "two_round") {
      return ["pending", "nonce_collection"].includes(status) &&
        !Object.hasOwn(nonce_commitments, me);
    }
    // One part in a live quorum is enough, answered or not.
    return status !== "aggregating" &&
      !quorums.some(({ status, commitments, shares }) =>
        Object.hasOwn(commitments, me) &&
        (status === "collecting" || status === "signing" &&
            (mode === "one_tap" || !Object.hasOwn(shares, me)))
      );
  }

  async #answer(filter: WorkFilter, options: CallOptions): Promise<Failure | undefined> {
    const { quorums, transport, participantId } = this.#by;
    if (this.#open.size === 0) return undefined;
    const read = await transport.readWork(filter, options);
    if (!read.success) return read;
    const items: ShareItem[] = [];
    const lost: { family: string; hex: string }[] = [];
    for (const asked of read.work) {
      const session = this.#open.get(asked.session_id);
      if (session === undefined) continue;
      const { session_id: sessionId, mode, family_id: family } = session;
      await this.#guarded(sessionId, async () => {
        try {
          const signatureShare = await this.#shareOf(session, asked);
          const next = mode === "robust"
            ? await quorums.draw(sessionId, session.expires_at)
            : undefined;
          items.push({
            sessionId,
            quorum: asked.quorum,
            signatureShare,
            ...next === undefined ? {} : { nextNonceCommitment: next },
          });
        } catch (error) {
          if (!(error instanceof GuardianError)) throw error;
          const hex = asked.commitments[participantId];
          // Another tab may be making the share just now. If it is not there in the next turn, there is none.
          if (error.code === "nonces_spent" && !this.#spent.has(hex)) {
            this.#spent.add(hex);
            return;
          }
          const gone = error.code === "nonces_missing" || error.code === "nonces_spent";
          if (!gone || mode !== "one_tap") throw error;
          lost.push({ family, hex });
        }
      });
    }
    for (const some of chunksOf(items, mostShares(quorums.ciphersuite))) {
      const sent = await transport.submitShares(some, this.#as(options));
      if (!sent.success) return sent;
      this.#judge(sent.results, ["round_closed", "session_finished", "key_retired", "share_owed"]);
      for (const { sessionId, success } of sent.results) {
        const mode = this.#open.get(sessionId)?.mode;
        if (success && mode !== undefined && mode !== "robust") this.#done(sessionId);
      }
    }
    return await this.#declareDead(lost, options);
  }

  /** What this device has no nonces for is dead; then the session goes on without it. */
  async #declareDead(
    lost: readonly { family: string; hex: string }[],
    options: CallOptions,
  ): Promise<Failure | undefined> {
    for (const family of new Set(lost.map(({ family }) => family))) {
      const dead = lost.filter((one) => one.family === family).map(({ hex }) => hex);
      for (const some of chunksOf(dead, MOST_ITEMS)) {
        const said = await this.#by.transport.withdraw(family, some, this.#as(options));
        if (!said.success) return said;
      }
    }
  }

  #shareOf({ mode }: FrostSession, asked: QuorumPackage): Promise<string> {
    return mode === "two_round" ? this.#by.shareOf(asked) : this.#by.quorums.shareOf(asked);
  }

  /** A late share that is told the signature has done its part. */
  #judge(results: readonly ItemResult[], passes: readonly string[]): void {
    for (const result of results) {
      const { sessionId, finalSignature } = result;
      if (finalSignature !== undefined) this.#done(sessionId, finalSignature);
      else if (!result.success && !passes.includes(result.code) && !mayPass(result)) {
        this.#fail(sessionId, result);
      }
    }
  }

  async #guarded(sessionId: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#fail(sessionId, failureOf(error));
    }
  }

  #done(sessionId: string, finalSignature?: string): void {
    const before = this.#results.get(sessionId);
    if (before?.success && before.finalSignature !== undefined) return;
    const signed = finalSignature === undefined ? {} : { finalSignature };
    this.#results.set(sessionId, { success: true, sessionId, ...signed });
    this.#open.delete(sessionId);
  }

  #fail(sessionId: string, why: Failure): void {
    this.#open.delete(sessionId);
    if (!this.#results.has(sessionId)) this.#results.set(sessionId, { ...why, sessionId });
  }

  #as(options: CallOptions) {
    return { ...options, participantId: this.#by.participantId };
  }
}

/** What a person sees of a session. */
/** What a person is shown of a session, and approves: another of these is another question. */
export function shownOf(
  { message_hash, event_template, participants, threshold }: FrostSession,
): string {
  return JSON.stringify([message_hash, event_template, participants, threshold]);
}
