/**
 * Requests to the functions as any HTTP client makes them, and what every refusal must look like.
 */
import assert from "node:assert/strict";
import type postgres from "postgres";
import { settled } from "../../functions/_shared/background.ts";
import type { ErrorCode } from "../../functions/_shared/errors.ts";
import type { StackAddress } from "../../local/stack.ts";
import { type TestDatabase, withStack } from "./harness.ts";
import { shared } from "./shared.ts";

/** A stack over a database of the test's own. */
export type TestStack = StackAddress & { readonly database: TestDatabase };

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** What a function answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** An empty object for what is no JSON object. */
  readonly body: Json;
}

/** The statuses clients rely on: the catalogue is tested against this, not itself. */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_json: 400,
  invalid_input: 400,
  unauthorized: 401,
  not_in_family: 403,
  not_a_participant: 403,
  not_a_signer: 403,
  not_the_creator: 403,
  session_not_found: 404,
  method_not_allowed: 405,
  payload_too_large: 413,
  nonce_reused: 409,
  commitment_already_submitted: 409,
  share_already_submitted: 409,
  round_closed: 409,
  round_open: 409,
  invalid_transition: 409,
  session_finished: 409,
  share_owed: 409,
  key_retired: 409,
  session_expired: 410,
  no_key_package: 422,
  message_hash_invalid: 422,
  participants_invalid: 422,
  threshold_invalid: 422,
  commitment_invalid: 422,
  share_invalid: 422,
  signature_invalid: 422,
  key_package_invalid: 422,
  event_mismatch: 422,
  host_key_invalid: 422,
  ceremony_message_invalid: 422,
  rate_limited: 429,
  internal: 500,
};

/** One stack for all tests of a file; to be asked for inside of them. */
export const sharedStack = (): () => TestStack => shared(withStack);

/** Who calls: a user by token, the service by the secret key, or nobody. */
export type Credentials = { readonly token?: string; readonly apikey?: string };

/**
 * Sends a request to a function, and waits for what that does after its answer: they run in this process. A body that is
 * no text, bytes or stream is sent as JSON.
 */
export async function call(
  { apiUrl }: StackAddress,
  name: string,
  { token, apikey }: Credentials,
  body?: unknown,
  init: RequestInit = {},
): Promise<Answer> {
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  if (apikey !== undefined) headers.set("apikey", apikey);
  headers.set("content-type", "application/json");
  const raw = typeof body === "string" || body instanceof Uint8Array ||
    body instanceof ReadableStream || body === undefined;
  const response = await fetch(`${apiUrl}/functions/v1/${name}`, {
    method: "POST",
    ...init,
    headers,
    body: raw ? body as BodyInit | undefined : JSON.stringify(body),
  });
  const text = await response.text();
  await settled();
  return { status: response.status, headers: response.headers, text, body: objectOf(text) };
}

/** Calls an RPC through the data API. */
export async function rpc(
  { apiUrl, publishableKey }: StackAddress,
  name: string,
  { token, apikey = publishableKey }: Credentials,
  args: Json = {},
): Promise<Answer> {
  const response = await fetch(`${apiUrl}/rest/v1/rpc/${name}`, {
    method: "POST",
    headers: {
      apikey,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      "content-type": "application/json",
    },
    body: JSON.stringify(args),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: objectOf(text) };
}

/** That it succeeded, with this status; the answer's fields. */
export function accepted(answer: Answer, status = 200): Json {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.body.success, true, answer.text);
  assertCors(answer);
  return answer.body;
}

/** That a function refused with this code: its status, one shape of body, CORS headers. */
export function refused(answer: Answer, code: ErrorCode, about = ""): void {
  const shown = `${about} ${answer.status} ${answer.text}`;
  assert.equal(answer.body.code, code, shown);
  assert.equal(answer.status, STATUS[code], shown);
  assert.equal(answer.body.success, false, shown);
  assert.ok(typeof answer.body.error === "string" && answer.body.error !== "", shown);
  assert.match(answer.headers.get("content-type") ?? "", /^application\/json/, shown);
  assertCors(answer);
}

/** That an RPC refused with this code, as PostgREST tells it. */
export function rpcRefused(answer: Answer, code: ErrorCode): void {
  assert.equal(answer.body.hint, code, answer.text);
  assert.equal(answer.body.code, `PT${STATUS[code]}`, answer.text);
  assert.equal(answer.status, STATUS[code], answer.text);
}

/** That a browser of any origin may read the answer. */
export function assertCors({ headers }: Answer): void {
  assert.equal(headers.get("access-control-allow-origin"), "*");
  const allowed = headers.get("access-control-allow-headers") ?? "";
  for (const name of ["authorization", "apikey", "content-type"]) {
    assert.ok(allowed.toLowerCase().includes(name), allowed);
  }
}

/**
 * That `work` leaves every table of the product as it was, but for this many events more.
 */
export async function writesNothing<T>(
  sql: postgres.Sql,
  work: () => Promise<T>,
  { events = 0 }: { events?: number } = {},
): Promise<T> {
  const before = await census(sql);
  const result = await work();
  const after = await census(sql);
  const logged = (all: typeof before) => Number(all.get("frost_events")?.split(" ")[0]);
  assert.equal(logged(after) - logged(before), events, "The number of events written");
  // What writing an event counts and locks.
  const besides = events === 0 ? [] : ["event_heads", "usage"];
  for (const name of ["frost_events", ...besides]) {
    for (const all of [before, after]) all.delete(name);
  }
  assert.deepEqual(after, before);
  return result;
}

/** Every table of the product, with the number of its rows and a digest of what is in them. */
async function census(sql: postgres.Sql): Promise<Map<string, string>> {
  const tables = await sql<{ schema: string; name: string }[]>`
    select schemaname as schema, tablename as name from pg_tables
    where schemaname in ('public', 'permafrost') order by 1, 2`;
  const rows = await sql.unsafe<{ name: string; content: string }[]>(
    tables.map(({ schema, name }) =>
      `select '${name}' as name, count(*) || ' ' ||
        coalesce(md5(string_agg(md5(t::text), '' order by md5(t::text))), '') as content
      from ${schema}.${name} as t`
    ).join(" union all "),
  );
  return new Map(rows.map(({ name, content }) => [name, content]));
}

function objectOf(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? Object.fromEntries(Object.entries(value)) : {};
  } catch {
    return {};
  }
}

/** How many answers there are of each status and code. */
export function tallyAnswers(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const key = body.success === true ? String(status) : `${status} ${body.code}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
