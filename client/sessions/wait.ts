/**
 * Waiting for a session: Realtime tells of it where there is one; without it, the server is asked again and
 * again.
 *
 * @module
 */
import type { SigningMethod } from "../../supabase/functions/_shared/methods.ts";
import { type Failure, failure, type Result, success } from "../result.ts";
import { aggregateSession } from "./aggregate.ts";
import { type AnySession, type FrostStatus, readSession, type RecoveryStatus } from "./session.ts";
import { aroundMs, Pace } from "./pace.ts";
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
  /** False if the session finished in another state than the one waited for. */
  readonly reached: boolean;
};

/** Broadcasts may be lost; how often to ask while they come. */
const POLL_WHILE_LISTENING_MS = 30_000;

/** How long after an expiry to ask whether it is one. */
const EXPIRED_MS = 100;

/** How long the caller who handed in the last share gets to finish the session. */
const AGGREGATING_MS = 1_500;

/** The states of each kind in their order. */
const ORDERS: Readonly<Record<SigningMethod, readonly string[]>> = {
  frost: ["pending", "nonce_collection", "signing", "aggregating", "completed"],
  sss: ["pending", "partial", "ready", "completed"],
};
const FINISHED = ["completed", "failed", "expired"];

/** Whether nothing follows a state. */
export function isFinished(status: string): boolean {
  return FINISHED.includes(status);
}

/**
 * Waits until a session has come to `status` or is past it, or is finished.
 *
 * While the network fails, or a limit is reached, it goes on asking. If all shares are there and no caller
 * makes the signature of them, it does.
 *
 * Errors: `invalid_input` for a status that a session of this kind never has; `session_not_found`,
 * `unauthorized` and other refusals; `timeout`, `aborted`.
 *
 * @example
 * ```ts
 * import { createClient } from "@supabase/supabase-js";
 * import { waitFor } from "@permafrost/client/sessions";
 *
 * const supabase = createClient("https://abc.supabase.co", "sb_publishable_…");
 * const waited = await waitFor(supabase, "the session's id", "completed", { timeoutMs: 60_000 });
 * if (!waited.success) console.log(waited.code);
 * else if (waited.reached) console.log(waited.session.final_signature);
 * else console.log("The session is", waited.status);
 * ```
 */
export async function waitFor(
  supabase: Supabase,
  id: string,
  status: FrostStatus | RecoveryStatus,
  { signal, timeoutMs = Infinity, method }: WaitOptions = {},
): Promise<Result<Wait>> {
  const impossible = neverHas(method, status);
  if (impossible) return impossible;
  const deadline = performance.now() + timeoutMs;
  const news = new News();
  let feed: ReturnType<typeof listen> | undefined;
  const pace = new Pace();
  let before: string | undefined;
  /** When this call first saw that all shares are there. */
  let aggregating: number | undefined;
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
        const impossible = neverHas(known, status);
        if (impossible) return impossible;
        const reached = isReached(found, status);
        if (reached || isFinished(found.status)) return success({ ...found, reached });
        if (hasRealtime(supabase)) {
          feed ??= listen(supabase, found.session.family_id, (said) => {
            if (said === "connected" || said.sessionId === id) news.come();
          });
        }
        if (before !== undefined && before !== found.status) pace.restart();
        before = found.status;
        aggregating = found.status === "aggregating" ? aggregating ?? performance.now() : undefined;
        if (aggregating !== undefined && performance.now() - aggregating >= AGGREGATING_MS) {
          aggregating = undefined;
          // If that was refused, the next reading shows why.
          const made = await aggregateSession(supabase, id, callOptions(signal, left));
          if (made.success) continue;
        }
      } else if (!mayPass(found)) {
        return found;
      }
      const next = pace.next();
      const most = aggregating !== undefined
        ? aroundMs(AGGREGATING_MS)
        : feed?.connected()
        ? aroundMs(POLL_WHILE_LISTENING_MS)
        : next;
      // An expiry is broadcast by a sweep only, if one runs; and the two clocks may differ.
      const expiry = found.success
        ? Math.max(found.session.expires_at - Date.now() + EXPIRED_MS, next)
        : Infinity;
      const limited = found.success ? 0 : found.retryAfterMs ?? 0;
      const wait = Math.min(Math.max(most, limited), expiry, deadline - performance.now());
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

/** Whether another attempt may find it otherwise. */
export function mayPass({ code, httpStatus = 0 }: Failure): boolean {
  return ["network_error", "timeout", "internal", "rate_limited"].includes(code) ||
    code === "unexpected_answer" && isTransient(httpStatus);
}

/** Waiting for it would last until the session expires. */
function neverHas(method: SigningMethod | undefined, status: string): Failure | undefined {
  const orders = method === undefined ? Object.values(ORDERS) : [ORDERS[method]];
  const known = [...new Set([...orders.flat(), ...FINISHED])];
  return known.includes(status)
    ? undefined
    : failure("invalid_input", `The status must be one of ${known.join(", ")}`);
}

function isReached({ method, status }: AnySession, wanted: string): boolean {
  if (status === wanted) return true;
  const order = ORDERS[method];
  const place = order.indexOf(wanted);
  return place >= 0 && order.indexOf(status) > place;
}

/** A bell; one who begins to listen after it rang hears it too. */
export class News {
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
