import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import type { Failure, Result } from "./result.ts";
import { type CallOptions, invoke, type ParticipantOptions, rpc } from "./transport.ts";

type Answer = (
  request: Request,
  attempt: number,
  end: Promise<Response>,
) => Response | Promise<Response>;

/** Answers nothing until the test is over. */
const hang: Answer = (_request, _attempt, end) => end;

/** Runs `work` with a supabase-js client of a server that answers so; tells how often it was asked. */
async function withServer(
  answer: Answer,
  work: (
    call: {
      invoke(safe: boolean, options?: ParticipantOptions): Promise<Result<{ value?: number }>>;
      rpc(safe: boolean, options?: CallOptions): Promise<Result<{ answer: number }>>;
    },
    attempts: () => number,
  ) => Promise<void>,
): Promise<void> {
  let attempts = 0;
  const end = Promise.withResolvers<Response>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => answer(request, ++attempts, end.promise),
  );
  const supabase = createClient(`http://127.0.0.1:${server.addr.port}`, "key", {
    accessToken: () => Promise.resolve("token"),
  });
  const asNumber = (data: unknown) => typeof data === "number" ? data : undefined;
  try {
    await work({
      invoke: (safe, options) => invoke(supabase, "a-function", { a: 1 }, { ...options, safe }),
      rpc: (safe, options) => rpc(supabase, "an_rpc", { p_a: 1 }, asNumber, { ...options, safe }),
    }, () => attempts);
  } finally {
    end.resolve(new Response());
    await server.shutdown();
  }
}

const failed = (result: Result<object>): Failure => {
  if (result.success) assert.fail(`Expected a failure, got ${JSON.stringify(result)}`);
  return result;
};
Deno.test("invoke() and rpc() send what they are given, and return the answer", async () => {
  const seen: unknown[] = [];
  await withServer(async (request) => {
    seen.push(new URL(request.url).pathname, request.headers.get("authorization"));
    seen.push(await request.json());
    return request.url.includes("functions")
      ? Response.json({ success: true, value: 7 }, { status: 201 })
      : Response.json(7);
  }, async (call) => {
    assert.deepEqual(await call.invoke(false), { success: true, value: 7 });
    assert.deepEqual(await call.rpc(false), { success: true, answer: 7 });
  });
  assert.deepEqual(seen, [
    "/functions/v1/a-function",
    "Bearer token",
    { a: 1 },
    "/rest/v1/rpc/an_rpc",
    "Bearer token",
    { p_a: 1 },
  ]);
});

Deno.test("invoke() says who the caller is, if it knows", async () => {
  const bodies: unknown[] = [];
  const answer: Answer = async (request) => {
    bodies.push(await request.json());
    return Response.json({ success: true });
  };
  await withServer(answer, async (call) => {
    await call.invoke(true, { participantId: "ann" });
    await call.invoke(true);
  });
  assert.deepEqual(bodies, [{ a: 1, participantId: "ann" }, { a: 1 }]);
});

Deno.test("invoke() returns a refusal's body whole, and asks once", async () => {
  const body = { success: false, code: "share_invalid", error: "No", detail: { a: [1] } };
  await withServer(() => Response.json(body, { status: 422 }), async (call, attempts) => {
    assert.deepEqual(await call.invoke(true), body);
    assert.equal(attempts(), 1);
  });
});

Deno.test("rpc() reads the codes of refusals that were raised and that were returned", async () => {
  const raised = { code: "PT409", hint: "round_closed", message: "Closed", details: null };
  await withServer(() => Response.json(raised, { status: 409 }), async (call, attempts) => {
    assert.deepEqual(await call.rpc(true), {
      success: false,
      code: "round_closed",
      error: "Closed",
    });
    assert.equal(attempts(), 1);
  });
  const returned = { accepted: false, code: "nonce_reused", error: "Known" };
  for (const status of [409, 200]) {
    await withServer(() => Response.json(returned, { status }), async (call) => {
      assert.deepEqual(await call.rpc(true), {
        success: false,
        code: "nonce_reused",
        error: "Known",
      });
    });
  }
  // PostgreSQL's own hints are for people.
  const other = { code: "42883", hint: "Did you mean …", message: "No function", details: null };
  await withServer(() => Response.json(other, { status: 404 }), async (call, attempts) => {
    assert.deepEqual(failed(await call.rpc(true)).code, "unexpected_answer");
    assert.equal(attempts(), 1);
  });
});

Deno.test("a role without the right, and an invalid token, are unauthorized", async () => {
  const denied = { code: "42501", hint: null, message: "permission denied", details: null };
  const expired = { code: "PGRST301", hint: null, message: "JWT expired", details: null };
  for (const [status, body] of [[403, denied], [401, expired]] as const) {
    await withServer(() => Response.json(body, { status }), async (call) => {
      assert.equal(failed(await call.rpc(true)).code, "unauthorized");
    });
  }
});

