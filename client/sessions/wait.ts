/**
 * Waiting for a session: told by Realtime where there is one, and asking where there is none.
 *
 * @module
 */
import type { SigningMethod } from "../../supabase/functions/_shared/methods.ts";
import { type Failure, failure, type Result, success } from "../result.ts";
import { type AnySession, type FrostStatus, readSession, type RecoveryStatus } from "./session.ts";
import { listen } from "./status_feed.ts";
import { isTransient } from "../answers.ts";
import { hasRealtime, type Supabase } from "../supabase.ts";
import { type CallOptions, pause } from "../transport.ts";

/** How to wait. */
export interface WaitOptions {
  /** Gives up: the answer is `aborted`. */
  readonly signal?: AbortSignal;
  /** How long to wait at most. If not given, until the session is finished: it expires at last. */
  readonly timeoutMs?: number;
  /** If known; else sessions of both kinds are looked for. */
  readonly method?: SigningMethod;
}

/** Where the session was when the waiting ended. */
export type Wait = AnySession & {
  /** False where the session finished otherwise than waited for. */
  readonly reached: boolean;
};

const POLL_MS = { first: 100, most: 5_000, growth: 1.5 } as const;
/** Broadcasts may be lost; how often to ask while they come. */
const POLL_WHILE_LISTENING_MS = 30_000;

const FROST_ORDER = ["pending", "nonce_collection", "signing", "aggregating", "completed"];
const RECOVERY_ORDER = ["pending", "partial", "ready", "completed"];
const FINISHED = ["completed", "failed", "expired"];

/**
 * Waits until a session has come to `status` or is past it, or is finished.
 *
 * While the network fails it goes on asking. Errors: `session_not_found`, `unauthorized` and other
 * refusals; `timeout`, `aborted`.
 */
export async function waitFor(
  supabase: Supabase,
  id: string,
  status: FrostStatus | RecoveryStatus,
  { signal, timeoutMs = Infinity, method }: WaitOptions = {},
): Promise<Result<Wait>> {
  const deadline = performance.now() + timeoutMs;
  const news = new News();
  let feed: ReturnType<typeof listen> | undefined;
  let interval: number = POLL_MS.first;
  let before: string | undefined;
  let known = method;
  try {
    for (;;) {
      const left = deadline - performance.now();
      if (signal?.aborted) return failure("aborted");
      if (left <= 0) return failure("timeout", `The session did not come to ${status} in time`);
      news.reset();
      const found = await readSession(supabase, id, known, callOptions(signal, left));
      if (found.success) {
        known = found.method;
        const reached = isReached(found, status);
        if (reached || FINISHED.includes(found.status)) return success({ ...found, reached });
        if (hasRealtime(supabase)) {
          feed ??= listen(supabase, found.session.family_id, (said) => {
            if (said === "connected" || said.sessionId === id) news.come();
          });
        }
        // One step is often followed by the next.
        if (before !== undefined && before !== found.status) interval = POLL_MS.first;
        before = found.status;
      } else if (!mayPass(found)) {
        return found;
      }
      const most = feed?.connected() ? POLL_WHILE_LISTENING_MS : interval;
      // That time has passed is broadcast by a sweep, if one runs. The clocks need not agree on when it has.
      const expiry = found.success
        ? Math.max(found.session.expires_at - Date.now() + POLL_MS.first, interval)
        : Infinity;
      // Guardians who wait for the same session should not ask in step.
      const wait = Math.min(
        most * (0.75 + Math.random() / 2),
        expiry,
        deadline - performance.now(),
      );
      interval = Math.min(POLL_MS.most, interval * POLL_MS.growth);
      await news.orAfter(wait, signal);
    }
  } finally {
    await feed?.stop();
  }
}

/** The rest of the time, for a call; a single one is given up sooner. */
function callOptions(signal: AbortSignal | undefined, left: number): CallOptions {
  return { signal, timeoutMs: Math.min(left, 30_000) };
}

/** What another attempt may find otherwise. */
function mayPass({ code, httpStatus = 0 }: Failure): boolean {
  return code === "network_error" || code === "timeout" || code === "internal" ||
    code === "unexpected_answer" && isTransient(httpStatus);
}

function isReached({ method, status }: AnySession, wanted: string): boolean {
  if (status === wanted) return true;
  const order: readonly string[] = method === "frost" ? FROST_ORDER : RECOVERY_ORDER;
  const place = order.indexOf(wanted);
  return place >= 0 && order.indexOf(status) > place;
}

/** A bell that is heard also by who begins to listen after it rang. */
class News {
  #rang = false;
  #ring: (() => void) | undefined;

  come(): void {
    this.#rang = true;
    this.#ring?.();
  }

  reset(): void {
    this.#rang = false;
  }

  async orAfter(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#rang) return;
    const controller = new AbortController();
    const end = () => controller.abort();
    this.#ring = end;
    signal?.addEventListener("abort", end);
    if (signal?.aborted) end();
    try {
      await pause(ms, controller.signal);
    } finally {
      this.#ring = undefined;
      signal?.removeEventListener("abort", end);
    }
  }
}
