/**
 * A guardian at work in one family: what awaits it, and what becomes of it. Nothing is signed that its person has not seen
 * and approved here; an approval is noted in the store, so that a tab that is closed loses none.
 *
 * @module
 */
import { type ReadonlySignal, signal } from "@preact/signals";
import { type ApprovedSession, shownOf } from "../guardian/approving.ts";
import { Guardian } from "../guardian/guardian.ts";
import type { KeptShare } from "../guardian/key_share.ts";
import { guardianTransport } from "../guardian/guardian_transport.ts";
import type { NonceStore } from "../guardian/stores/nonce_store.ts";
import { type SessionText, sessionTextFor } from "../presentation/session_text.ts";
import type { Failure, Result } from "../result.ts";
import { RecoveryRequests } from "../recovery/requests.ts";
import type { FrostSession, RecoveryRequestSummary } from "../sessions/session.ts";
import { mayPass } from "../sessions/wait.ts";
import type { Supabase } from "../supabase.ts";
import { pause, rpc } from "../transport.ts";

/** A session that is shown to its person. */
export interface Asked {
  readonly session: FrostSession;
  readonly text: SessionText;
  /** Whether it was approved here, and is being answered. */
  readonly approved: boolean;
}

/** What became of a session here, in a sentence. */
export interface Outcome {
  readonly sessionId: string;
  readonly ok: boolean;
  readonly what: string;
}

/** How many commitments the pool is kept at: of a device that is not always on. */
const POOL = 32;
const RECOVERIES_MS = 15_000;
const RETRY_MS = 2_000;

/** The desk. */
export class Desk {
  readonly #supabase: Supabase;
  readonly #familyId: string;
  readonly #share: KeptShare;
  readonly #closing = new AbortController();
  readonly #asked = signal<readonly Asked[]>([]);
  readonly #recoveries = signal<readonly RecoveryRequestSummary[]>([]);
  readonly #outcomes = signal<readonly Outcome[]>([]);
  readonly #problem = signal<Failure | undefined>(undefined);
  readonly #otherDevice = signal(false);
  /** What was shown when its person approved it, by the session's id. */
  readonly #approvedAs = new Map<string, string>();
  #guardian: Guardian | undefined;

  constructor(supabase: Supabase, familyId: string, share: KeptShare) {
    this.#supabase = supabase;
    this.#familyId = familyId;
    this.#share = share;
  }

  /** What awaits this guardian. */
  get asked(): ReadonlySignal<readonly Asked[]> {
    return this.#asked;
  }

  /** Recoveries that ask for this guardian's share itself. */
  get recoveries(): ReadonlySignal<readonly RecoveryRequestSummary[]> {
    return this.#recoveries;
  }

  /** The latest first. */
  get outcomes(): ReadonlySignal<readonly Outcome[]> {
    return this.#outcomes;
  }

  /** Why there is nothing new. */
  get problem(): ReadonlySignal<Failure | undefined> {
    return this.#problem;
  }

  /** Whether commitments were withdrawn that another running device of this guardian has published. */
  get otherDevice(): ReadonlySignal<boolean> {
    return this.#otherDevice;
  }

