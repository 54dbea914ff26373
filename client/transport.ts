/**
 * The way to the server and back: one attempt after another until there is an answer that means something,
 * or the caller's patience is over.
 *
 * supabase-js keeps the body of a function's refusal in an unread Response, and throws away why a request
 * did not arrive; here both reach the caller.
 *
 * @module
 */
import type { SupabaseClient } from "@supabase/supabase-js";
import { type Failure, failure, type Result, success } from "./result.ts";
import { fieldOf } from "./shapes.ts";

/** What this library uses of a supabase-js client, whatever database it is typed by. */
export type Supabase = Pick<SupabaseClient, "functions" | "rpc" | "from">;

/** What every call takes. */
export interface CallOptions {
  /** Gives up: the answer is `aborted`. What was sent may have arrived all the same. */
  readonly signal?: AbortSignal;
  /** How long the call may take in all, attempts and waits included; 30,000 if not given. */
  readonly timeoutMs?: number;
}

/** What an attempt came to: an answer, or a failure that may be worth another attempt. */
export interface Attempt<Answer> {
  readonly result: Result<{ answer: Answer }>;
  readonly transient: boolean;
}

const TIMEOUT_MS = 30_000;
/** An attempt that hangs must leave time for one that does not. */
const ATTEMPT_TIMEOUT_MS = 10_000;
const MAX_ATTEMPTS = 5;
const BACKOFF_MS = { first: 150, most: 3_000 } as const;

/** What is known of a call that was not answered. */
const UNKNOWN = "it may have taken effect or not";

/**
 * Runs attempts until one is answered.
 *
 * @param safe - Whether the same call twice is as good as once. Only then is it attempted again.
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
    const wait = Math.random() * Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** number);
    const last = number === MAX_ATTEMPTS || performance.now() + wait >= deadline;
    if (result.success || !transient || !safe || last) return result;
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
    const timer = setTimeout(end, ms);
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
  // supabase-js may wait for a token before it sends anything, and knows no signal there.
  const over = new Promise<undefined>((resolve) =>
    controller.signal.addEventListener("abort", () => resolve(undefined))
  );
  const making = attempt(controller.signal);
  making.catch(() => {}); // nobody may be listening any more
  try {
    const made = await Promise.race([making, over]);
    if (made && (made.result.success || !controller.signal.aborted)) return made;
    // However the layers below tell of it, the reason is known here.
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
 * @param safe - Whether it may be called again where it is not known whether it was answered.
 * @returns The body, whole. Errors: the function's own; `network_error`, `timeout`, `aborted`;
 *   `unexpected_answer` for what no function of ours says (a gateway, a function that is not there).
 */
export async function invoke<Data extends object>(
  supabase: Supabase,
  name: string,
  body: Readonly<Record<string, unknown>>,
  { safe, ...options }: CallOptions & { readonly safe: boolean },
): Promise<Result<Data>> {
  const called = await call(safe, async (signal) => {
    const { data, error }: { data: unknown; error: unknown } = await supabase.functions.invoke(
      name,
      { body, signal },
    );
    return error === null ? bodyOf<Data>(data, 200) : await refusedBy(error);
  }, options);
  return called.success ? success(called.answer) : called;
}

/** A refusal is in the Response that supabase-js hands over unread; without one, nothing arrived. */
async function refusedBy(error: unknown): Promise<Attempt<never>> {
  const context = fieldOf(error, "context");
  if (!(context instanceof Response)) {
    return { result: failure("network_error", reasonOf(context ?? error)), transient: true };
  }
  let text: string;
  try {
    text = await context.text();
  } catch (broken) {
    return { result: failure("network_error", reasonOf(broken)), transient: true };
  }
  return bodyOf(parsed(text), context.status);
}

function bodyOf<Data extends object>(body: unknown, status: number): Attempt<Data> {
  const code = fieldOf(body, "code");
  const error = fieldOf(body, "error");
  if (isObject<Data>(body) && fieldOf(body, "success") === true && status < 300) {
    return { result: success({ answer: body }), transient: false };
  }
  const transient = isTransient(status);
  if (fieldOf(body, "success") === false && typeof code === "string" && typeof error === "string") {
    return { result: { ...body as object, success: false, code, error }, transient };
  }
  return { result: unexpected(status, body), transient };
}

/** An answer of PostgREST as postgrest-js hands it over. */
export interface PostgrestAnswer {
  readonly data: unknown;
  readonly error: unknown;
  readonly status: number;
}

/**
 * Calls an RPC.
 *
 * @param read - Makes the answer of what came; `undefined` for what is none.
 * @param safe - Whether it may be called again where it is not known whether it was answered.
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
  const request = (signal: AbortSignal) => supabase.rpc(name, args).abortSignal(signal);
  return call(safe, async (signal) => answerOf(await request(signal), read), options);
}

/** Reads what PostgREST answered, to an RPC or to a select. */
export function answerOf<Answer>(
  { data, error, status }: PostgrestAnswer,
  read: (data: unknown) => Answer | undefined,
): Attempt<Answer> {
  const transient = isTransient(status);
  const refused = refusalOf(error ?? data);
  if (refused) return { result: refused, transient };
  if (error === null) {
    const answer = read(data);
    return answer === undefined
      ? { result: unexpected(status, data), transient: false }
      : { result: success({ answer }), transient: false };
  }
  if (status === 0) return { result: failure("network_error", reasonOf(error)), transient: true };
  const code = String(fieldOf(error, "code"));
  if (status === 401 || code === "42501") {
    return { result: failure("unauthorized", reasonOf(error)), transient: false };
  }
  // Class 22, data exception: an argument that is not of its type.
  if (/^22...$/.test(code)) {
    return { result: failure("invalid_input", reasonOf(error)), transient: false };
  }
  return { result: unexpected(status, error), transient };
}

/** A refusal that was raised has its code as hint of SQLSTATE `PTxyz`; one that was recorded, as code. */
function refusalOf(body: unknown): Failure | undefined {
  const code = fieldOf(body, "code");
  const hint = fieldOf(body, "hint");
  const error = fieldOf(body, "error");
  if (typeof code !== "string") return undefined;
  if (/^PT\d{3}$/.test(code) && typeof hint === "string") {
    return { success: false, code: hint, error: reasonOf(body) };
  }
  if (fieldOf(body, "accepted") === false && typeof error === "string") {
    return { success: false, code, error };
  }
}

/** Overload, a deployment, a lost connection behind the gateway: gone at the next attempt, mostly. */
export function isTransient(status: number): boolean {
  return status === 429 || status >= 500;
}

function unexpected(status: number, body: unknown): Failure {
  const error = `Unexpected answer with status ${status}: ${reasonOf(body)}`;
  return { ...failure("unexpected_answer", error), httpStatus: status };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function reasonOf(value: unknown): string {
  const message = fieldOf(value, "message") ?? fieldOf(value, "error") ?? value;
  const text = typeof message === "string" ? message : JSON.stringify(message) ?? "nothing";
  // A cut through a pair of surrogates would leave what is no text.
  return text.slice(0, 300).replace(/\p{Surrogate}/gu, "");
}

function isObject<T extends object>(value: unknown): value is T {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
