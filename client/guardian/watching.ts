/**
 * A guardian that stays: whatever awaits it is shown, approved and answered, and its pool is kept filled.
 *
 * @module
 */
import type { Result } from "../result.ts";
import { pause } from "../transport.ts";
import { type ApprovedSession, type Approver, Approving, readAll } from "./approving.ts";
import type { PublishedNonces } from "./pooling.ts";
import type { SigningSession } from "./signing_session.ts";

/** How to watch. */
export interface WatchOptions {
  /** Asked once for what came together, with one session for each different message. Nothing but `true` is a yes. */
  readonly approve?: (sessions: readonly SigningSession[]) => boolean | Promise<boolean>;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** How many commitments the pool is kept at; 64 if not given. */
  readonly pool?: number;
  /** Is told what every approval came to, and every failure; the watch goes on. */
  readonly onResult?: (result: Result<{ sessions: ApprovedSession[] }>) => void;
}

const POLL_MS = { first: 200, most: 5_000, growth: 1.5 } as const;
/** How often the pool is reconciled while nothing comes. */
const FILL_MS = 60_000;
const POOL = 64;

/** Watches until the signal is aborted. */
export async function watch(
  approver: Approver,
  familyId: string | undefined,
  fill: ((count: number) => Promise<Result<PublishedNonces>>) | undefined,
  { signal, pool = POOL, onResult = () => {} }: WatchOptions,
): Promise<void> {
  const { transport, participantId } = approver;
  const seen = new Set<string>();
  const going = new Set<Promise<void>>();
  let rang = new AbortController();
  const feed = familyId === undefined
    ? undefined
    : transport.listen?.(familyId, () => rang.abort());
  let filled = -Infinity;
  let interval: number = POLL_MS.first;
  try {
    while (!signal.aborted) {
      rang = new AbortController();
      if (fill !== undefined && performance.now() - filled >= FILL_MS) {
        filled = performance.now();
        const kept = await fill(pool);
        if (!kept.success) onResult(kept);
      }
      const listed = await transport.listAwaited({ signal });
      if (!listed.success) onResult(listed);
      const fresh: string[] = [];
      for (const { session_id, status } of listed.success ? listed.sessions : []) {
        // Whoever handed in its last share may have died.
        if (status === "aggregating") {
          await transport.aggregate(session_id, { signal, participantId });
        } else if (!seen.has(session_id)) fresh.push(session_id);
      }
      if (fresh.length > 0) {
        const read = await readAll(transport, fresh, { signal });
        if (read.success) {
          for (const id of fresh) seen.add(id);
          const filter = fresh.length === 1 ? { sessionId: fresh[0] } : {};
          const run = new Approving(approver).run(read.sessions, filter, { signal })
            .then(onResult)
            .finally(() => going.delete(run));
          going.add(run);
          interval = POLL_MS.first;
          // What was bound is to be replaced.
          filled = -Infinity;
        } else onResult(read);
      }
      const ended = () => rang.abort();
      signal.addEventListener("abort", ended);
      await pause(interval * (0.75 + Math.random() / 2), rang.signal);
      signal.removeEventListener("abort", ended);
      interval = Math.min(POLL_MS.most, interval * POLL_MS.growth);
    }
  } finally {
    await feed?.stop();
    await Promise.allSettled(going);
  }
}
