/**
 * A guardian at work in one family: what awaits it, and what becomes of it. Nothing is signed that its person has not seen
 * and approved here; an approval is noted in the store, so that a tab that is closed loses none.
 *
 * @module
 */
import { type ReadonlySignal, signal } from "@preact/signals";
import { Guardian } from "../guardian/guardian.ts";
import { guardianTransport } from "../guardian/guardian_transport.ts";
import type { NonceStore } from "../guardian/stores/nonce_store.ts";
import { type SessionText, sessionText } from "../presentation/session_text.ts";
import type { Failure, Result } from "../result.ts";
import { RecoveryRequests } from "../recovery/requests.ts";
import type { FrostSession, RecoveryRequestSummary } from "../sessions/session.ts";
import type { Supabase } from "../supabase.ts";
import { pause, rpc } from "../transport.ts";
import type { KeptShare } from "./device.ts";

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
  readonly #decisions = new Map<string, (yes: boolean) => void>();

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
    });
    let filledBefore = false;
    void guardian.watch({
      signal,
      pool: POOL,
      each: true,
      approve: ([session]) => this.#ask(session),
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
    this.#withdraw(() => true);
  }

  approve(sessionId: string): void {
    this.#asked.value = this.#asked.value.map((asked) =>
      asked.session.session_id === sessionId ? { ...asked, approved: true } : asked
    );
    this.#decisions.get(sessionId)?.(true);
    this.#decisions.delete(sessionId);
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

  #ask(session: FrostSession): Promise<boolean> {
    const { keyShare, epoch } = this.#share;
    const asked = { session, text: sessionText(session, keyShare, epoch), approved: false };
    this.#asked.value = [asked, ...this.#asked.value];
    return new Promise((resolve) => this.#decisions.set(session.session_id, resolve));
  }

  /** Finished, declined or expired: nobody is asked about it any more. */
  #withdraw(isMoot: (sessionId: string) => boolean): void {
    for (const [id, decide] of this.#decisions) {
      if (!isMoot(id)) continue;
      this.#decisions.delete(id);
      this.#remove(id);
      decide(false);
    }
  }

  #remove(sessionId: string): void {
    this.#asked.value = this.#asked.value.filter(({ session }) => session.session_id !== sessionId);
  }

  #note(result: Parameters<NonNullable<Parameters<Guardian["watch"]>[0]["onResult"]>>[0]): void {
    if (!result.success) {
      if (result.code !== "aborted") this.#problem.value = result;
      return;
    }
    for (const session of result.sessions) {
      this.#remove(session.sessionId);
      if (session.success) {
        const what = session.finalSignature === undefined ? "You have signed" : "Signed by all";
        this.#say({ sessionId: session.sessionId, ok: true, what });
      } else if (session.code !== "not_approved") {
        this.#say({ sessionId: session.sessionId, ok: false, what: session.error });
      }
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