  /** Watches until `close`. */
  open(store: NonceStore): void {
    const { signal } = this.#closing;
    const guardian = new Guardian({
      keyShare: this.#share.keyShare,
      store,
      transport: guardianTransport(this.#supabase),
      familyId: this.#familyId,
      // It was read again since it was shown.
      approveAll: (sessions) => sessions.every((session) => this.#isApproved(session)),
    });
    this.#guardian = guardian;
    let filledBefore = false;
    void guardian.watch({
      signal,
      pool: POOL,
      approveEach: (session) => {
        this.#show(session);
        // Its person answers when it likes, by `approve`.
        return false;
      },
      onAwaited: (ids) => {
        this.#problem.value = undefined;
        this.#withdraw((id) => !ids.includes(id));
      },
      onPool: ({ withdrawn }) => {
        // The first time it may be what an older browser has left.
        if (filledBefore && withdrawn > 0) this.#otherDevice.value = true;
        filledBefore = true;
      },
      onResult: (result) => this.#note(result),
    });
    void this.#watchRecoveries(signal);
  }

  close(): void {
    this.#closing.abort();
  }

  /** Signs this and nothing else; goes on until this guardian's part is done. @param asked - As its person saw it. */
  async approve({ session }: Asked): Promise<void> {
    const { session_id: sessionId } = session;
    this.#approvedAs.set(sessionId, shownOf(session));
    this.#asked.value = this.#asked.value.map((asked) =>
      asked.session.session_id === sessionId ? { ...asked, approved: true } : asked
    );
    const { signal } = this.#closing;
    for (;;) {
      const result = await this.#guardian?.approve(sessionId, { signal });
      if (result === undefined || signal.aborted) return;
      this.#note(result, "The server shows another text now");
      if (result.success) return this.#remove(sessionId);
      if (!mayPass(result)) {
        this.#remove(sessionId);
        return this.#say({ sessionId, ok: false, what: result.error });
      }
      await pause(RETRY_MS, signal);
    }
  }

  /** Says no, for all to read; final. */
  async decline(id: string, reason: string): Promise<Result<object>> {
    const args = { p_session_id: id, p_reason: reason };
    const declined = await rpc(this.#supabase, "decline_signing_request", args, () => ({}), {
      safe: true,
    });
    if (!declined.success) return declined;
    this.#withdraw((asked) => asked === id);
    this.#recoveries.value = this.#recoveries.value.filter(({ request_id }) => request_id !== id);
    this.#say({ sessionId: id, ok: true, what: "You have declined" });
    return declined;
  }

  #show(session: FrostSession): void {
    // One question for an id. What the server shows under it later is compared when it is approved.
    if (this.#asked.value.some((asked) => asked.session.session_id === session.session_id)) return;
    const text = sessionTextFor(this.#share, session);
    // Below the others: nothing is to move under a finger that is about to press.
    this.#asked.value = [...this.#asked.value, { session, text, approved: false }];
  }

  #isApproved(session: FrostSession): boolean {
    return this.#approvedAs.get(session.session_id) === shownOf(session);
  }

  /** Finished, declined or expired: nobody is asked about it any more. What was approved here has an outcome. */
  #withdraw(isMoot: (sessionId: string) => boolean): void {
    this.#asked.value = this.#asked.value.filter(({ session, approved }) =>
      approved || !isMoot(session.session_id)
    );
  }

  #remove(sessionId: string): void {
    this.#approvedAs.delete(sessionId);
    this.#asked.value = this.#asked.value.filter(({ session }) => session.session_id !== sessionId);
  }

  /** @param refusal - What to say of a session that was not approved; nothing of those that are only shown. */
  #note(result: Result<{ sessions: ApprovedSession[] }>, refusal?: string): void {
    if (!result.success) {
      if (result.code !== "aborted") this.#problem.value = result;
      return;
    }
    for (const session of result.sessions) {
      const { sessionId } = session;
      if (session.success) {
        const what = session.finalSignature === undefined
          ? "You have signed"
          : "The signature is there";
        this.#say({ sessionId, ok: true, what });
      } else if (session.code !== "not_approved") {
        this.#say({ sessionId, ok: false, what: session.error });
      } else if (refusal !== undefined) this.#say({ sessionId, ok: false, what: refusal });
    }
  }

  #say(outcome: Outcome): void {
    this.#outcomes.value = [outcome, ...this.#outcomes.value].slice(0, 20);
  }

  async #watchRecoveries(signal: AbortSignal): Promise<void> {
    const requests = new RecoveryRequests(this.#supabase);
    while (!signal.aborted) {
      const filter = { awaitingMe: true, familyId: this.#familyId };
      const listed = await requests.list(filter, { signal });
      if (listed.success) this.#recoveries.value = listed.requests;
      await pause(RECOVERIES_MS, signal);
    }
  }
}
