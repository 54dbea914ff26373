import assert from "node:assert/strict";
import type { PostgrestSingleResponse } from "@supabase/supabase-js";
import { z } from "zod";
import { read } from "./database.ts";
import { Refusal } from "./errors.ts";

const Answer = z.object({ a: z.number() });

/** What supabase-js resolves to where PostgREST answered an error. */
function failed(
  error: Readonly<Record<string, unknown>>,
  status = 409,
): PostgrestSingleResponse<unknown> {
  const response: Record<string, unknown> = {
    data: null,
    error,
    count: null,
    status,
    statusText: "",
  };
  return response as unknown as PostgrestSingleResponse<unknown>;
}

function succeeded(data: unknown): PostgrestSingleResponse<unknown> {
  return { data, error: null, count: null, status: 200, statusText: "OK", success: true };
}

const refusalOf = (error: Readonly<Record<string, unknown>>, status?: number) => {
  try {
    read(Answer, failed(error, status));
  } catch (thrown) {
    return thrown;
  }
};

Deno.test("read() answers what the database answered, and throws for another shape", () => {
  assert.deepEqual(read(Answer, succeeded({ a: 1, b: 2 })), { a: 1 });
  for (const data of [null, undefined, {}, { a: "1" }, []]) {
    assert.throws(() => read(Answer, succeeded(data)), /Invalid input/);
  }
});

Deno.test("read() throws a raised refusal and a returned one with their own code and sentence", () => {
  for (
    const error of [
      { code: "PT409", hint: "round_closed", message: "It is over", details: null },
      { accepted: false, code: "round_closed", error: "It is over" },
    ]
  ) {
    const refusal = refusalOf(error);
    assert.ok(refusal instanceof Refusal);
    assert.deepEqual([refusal.code, refusal.message], ["round_closed", "It is over"]);
  }
});

Deno.test("read() takes nothing else for a refusal: a lost right or a hint of PostgreSQL's is our fault", () => {
  for (
    const error of [
      { code: "42501", message: "permission denied for function f", hint: null, details: null },
      { code: "42883", message: "no function", hint: "You might need to add explicit type casts." },
      { code: "PT409", message: "m", hint: "toString" },
      { code: "toString", error: "e" },
      { code: "PGRST202", message: "not found", hint: "Perhaps you meant" },
      { code: "", message: "TypeError: fetch failed", hint: "" },
    ]
  ) {
    const thrown = refusalOf(error);
    assert.ok(thrown instanceof Error && !(thrown instanceof Refusal), JSON.stringify(error));
    assert.match(thrown.message, /^The database failed: /);
  }
});

Deno.test("read() tells when it is worth trying again, raised or returned", () => {
  const raised = (details: unknown) =>
    refusalOf({ code: "PT429", hint: "rate_limited", message: "Slowly", details });
  const waits: readonly (readonly [details: unknown, wait: number | undefined])[] = [
    ['{"retry_after_ms": 1500}', 1500],
    ['{"retry_after_ms": "soon"}', undefined],
    ["soon", undefined],
    [null, undefined],
  ];
  for (const [details, wait] of waits) {
    const refusal = raised(details);
    assert.ok(refusal instanceof Refusal);
    assert.deepEqual([refusal.code, refusal.retryAfterMs], ["rate_limited", wait]);
  }
  const returned = refusalOf({ code: "rate_limited", error: "Slowly", retry_after_ms: 2 });
  assert.ok(returned instanceof Refusal);
  assert.equal(returned.retryAfterMs, 2);
});

Deno.test("read() takes the data API's refusal of a token for the caller's fault, and no other 401", () => {
  for (const code of ["PGRST301", "PGRST302", "PGRST303"]) {
    const refusal = refusalOf({ code, message: "JWT expired", hint: null, details: null }, 401);
    assert.ok(refusal instanceof Refusal);
    assert.equal(refusal.code, "unauthorized");
    assert.match(refusal.message, /JWT expired/);
  }
  for (const [code, status] of [["PGRST301", 500], ["PGRST300", 401], ["42501", 401]] as const) {
    assert.ok(!(refusalOf({ code, message: "m", hint: null }, status) instanceof Refusal), code);
  }
  assert.ok(!(refusalOf({ message: "Invalid API key" }, 401) instanceof Refusal));
});