Deno.test("a safe call is made again while the server stumbles, and an unsafe one is not", async () => {
  const stumble: Answer = (request, attempt) => {
    if (attempt < 3) return new Response("<html>Bad gateway</html>", { status: 502 });
    return request.url.includes("functions")
      ? Response.json({ success: true, value: 7 })
      : Response.json(7);
  };
  for (const kind of ["invoke", "rpc"] as const) {
    await withServer(stumble, async (call, attempts) => {
      assert.equal((await call[kind](true)).success, true);
      assert.equal(attempts(), 3);
    });
    await withServer(stumble, async (call, attempts) => {
      const { code, error } = failed(await call[kind](false));
      assert.equal(code, "unexpected_answer");
      assert.match(error, /502/);
      assert.equal(attempts(), 1);
    });
  }
});

Deno.test("a connection that breaks is asked again where that is safe", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let connections = 0;
  const accepting = (async () => {
    for await (const connection of listener) {
      connections++;
      connection.close();
    }
  })();
  const supabase = createClient(`http://127.0.0.1:${listener.addr.port}`, "key");
  for (const [safe, expected] of [[false, 1], [true, 5]] as const) {
    connections = 0;
    const result = await invoke(supabase, "a-function", {}, { safe });
    assert.equal(failed(result).code, "network_error");
    // Deno's fetch opens a connection again on its own where the first was closed at once.
    assert.ok(connections >= expected, `${connections} connections`);
    assert.ok(safe || connections <= 2, `${connections} connections`);
  }
  listener.close();
  await accepting;
});

Deno.test("a call that is not answered times out, and says that it may have taken effect", async () => {
  await withServer(hang, async (call, attempts) => {
    for (const kind of ["invoke", "rpc"] as const) {
      const started = performance.now();
      const { code, error } = failed(await call[kind](false, { timeoutMs: 80 }));
      assert.equal(code, "timeout");
      assert.match(error, /may have taken effect/);
      assert.ok(performance.now() - started < 2_000);
    }
    assert.equal(attempts(), 2);
  });
});

Deno.test("a caller may give up: before, while waiting for an answer, and between attempts", async () => {
  await withServer(hang, async (call, attempts) => {
    assert.equal(
      failed(await call.invoke(true, { signal: AbortSignal.abort() })).code,
      "aborted",
    );
    assert.equal(attempts(), 0);
    for (const kind of ["invoke", "rpc"] as const) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 50);
      assert.equal(failed(await call[kind](true, { signal: controller.signal })).code, "aborted");
    }
  });
  const controller = new AbortController();
  const give: Answer = () => {
    queueMicrotask(() => controller.abort());
    return new Response(null, { status: 503 });
  };
  await withServer(give, async (call, attempts) => {
    assert.equal(failed(await call.invoke(true, { signal: controller.signal })).code, "aborted");
    assert.equal(attempts(), 1);
  });
});

Deno.test("an answer that is not of ours is unexpected", async () => {
  const answers: Array<[number, unknown]> = [
    [200, "OK"],
    [200, null],
    [200, []],
    [200, {}],
    [200, { success: "true" }],
    [200, { accepted: true }],
    [404, { code: "NOT_FOUND", message: "Requested function was not found" }],
    [400, { success: true }],
  ];
  for (const [status, body] of answers) {
    await withServer(() => Response.json(body, { status }), async (call, attempts) => {
      const said = JSON.stringify([status, body]);
      assert.equal(failed(await call.invoke(true)).code, "unexpected_answer", said);
      assert.equal(failed(await call.rpc(true)).code, "unexpected_answer", said);
      assert.equal(attempts(), 2, said);
    });
  }
});

Deno.test("a call whose token does not come ends in time, and when the caller gives up", async () => {
  const supabase = createClient("http://127.0.0.1:9", "key", {
    accessToken: () => new Promise(() => {}),
  });
  for (const safe of [true, false]) {
    const call = (options: CallOptions) =>
      rpc(supabase, "an_rpc", {}, () => 1, { ...options, safe });
    assert.equal(failed(await call({ timeoutMs: 50 })).code, "timeout");
    const controller = new AbortController();
    const { signal } = controller;
    setTimeout(() => controller.abort(), 50);
    assert.equal(failed(await call({ signal })).code, "aborted");
    assert.equal(failed(await invoke(supabase, "f", {}, { timeoutMs: 50, safe })).code, "timeout");
  }
});

Deno.test("rpc() answers invalid_input for an argument of another type", async () => {
  for (const [status, code] of [[400, "22P02"], [500, "22P05"], [400, "22003"]] as const) {
    const answer = () => Response.json({ code, message: "invalid input syntax" }, { status });
    await withServer(answer, async (call, attempts) => {
      assert.equal(failed(await call.rpc(true)).code, "invalid_input");
      assert.equal(attempts(), 1);
    });
  }
});
