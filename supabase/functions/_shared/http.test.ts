import assert from "node:assert/strict";
import { z } from "zod";
import { logged } from "../../tests/functions/logged.ts";
import { Refusal } from "./errors.ts";
import { FrostError } from "./frost/error.ts";
import { answerError, endpoint, MAX_BODY_BYTES, receive } from "./http.ts";

const URL = "http://localhost/functions/v1/name";
const Body = z.object({ a: z.int() });

const handle = () => Promise.resolve({});
const CONTEXT = { who: "ann" };

/** What `receive` makes of a request, as `endpoint` answers it. */
function serve(...args: Parameters<typeof receive>): (request: Request) => Promise<Response> {
  const handle = receive(...args);
  return endpoint((request) => handle(request, CONTEXT));
}

function post(body: BodyInit | null, headers: HeadersInit = {}): Request {
  return new Request(URL, { method: "POST", body, headers });
}

async function bodyOf(response: Response) {
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
  return { status: response.status, ...await response.json() };
}

Deno.test("endpoint() answers what is thrown inside it as internal, with CORS headers", async () => {
  const serve = endpoint(() => Promise.reject(new Error("password=hunter2")));
  const { result, log } = await logged(() => serve(post(null)));
  assert.equal(result.headers.get("access-control-allow-origin"), "*");
  const { requestId, ...rest } = await bodyOf(result);
  assert.deepEqual(rest, {
    status: 500,
    success: false,
    code: "internal",
    error: "Something went wrong on our side",
  });
  assert.ok(log.includes(requestId) && log.includes("hunter2"), log);
});

Deno.test("endpoint() answers a refusal that is thrown inside it with its code and CORS headers", async () => {
  const serve = endpoint(() =>
    Promise.reject(new Refusal("unauthorized", "The token has expired"))
  );
  const response = await serve(post(null));
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  assert.deepEqual(await bodyOf(response), {
    status: 401,
    success: false,
    code: "unauthorized",
    error: "The token has expired",
  });
});

Deno.test("endpoint() tells an operator what is wrong with the project, with an id that the log has too", async () => {
  const serve = endpoint(() => Promise.reject(new Refusal("internal", "Create a secret key")));
  const { result, log } = await logged(() => serve(post(null)));
  assert.equal(result.headers.get("access-control-allow-origin"), "*");
  const { requestId, code, status, error } = await bodyOf(result);
  assert.deepEqual([code, status, error], ["internal", 500, "Create a secret key"]);
  assert.ok(log.includes(requestId), log);
});

Deno.test("endpoint() tells when to try again, in the answer and where a browser may read it", async () => {
  const serve = (retryAfterMs: number) =>
    endpoint(() => Promise.reject(new Refusal("rate_limited", "Slowly", { retryAfterMs })));
  for (const [ms, seconds] of [[1, "1"], [1000, "1"], [1001, "2"], [60_000, "60"]] as const) {
    const response = await serve(ms)(post(null));
    assert.equal(response.headers.get("retry-after"), seconds);
    const exposed = response.headers.get("access-control-expose-headers") ?? "";
    assert.match(exposed, /\bretry-after\b/i);
    const { status, code, retry_after_ms } = await bodyOf(response);
    assert.deepEqual([status, code, retry_after_ms], [429, "rate_limited", ms]);
  }
  const other = await endpoint(() => Promise.reject(new Refusal("round_open")))(post(null));
  assert.equal(other.headers.get("retry-after"), null);
  assert.ok(!("retry_after_ms" in await bodyOf(other)));
});

Deno.test("endpoint() lets one method through, and asks nobody who a preflight is", async () => {
  let calls = 0;
  const next = () => {
    calls++;
    return Promise.resolve(Response.json({}));
  };
  const statusOf = async (method: string, allowed?: "GET") =>
    (await endpoint(next, allowed)(new Request(URL, { method }))).status;
  assert.equal(await statusOf("OPTIONS"), 204);
  assert.equal(await statusOf("GET"), 405);
  assert.equal(await statusOf("HEAD", "GET"), 405);
  assert.equal(await statusOf("POST", "GET"), 405);
  assert.equal(calls, 0);
  assert.equal(await statusOf("POST"), 200);
  assert.equal(await statusOf("GET", "GET"), 200);
  assert.equal(calls, 2);
});

