/**
 * The one wrapper of all functions: from a Request to a checked body, and from whatever happens to an
 * answer of one shape.
 *
 * ```ts
 * export default { fetch: endpoint(asUser(receive(Body, handle))) };
 * ```
 *
 * {@link endpoint} stands outside authentication and {@link receive} inside, so that nothing of a body is
 * read before its sender is known. A handler returns what it answers, or throws.
 *
 * @module
 */
import { corsHeaders } from "@supabase/supabase-js/cors";
import type { z } from "zod";
import { type ErrorCode, ERRORS, Refusal } from "./errors.ts";
import { FrostError } from "./frost/error.ts";
import { parseBody } from "./input.ts";
import "./pins.ts";

/** Bytes of a body. What is larger is refused unread. */
export const MAX_BODY_BYTES = 64 * 1024;

/** Bytes of a body that holds a list: 255 guardians fit, on every curve and beside an event template. */
export const MAX_LIST_BODY_BYTES = 256 * 1024;

type Fetch = (request: Request) => Promise<Response>;

/** Browsers show an app no other headers of an answer from elsewhere. */
const EXPOSED_HEADERS = { "access-control-expose-headers": "retry-after" };

/**
 * Answers preflights, lets requests of one method through to `next`, and gives every answer CORS headers, those of an
 * authentication that failed and of a handler that threw included.
 *
 * Errors: `method_not_allowed`, and those that `next` throws.
 */
export function endpoint(next: Fetch, method: "GET" | "POST" = "POST"): Fetch {
  return async (request) => {
    let response: Response;
    try {
      if (request.method === "OPTIONS") response = new Response(null, { status: 204 });
      else if (request.method !== method) {
        response = answerError(
          new Refusal("method_not_allowed", `This function takes ${method} requests`),
        );
        response.headers.set("allow", `${method}, OPTIONS`);
      } else response = await next(request);
    } catch (error) {
      response = answerError(error);
    }
    for (const [name, value] of Object.entries({ ...corsHeaders, ...EXPOSED_HEADERS })) {
      response.headers.set(name, value);
    }
    return response;
  };
}

/** How a function receives and answers. */
export interface ReceiveOptions {
  /** Of the answer; 200 if not given. */
  readonly status?: number;
  /** {@link MAX_BODY_BYTES} if not given. */
  readonly maxBodyBytes?: number;
}

/**
 * Reads the body, checks it against `schema`, and answers with what `handle` returns.
 *
 * @throws {Refusal} `payload_too_large`, `invalid_json`, `invalid_input`, and what `handle` throws.
 */
export function receive<Schema extends z.ZodType, Context>(
  schema: Schema,
  handle: (body: z.infer<Schema>, context: Context) => Promise<Record<string, unknown>>,
  { status = 200, maxBodyBytes = MAX_BODY_BYTES }: ReceiveOptions = {},
): (request: Request, context: Context) => Promise<Response> {
  return async (request, context) => {
    const body = parseBody(schema, parseJson(await readBody(request, maxBodyBytes)));
    return Response.json({ success: true, ...await handle(body, context) }, { status });
  };
}

/** Reads no more than the limit: a length header may lie, and a large body is never held whole. */
async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = () =>
    new Refusal("payload_too_large", `The body must be at most ${maxBytes / 1024} KiB`);
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) {
    await request.body?.cancel();
    throw tooLarge();
  }
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** JSON is UTF-8 (RFC 8259 section 8.1); bytes that are not would be replaced without a word otherwise. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Refusal("invalid_json");
  }
}

/** The answer for what was thrown. */
export function answerError(error: unknown): Response {
  const refusal = refusalOf(error);
  const response = Response.json(refusal, { status: ERRORS[refusal.code][0] });
  const { retry_after_ms: retryAfterMs } = refusal;
  if (retryAfterMs !== undefined) {
    response.headers.set("retry-after", String(Math.ceil(retryAfterMs / 1000)));
  }
  return response;
}

/** What a refused request, or an item of it, is answered. */
export interface RefusalAnswer extends Record<string, unknown> {
  readonly success: false;
  readonly code: ErrorCode;
  readonly error: string;
  readonly retry_after_ms?: number;
}

/** What the caller is told of what was thrown. */
export function refusalOf(error: unknown): RefusalAnswer {
  if (error instanceof Refusal && error.code !== "internal") {
    const { retryAfterMs, finalSignature } = error;
    return saying(error.code, error.message, {
      ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
      ...(finalSignature === undefined ? {} : { finalSignature }),
    });
  }
  if (error instanceof FrostError) return saying(error.code, error.message);
  // The caller gets an id to ask about; what happened stays in the log.
  const requestId = crypto.randomUUID();
  console.error(`Request ${requestId} failed:`, error);
  return saying("internal", error instanceof Refusal ? error.message : undefined, { requestId });
}

function saying(code: ErrorCode, message?: string, more?: Record<string, unknown>): RefusalAnswer {
  return { success: false, code, error: message ?? ERRORS[code][1], ...more };
}
