/**
 * The way to the server and back: one attempt after another until there is an answer that means something,
 * or the caller's patience is over.
 *
 * @module
 */
import { type Attempt, functionAnswerOf, postgrestAnswerOf } from "./answers.ts";
import { failure, type Result, success } from "./result.ts";
import { callRpc, type Supabase } from "./supabase.ts";

/** What every call takes. */
export interface CallOptions {
  /** Gives up: the answer is `aborted`. What was sent may have arrived all the same. */
  readonly signal?: AbortSignal;
  /** How long the call may take in all, attempts and waits included; 30,000 if not given. */
  readonly timeoutMs?: number;
}

/** What a call of an edge function takes besides. */
export interface ParticipantOptions extends CallOptions {
  /**
   * Who the caller is in the family. The function refuses with `not_a_participant` if the token says
   * otherwise: a client that got hold of another guardian's token then fails here, instead of raising a
   * false alarm in that guardian's name.
   */
  readonly participantId?: string;
}

const TIMEOUT_MS = 30_000;
/** An attempt that hangs must leave time for one that does not. */
const ATTEMPT_TIMEOUT_MS = 10_000;
const MAX_ATTEMPTS = 5;
const BACKOFF_MS = { first: 150, most: 3_000 } as const;

/** Said of a call that was not answered. */
const UNKNOWN = "it may have taken effect or not";

/**
 * Runs attempts until one is answered. After `rate_limited` the next one waits as long as the server said.
 *
 * @param safe - Whether two calls have the effect of one. Only then it is attempted again.
 */
export async function call<Answer>(
  safe: boolean,
  attempt: (signal: AbortSignal) => Promise<Attempt<Answer>>,
  { signal, timeoutMs = TIMEOUT_MS }: CallOptions = {},
): Promise<Result<{ answer: Answer }>> {
  const deadline = performance.now() + timeoutMs;
  for (let number = 1;; number++) {
    if (signal?.aborted) return failure("aborted");
    const left = deadline - performance.now();
    const patience = safe ? Math.min(left, ATTEMPT_TIMEOUT_MS) : left;
    const { result, transient } = await within(patience, signal, attempt);
    if (result.success || !transient || !safe || number === MAX_ATTEMPTS) return result;
    const backoff = Math.random() * Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** number);
    const wait = (result.retryAfterMs ?? 0) + backoff;
    if (performance.now() + wait >= deadline) return result;
    await pause(wait, signal);
  }
}

/** Waits, or stops waiting when the signal says so. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, Math.max(0, ms));
    signal?.addEventListener("abort", end);
  });
}

async function within<Answer>(
  ms: number,
  signal: AbortSignal | undefined,
  attempt: (signal: AbortSignal) => Promise<Attempt<Answer>>,
): Promise<Attempt<Answer>> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, Math.max(0, ms));
  signal?.addEventListener("abort", abort);
  // supabase-js may wait for a token before it sends anything, and does not heed the signal then.
  const over = new Promise<undefined>((resolve) =>
    controller.signal.addEventListener("abort", () => resolve(undefined))
  );
  const making = attempt(controller.signal);
  making.catch(() => {}); // after a timeout nobody listens
  try {
    const made = await Promise.race([making, over]);
    if (made && (made.result.success || !controller.signal.aborted)) return made;
    // The layers below report an abort in several ways; here its reason is known.
    return signal?.aborted
      ? { result: failure("aborted", `The caller gave up; ${UNKNOWN}`), transient: false }
      : { result: failure("timeout", `No answer came in time; ${UNKNOWN}`), transient: true };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

/**
 * Calls an edge function.
 *
 * @param safe - Whether two calls have the effect of one. Only then it is attempted again.
 * @returns The body, whole. Errors: the function's own; `network_error`, `timeout`, `aborted`; `unauthorized`
 *   and `rate_limited` also from a gateway; `unexpected_answer` for anything else that a gateway says.
 */
export async function invoke<Data extends object>(
  supabase: Supabase,
  name: string,
  body: Readonly<Record<string, unknown>>,
  { safe, participantId, ...options }: ParticipantOptions & { readonly safe: boolean },
): Promise<Result<Data>> {
  const called = await call(safe, async (signal) => {
    return await functionAnswerOf<Data>(
      await supabase.functions.invoke(name, { body: { ...body, participantId }, signal }),
    );
  }, options);
  return called.success ? success(called.answer) : called;
}

/**
 * Calls an RPC.
 *
 * @param read - Reads the data; `undefined` if they are not what was asked for.
 * @param safe - Whether two calls have the effect of one. Only then it is attempted again.
 * @returns Errors: the database's own, also those it recorded and returned; `unauthorized` for a role that
 *   may not; and those of the client, as `invoke` has them.
 */
export function rpc<Answer>(
  supabase: Supabase,
  name: string,
  args: Readonly<Record<string, unknown>>,
  read: (data: unknown) => Answer | undefined,
  { safe, ...options }: CallOptions & { readonly safe: boolean },
): Promise<Result<{ answer: Answer }>> {
  const attempt = async (signal: AbortSignal) =>
    postgrestAnswerOf(await callRpc(supabase, name, args, signal), read);
  return call(safe, attempt, options);
}