Deno.test("receive() hands body and context on, and answers with success and the status given", async () => {
  const handle = receive(
    Body,
    ({ a }, { who }: typeof CONTEXT) => Promise.resolve({ b: a + 1, who }),
    { status: 201 },
  );
  const response = await handle(post('{"a":1,"extra":true}'), CONTEXT);
  assert.deepEqual(await bodyOf(response), { status: 201, success: true, b: 2, who: "ann" });
});

Deno.test("receive() stops reading where a body gets too large, whatever its length header says", async () => {
  for (const length of [undefined, "2", "-1", "x"]) {
    const headers: HeadersInit = length === undefined ? {} : { "content-length": length };
    let pulled = 0;
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        pulled += 1024;
        controller.enqueue(new Uint8Array(1024));
      },
      cancel() {
        cancelled = true;
      },
    });
    const { code, status } = await bodyOf(await serve(Body, handle)(post(endless, headers)));
    assert.deepEqual([code, status], ["payload_too_large", 413], length);
    assert.ok(cancelled);
    assert.ok(pulled <= MAX_BODY_BYTES + 4096, `${pulled} bytes were read`);
  }
});

Deno.test("receive() does not begin to read a body that says it is too large", async () => {
  let pulled = 0;
  const stream = new ReadableStream({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(1));
    },
  }, { highWaterMark: 0 });
  const headers = { "content-length": String(MAX_BODY_BYTES + 1) };
  const { code } = await bodyOf(await serve(Body, handle)(post(stream, headers)));
  assert.equal(code, "payload_too_large");
  assert.equal(pulled, 0);
});

Deno.test("receive() takes as many bytes as it is told, and says how many", async () => {
  const text = (size: number) => '{"a":1}'.padEnd(size);
  for (const [options, size] of [[{}, 64], [{ maxBodyBytes: 256 * 1024 }, 256]] as const) {
    const within = await serve(Body, handle, options)(post(text(size * 1024)));
    assert.equal(within.status, 200);
    const { code, error } = await bodyOf(
      await serve(Body, handle, options)(post(text(size * 1024 + 1))),
    );
    assert.equal(code, "payload_too_large");
    assert.equal(error, `The body must be at most ${size} KiB`);
  }
});

Deno.test("answerError() tells refusals by their class, not by what looks like one", async () => {
  const told = [
    [new Refusal("round_open"), 409, "The round before this one is still open"],
    [new Refusal("round_open", "Wait"), 409, "Wait"],
    [new FrostError("share_invalid", "Not a scalar"), 422, "Not a scalar"],
  ] as const;
  for (const [error, status, message] of told) {
    const body = await bodyOf(answerError(error));
    assert.deepEqual(body, { status, success: false, code: error.code, error: message });
  }
  const others = [
    { code: "round_open", message: "From somewhere" },
    Object.assign(new Error("From somewhere"), { code: "round_open" }),
    "From somewhere",
    undefined,
    null,
  ];
  for (const error of others) {
    const { result } = await logged(() => Promise.resolve(answerError(error)));
    const body = await bodyOf(result);
    assert.deepEqual([body.status, body.code], [500, "internal"]);
    assert.doesNotMatch(body.error, /somewhere/);
  }
});

Deno.test("receive() takes a body that is no UTF-8 for no JSON", async () => {
  const bytes = Uint8Array.from([...new TextEncoder().encode('{"a":"'), 0xff, 0x22, 0x7d]);
  assert.equal(
    (await bodyOf(await serve(z.object({ a: z.string() }), handle)(post(bytes)))).code,
    "invalid_json",
  );
});
