import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { functionAnswerOf, postgrestAnswerOf } from "./answers.ts";
import { invoke, rpc } from "./transport.ts";

const asNumber = (data: unknown) => typeof data === "number" ? data : undefined;

/** A response as undici and node-fetch make them: of a class that is not the global one. */
class ForeignResponse {
  readonly #response: Response;

  constructor(response: Response) {
    this.#response = response;
  }

  get status() {
    return this.#response.status;
  }

  get ok() {
    return this.#response.ok;
  }

  get headers() {
    return this.#response.headers;
  }

  text() {
    return this.#response.text();
  }

  json() {
    return this.#response.json();
  }
}

/** A supabase-js client whose own `fetch` answers so, and how often it was asked. */
function clientOf(answer: () => Response) {
  let calls = 0;
  const foreign = () => {
    calls++;
    // An app hands this to supabase-js as its `fetch`.
    return Promise.resolve(new ForeignResponse(answer()) as unknown as Response);
  };
  const supabase = createClient("http://127.0.0.1:9", "key", {
    accessToken: () => Promise.resolve("token"),
    global: { fetch: foreign },
  });
  return { supabase, calls: () => calls };
}

Deno.test("a refusal is read from a response of any class, also where there is no global one", async () => {
  const body = { success: false, code: "nonce_reused", error: "Known" };
  const { supabase, calls } = clientOf(() => Response.json(body, { status: 409 }));
  assert.deepEqual(await invoke(supabase, "a-function", {}, { safe: true }), body);
  const { Response: globalResponse } = globalThis;
  const response = new ForeignResponse(Response.json(body, { status: 409 }));
  try {
    Reflect.deleteProperty(globalThis, "Response");
    const { result } = await functionAnswerOf({ data: null, error: { context: response } });
    assert.deepEqual(result, body);
  } finally {
    Object.assign(globalThis, { Response: globalResponse });
  }
  assert.equal(calls(), 1);
});

Deno.test("an error of another realm says why nothing arrived", async () => {
  // As jest and vm contexts have them: not an instance of this realm's Error.
  const foreign = Object.create({ name: "TypeError" }, { message: { value: "reset by peer" } });
  const { result } = await functionAnswerOf({ data: null, error: { context: foreign } });
  assert.deepEqual(result, { success: false, code: "network_error", error: "reset by peer" });
});

Deno.test("a gateway's 401 is unauthorized, with any body", async () => {
  const bodies = [
    [JSON.stringify({ message: "Invalid JWT", code: 401 }), "Invalid JWT"],
    [JSON.stringify({ msg: "No API key found" }), "No API key found"],
    [JSON.stringify({ code: "UNAUTHORIZED", message: "Missing header" }), "Missing header"],
    ["Unauthorized", "Unauthorized"],
  ] as const;
  for (const [body, error] of bodies) {
    const { supabase, calls } = clientOf(() => new Response(body, { status: 401 }));
    const expected = { success: false, code: "unauthorized", error };
    assert.deepEqual(await invoke(supabase, "a-function", {}, { safe: true }), expected);
    const called = await rpc(supabase, "an_rpc", {}, asNumber, { safe: true });
    assert.equal(called.success ? "" : called.code, "unauthorized");
    assert.equal(calls(), 2, body);
  }
});

const LIMITED = [
  // A function, the database, and a gateway before them.
  [{ success: false, code: "rate_limited", error: "Too many", retry_after_ms: 120 }, {}],
  [{
    code: "PT429",
    hint: "rate_limited",
    message: "Too many",
    details: '{"retry_after_ms": 120}',
  }, {}],
  [{ message: "Too many" }, { "retry-after": "7" }],
] as const;

Deno.test("a refusal past a limit says after what time to come again", async () => {
  const [[ofFunction], [ofDatabase], [ofGateway, headers]] = LIMITED;
  const refused = { success: false, code: "rate_limited", error: "Too many" };
  const answered = async (body: object, headers = {}) => {
    const response = Response.json(body, { status: 429, headers });
    return (await functionAnswerOf({ data: null, error: { context: response } })).result;
  };
  assert.deepEqual(await answered(ofFunction), { ...refused, retryAfterMs: 120 });
  assert.deepEqual(await answered(ofGateway, headers), { ...refused, retryAfterMs: 7_000 });
  assert.deepEqual(await answered(ofGateway, { "retry-after": "Wed, 21 Oct 2026" }), refused);
  const { result } = postgrestAnswerOf({ data: null, error: ofDatabase, status: 429 }, asNumber);
  assert.deepEqual(result, { ...refused, retryAfterMs: 120 });
});

Deno.test("a safe call past a limit is made again after that time, if the caller waits as long", async () => {
  const [[limited]] = LIMITED;
  let refusals = 0;
  const answer = () =>
    refusals-- > 0 ? Response.json(limited, { status: 429 }) : Response.json({ success: true });
  const { supabase, calls } = clientOf(answer);
  const call = (safe: boolean, timeoutMs: number) => {
    refusals = 1;
    return invoke(supabase, "a-function", {}, { safe, timeoutMs });
  };
  const started = performance.now();
  assert.equal((await call(true, 10_000)).success, true);
  assert.ok(performance.now() - started >= 120);
  assert.equal(calls(), 2);
  // Longer than the caller waits; and a call that is sent once.
  for (const refused of [await call(true, 100), await call(false, 10_000)]) {
    assert.deepEqual([refused.success, "code" in refused && refused.code], [false, "rate_limited"]);
  }
  assert.equal(calls(), 4);
});
