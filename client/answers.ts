/**
 * Reading what came back. supabase-js keeps the body of a function's refusal in an unread response, and
 * throws away why a request did not arrive; here both reach the caller.
 *
 * @module
 */
import { type Failure, failure, type Result, success } from "./result.ts";
import { fieldOf } from "./shapes.ts";
import type { FunctionAnswer, PostgrestAnswer } from "./supabase.ts";

/** What an attempt came to: an answer, or a failure that may be worth another attempt. */
export interface Attempt<Answer> {
  readonly result: Result<{ answer: Answer }>;
  readonly transient: boolean;
}

/** Reads what an edge function answered. A success is the body, whole. */
export async function functionAnswerOf<Data extends object>(
  { data, error }: FunctionAnswer,
): Promise<Attempt<Data>> {
  if (error === null) return bodyOf<Data>(data, 200);
  // A refusal is in the response that supabase-js hands over unread; without one, nothing arrived.
  const response = fieldOf(error, "context");
  if (!isResponse(response)) return unreachable(response ?? error);
  let text: string;
  try {
    text = await response.text();
  } catch (broken) {
    return unreachable(broken);
  }
  return bodyOf<Data>(parsed(text), response.status, retryAfterOf(response));
}

/**
 * Reads what PostgREST answered, to an RPC or to a select.
 *
 * @param read - Reads the data; `undefined` if they are not what was asked for.
 */
export function postgrestAnswerOf<Answer>(
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
  if (status === 0) return unreachable(error);
  const code = String(fieldOf(error, "code"));
  if (code === "42501") {
    return { result: refusal("unauthorized", reasonOf(error)), transient: false };
  }
  // Class 22, data exception: an argument that is not of its type.
  if (/^22...$/.test(code)) {
    return { result: refusal("invalid_input", reasonOf(error)), transient: false };
  }
  return { result: unexpected(status, error), transient };
}

/** Overload, a deployment, a lost connection behind the gateway: the next attempt may succeed. */
export function isTransient(status: number): boolean {
  return status === 429 || status >= 500;
}

/** The sentence for people in an error of any make: of another realm, of a gateway, or plain text. */
export function reasonOf(value: unknown): string {
  const message = fieldOf(value, "message") ?? fieldOf(value, "error") ?? fieldOf(value, "msg") ??
    value;
  const text = typeof message === "string" ? message : JSON.stringify(message) ?? "nothing";
  // A cut through a pair of surrogates would leave half of it, which is not text.
  return text.slice(0, 300).replace(/\p{Surrogate}/gu, "");
}

/** An HTTP response. */
interface ResponseLike {
  readonly status: number;
  readonly headers?: unknown;
  text(): Promise<string>;
}

/** By its shape: an app's `fetch` may have a Response of its own, and there may be no global one. */
function isResponse(value: unknown): value is ResponseLike {
  return typeof fieldOf(value, "status") === "number" &&
    typeof fieldOf(value, "text") === "function";
}

/** `Retry-After` in milliseconds, where it is a number of seconds. */
function retryAfterOf({ headers }: ResponseLike): number | undefined {
  if (!isHeaders(headers)) return undefined;
  const text = headers.get("retry-after");
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : undefined;
}

function isHeaders(value: unknown): value is { get(name: string): string | null } {
  return typeof fieldOf(value, "get") === "function";
}

function bodyOf<Data extends object>(
  body: unknown,
  status: number,
  retryAfterMs?: number,
): Attempt<Data> {
  const code = fieldOf(body, "code");
  const error = fieldOf(body, "error");
  if (isObject<Data>(body) && fieldOf(body, "success") === true && status < 300) {
    return { result: success({ answer: body }), transient: false };
  }
  const transient = isTransient(status);
  if (fieldOf(body, "success") === false && typeof code === "string" && typeof error === "string") {
    const { retry_after_ms, ...rest }: { retry_after_ms?: unknown } = body as object;
    const result = { ...rest, ...refusal(code, error, numberOf(retry_after_ms) ?? retryAfterMs) };
    return { result, transient };
  }
  return { result: unexpected(status, body, retryAfterMs), transient };
}

/** A refusal that was raised has its code as hint of SQLSTATE `PTxyz`; one that was recorded, as code. */
function refusalOf(body: unknown): Failure | undefined {
  const code = fieldOf(body, "code");
  const hint = fieldOf(body, "hint");
  const error = fieldOf(body, "error");
  if (typeof code !== "string") return undefined;
  if (/^PT\d{3}$/.test(code) && typeof hint === "string") {
    const details = fieldOf(body, "details");
    const wait = typeof details === "string"
      ? numberOf(fieldOf(parsed(details), "retry_after_ms"))
      : undefined;
    return refusal(hint, reasonOf(body), wait);
  }
  if (fieldOf(body, "accepted") === false && typeof error === "string") return refusal(code, error);
}

/** An answer that no function and no RPC of ours gives: a gateway before them has given it. */
function unexpected(status: number, body: unknown, retryAfterMs?: number): Failure {
  if (status === 401) return refusal("unauthorized", reasonOf(body));
  if (status === 429) return refusal("rate_limited", reasonOf(body), retryAfterMs);
  const error = `Unexpected answer with status ${status}: ${reasonOf(body)}`;
  return { ...failure("unexpected_answer", error), httpStatus: status };
}

function refusal(code: string, error: string, retryAfterMs?: number): Failure {
  const refused: Failure = { success: false, code, error };
  return retryAfterMs === undefined ? refused : { ...refused, retryAfterMs };
}

function unreachable(reason: unknown): Attempt<never> {
  return { result: failure("network_error", reasonOf(reason)), transient: true };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function isObject<T extends object>(value: unknown): value is T {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
