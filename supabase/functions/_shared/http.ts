/**
 * The one wrapper of all functions: from a Request to a checked body, and from whatever happens to an
 * answer of one shape.
 *
 * ```ts
 * export default { fetch: endpoint(withSupabase({ auth: "user" }, receive(Body, handle))) };
 * ```
 *
 * {@link endpoint} stands outside authentication and {@link receive} inside, so that nothing of a body is
 * read before its sender is known. A handler returns what it answers, or throws.
 *
 * @module
 */
import type { SupabaseContext } from "@supabase/server";
import { corsHeaders } from "@supabase/supabase-js/cors";
import type { z } from "zod";
import type { Database } from "./database.types.ts";
import { type ErrorCode, ERRORS, isErrorCode, Refusal } from "./errors.ts";
import { FrostError } from "./frost/error.ts";
import { isStorable } from "./identifier.ts";

/** Bodies larger than this, in bytes, are refused unread. */
export const MAX_BODY_BYTES = 64 * 1024;

/** So many problems of a body are named; who sends thousands does not get them all back. */
const MOST_PROBLEMS = 3;

/** What `withSupabase` hands to a handler, typed by our database. */
export type Context = SupabaseContext<Database>;

type Fetch = (request: Request) => Promise<Response>;

/**
 * Answers preflights, lets requests of one method through to `next`, and gives every answer CORS headers, those of the
 * authentication that failed and of a handler that threw included.
 *
 * Errors: `method_not_allowed`, `unauthorized`, `internal`.
 */
export function endpoint(next: Fetch, method: "GET" | "POST" = "POST"): Fetch {
  return async (request) => {
    let response: Response;
    try {
      if (request.method === "OPTIONS") response = new Response(null, { status: 204 });
      else if (request.method !== method) {
        response = refused("method_not_allowed", `This function takes ${method} requests`);
        response.headers.set("allow", `${method}, OPTIONS`);
      } else response = await authenticated(await next(request));
    } catch (error) {
      response = answerError(error);
    }
    for (const [name, value] of Object.entries(corsHeaders)) response.headers.set(name, value);
    return response;
  };
}

/** `withSupabase` answers in a shape of its own where it refuses; clients know one shape. */
async function authenticated(response: Response): Promise<Response> {
  const code = response.headers.get("x-supabase-server-error");
  if (code === null) return new Response(response.body, response);
  if (response.status === 401) return refused("unauthorized");
  throw new Error(`Authentication failed with ${code}: ${await response.text()}`);
}

/**
 * Reads the body, checks it against `schema`, and answers with what `handle` returns, at `status`.
 *
 * Errors: `unauthorized`, `payload_too_large`, `invalid_json`, `invalid_input`, and those `handle` throws:
 * a {@link Refusal} or {@link FrostError} with its code, anything else as `internal`.
 */
export function receive<Schema extends z.ZodType, Supabase extends Context>(
  schema: Schema,
  handle: (body: z.infer<Schema>, context: Supabase) => Promise<Record<string, unknown>>,
  status = 200,
): (request: Request, context: Supabase) => Promise<Response> {
  return async (request, context) => {
    try {
      requireMember(context);
      const answer = await handle(check(schema, parse(await readBody(request))), context);
      return Response.json({ success: true, ...answer }, { status });
    } catch (error) {
      return answerError(error);
    }
  };
}

/**
 * A token that is good, but of a role that may not do what members may (`anon`, or the service's own), or
 * with claims that the database cannot read.
 */
function requireMember({ authMode, jwtClaims }: Context): void {
  if (authMode !== "user") return;
  if (jwtClaims?.role !== "authenticated" || !isStorableThroughout(jwtClaims)) {
    throw new Refusal("unauthorized");
  }
}

function isStorableThroughout(value: unknown): boolean {
  const parts = [value];
  // Not by recursion: a user may nest its metadata deeper than the stack.
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    if (typeof part === "string" && !isStorable(part)) return false;
    if (typeof part === "object" && part !== null) {
      for (const [name, inner] of Object.entries(part)) parts.push(name, inner ?? null);
    }
  }
  return true;
}

/** Reads at most {@link MAX_BODY_BYTES}: a length header may lie, and a large body is never held whole. */
async function readBody(request: Request): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BODY_BYTES) {
    await request.body?.cancel();
    throw new Refusal("payload_too_large");
  }
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Refusal("payload_too_large");
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** JSON is UTF-8 (RFC 8259 section 8.1); bytes that are not would be replaced without a word otherwise. */
function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Refusal("invalid_json");
  }
}

function check<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, MOST_PROBLEMS).map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`
  );
  // A cut through a pair of surrogates would leave what is no text.
  throw new Refusal("invalid_input", problems.join("; ").slice(0, 500).toWellFormed());
}

/** The answer for what a handler threw. */
export function answerError(error: unknown): Response {
  if (error instanceof Refusal || error instanceof FrostError && isErrorCode(error.code)) {
    return refused(error.code, error.message);
  }
  // The caller gets an id to ask about; what happened stays in the log.
  const requestId = crypto.randomUUID();
  console.error(`Request ${requestId} failed:`, error);
  return refused("internal", undefined, { requestId });
}

function refused(code: ErrorCode, message?: string, more?: Record<string, string>): Response {
  const [status, sentence] = ERRORS[code];
  return Response.json({ success: false, code, error: message ?? sentence, ...more }, { status });
}
