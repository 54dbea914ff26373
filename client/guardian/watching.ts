/**
 * A guardian that stays: whatever awaits it is shown, approved and answered, and its pool is kept filled.
 *
 * @module
 */
import { failure, type Result } from "../result.ts";
import { Pace } from "../sessions/pace.ts";
import type { FrostSession } from "../sessions/session.ts";
import { News } from "../sessions/wait.ts";
import { type ApprovedSession, type Approver, Approving } from "./approving.ts";
import { readAll } from "./asked_sessions.ts";
import type { PublishedNonces } from "./pooling.ts";

/** How to watch. */
export interface WatchOptions {
  /** Asked once for what came together, with one session for each different message. Nothing but `true` is a yes. */
  readonly approve?: (sessions: readonly FrostSession[]) => boolean | Promise<boolean>;
  /**
   * In place of `approve`: asked of each session by itself, also where several are of one message; a no to one is no answer to
   * the others. It should answer at once: what came together waits for it.
   */
  readonly approveEach?: (session: FrostSession) => boolean | Promise<boolean>;
  /** Is told each time which sessions await this guardian: what was asked about and is not among them is moot. */
  readonly onAwaited?: (sessionIds: readonly string[]) => void;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** How many commitments the pool is kept at; 64 if not given. */
  readonly pool?: number;
  /**
   * Is told of the pool each time it was reconciled. Commitments that were withdrawn again and again are another running
   * device's of this guardian: each withdraws what it has no nonces for.
   */
  readonly onPool?: (pool: PublishedNonces) => void;
  /** Is told what every approval came to, and every failure; the watch goes on. */
  readonly onResult?: (result: Result<{ sessions: ApprovedSession[] }>) => void;
}

/** How often the pool is reconciled while nothing comes. */
const FILL_MS = 60_000;
const POOL = 64;

/** Watches until the signal is aborted. */
export async function watch(
  guardian: Approver,
  familyId: string | undefined,
  fill: ((count: number) => Promise<Result<PublishedNonces>>) | undefined,
  { signal, approveEach, pool = POOL, onAwaited, onResult = () => {}, onPool = () => {} }:
    WatchOptions,
): Promise<void> {
  const approver = approveEach === undefined ? guardian : { ...guardian, askEach: approveEach };
  const { transport, participantId } = approver;
  const seen = new Set<string>();
  /** Those that need no other run: under way, done, or refused. */
  const taken = new Set<string>();
  const going = new Set<Promise<void>>();
  const news = new News();
  const pace = new Pace();
  const feed = familyId === undefined ? undefined : transport.listen?.(familyId, () => news.come());
  let filled = -Infinity;

  const approve = async (sessions: readonly FrostSession[]) => {
    const approving = new Approving(approver);
    const [{ session_id: sessionId }] = sessions;
    const filter = sessions.length === 1 ? { sessionId } : {};
    const result = await orFailure(() => approving.run(sessions, filter, { signal }));
    // The network failed: what was approved is taken up again, without asking.
    if (!result.success && result.code !== "device_failed") {
      for (const id of approving.unfinished) taken.delete(id);
    }
    onResult(result);
  };

  const turn = async (): Promise<Result<object>> => {
    if (fill !== undefined && performance.now() - filled >= FILL_MS) {
      filled = performance.now();
      const kept = await fill(pool);
      if (kept.success) onPool(kept);
      else onResult(kept);
    }
    // A user of several families holds another share in each: the others' sessions are not this guardian's.
    const listed = await transport.listAwaited({ signal, familyId });
    if (!listed.success) return listed;
    onAwaited?.(listed.sessions.map(({ session_id }) => session_id));
    const fresh: string[] = [];
    for (const { session_id, status } of listed.sessions) {
      // Whoever handed in its last share may have died.
      if (status === "aggregating") {
        await transport.aggregate(session_id, { signal, participantId });
      } else if (!taken.has(session_id)) fresh.push(session_id);
    }
    if (fresh.length === 0) return listed;
    const read = await readAll(transport, fresh, { signal });
    if (!read.success) return read;
    // Those that failed before are tried again, and more and more seldom.
    if (fresh.some((id) => !seen.has(id))) {
      pace.restart();
      // What was bound is to be replaced.
      filled = -Infinity;
    }
    for (const id of fresh) seen.add(id), taken.add(id);
    const run = approve(read.sessions).finally(() => going.delete(run));
    going.add(run);
    return read;
  };

  try {
    while (!signal.aborted) {
      news.reset();
      const done = await orFailure(turn);
      if (!done.success && !signal.aborted) onResult(done);
      const limited = done.success ? 0 : done.retryAfterMs ?? 0;
      await news.orAfter(Math.max(pace.next(), limited), signal);
    }
  } finally {
    await feed?.stop();
    await Promise.allSettled(going);
  }
}

/** What the store or the app throws as a failure, so that the watch goes on. */
async function orFailure<Data extends object>(
  work: () => Promise<Result<Data>>,
): Promise<Result<Data>> {
  try {
    return await work();
  } catch (error) {
    return failure("device_failed", error instanceof Error ? error.message : String(error));
  }
}
