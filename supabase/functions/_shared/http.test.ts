import assert from "node:assert/strict";
import { z } from "zod";
import { logged } from "../../tests/functions/logged.ts";
import { Refusal } from "./errors.ts";
import { FrostError } from "./frost/error.ts";
import { answerError, type Context, endpoint, MAX_BODY_BYTES, receive } from "./http.ts";

const URL = "http://localhost/functions/v1/name";
const Body = z.object({ a: z.int() });

/** What `receive` reads of a context: all else is its handler's. */
function contextOf(authMode: string, role?: unknown): Context {
  const context: Partial<Record<keyof Context, unknown>> = { authMode, jwtClaims: { role } };
  return context as Context;
}

const member = contextOf("user", "authenticated");

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

Deno.test("endpoint() gives withSupabase's refusals our shape, and takes only its 401 for the caller's fault", async () => {
  const refuse = (status: number) => () =>
    Promise.resolve(Response.json({ message: "JWKS at https://internal.example" }, {
      status,
      headers: { "x-supabase-server-error": "SOME_CODE" },
    }));
  const unauthorized = await bodyOf(await endpoint(refuse(401))(post(null)));
  assert.equal(unauthorized.code, "unauthorized");
  assert.equal(unauthorized.status, 401);
  for (const status of [400, 403, 500, 503]) {
    const { result, log } = await logged(() => endpoint(refuse(status))(post(null)));
    const { code, error } = await bodyOf(result);
    assert.equal(code, "internal");
    assert.doesNotMatch(error, /internal\.example/);
    assert.match(log, /SOME_CODE.*internal\.example/);
  }
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

Deno.test("receive() hands the parsed body on, and answers with success and the status given", async () => {
  const serve = receive(Body, ({ a }) => Promise.resolve({ b: a + 1 }), 201);
  assert.deepEqual(await bodyOf(await serve(post('{"a":1,"extra":true}'), member)), {
    status: 201,
    success: true,
    b: 2,
  });
});

Deno.test("receive() reads nothing for a token of another role than members have", async () => {
  const serve = receive(Body, () => Promise.reject(new Error("Not to be reached")));
  for (const role of ["service_role", "anon", "", undefined, null, ["authenticated"]]) {
    const request = post('{"a":1}');
    const { code } = await bodyOf(await serve(request, contextOf("user", role)));
    assert.equal(code, "unauthorized", String(role));
    assert.equal(request.bodyUsed, false);
  }
  const { success } = await bodyOf(
    await receive(Body, () => Promise.resolve({}))(post('{"a":1}'), contextOf("secret")),
  );
  assert.equal(success, true);
});

Deno.test("receive() stops reading where a body gets too large, whatever its length header says", async () => {
  const serve = receive(Body, () => Promise.resolve({}));
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
    const { code, status } = await bodyOf(await serve(post(endless, headers), member));
    assert.deepEqual([code, status], ["payload_too_large", 413], length);
    assert.ok(cancelled);
    assert.ok(pulled <= MAX_BODY_BYTES + 4096, `${pulled} bytes were read`);
  }
});

Deno.test("receive() does not begin to read a body that says it is too large", async () => {
  const serve = receive(Body, () => Promise.resolve({}));
  let pulled = 0;
  const stream = new ReadableStream({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(1));
    },
  }, { highWaterMark: 0 });
  const headers = { "content-length": String(MAX_BODY_BYTES + 1) };
  const { code } = await bodyOf(await serve(post(stream, headers), member));
  assert.equal(code, "payload_too_large");
  assert.equal(pulled, 0);
});

Deno.test("receive() names every problem of a body and where it is", async () => {
  const schema = z.object({ a: z.object({ b: z.array(z.int()) }), c: z.string() });
  const serve = receive(schema, () => Promise.resolve({}));
  const { code, error } = await bodyOf(await serve(post('{"a":{"b":[1,"2"]}}'), member));
  assert.equal(code, "invalid_input");
  assert.match(error, /^a\.b\.1: .+; c: /);
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
  const serve = receive(z.object({ a: z.string() }), (body) => Promise.resolve(body));
  const bytes = Uint8Array.from([...new TextEncoder().encode('{"a":"'), 0xff, 0x22, 0x7d]);
  assert.equal((await bodyOf(await serve(post(bytes), member))).code, "invalid_json");
});

Deno.test("receive() names a few problems of a body, however many it has", async () => {
  const serve = receive(z.object({ a: z.array(z.string()) }), (body) => Promise.resolve(body));
  const body = JSON.stringify({ a: Array.from({ length: 9_000 }, (_, i) => i) });
  const { code, error } = await bodyOf(await serve(post(body), member));
  assert.equal(code, "invalid_input");
  assert.ok(error.startsWith("a.0: ") && error.length <= 500, error.slice(0, 600));
});

Deno.test("receive() refuses a token with claims that the database cannot read", async () => {
  const serve = receive(Body, (body) => Promise.resolve(body));
  for (const claims of [{ x: "\0" }, { "\ud800": 1 }, { user_metadata: { a: ["b", "c\0"] } }]) {
    const context = contextOf("user", "authenticated");
    Object.assign(context.jwtClaims ?? {}, claims);
    assert.equal((await bodyOf(await serve(post('{"a":1}'), context))).code, "unauthorized");
  }
  assert.equal((await bodyOf(await serve(post('{"a":1}'), member))).a, 1);
});
