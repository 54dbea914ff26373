import assert from "node:assert/strict";
import { waitFor } from "../../../client/sessions/wait.ts";
import { withStack } from "../support/harness.ts";
import { AppFamily, clientOf, leaveAggregating, must, refusedWith } from "../support/app_family.ts";

Deno.test("waitFor() polls where there is no Realtime, and ends when the session is that far", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, , cleo] = family.members;
    const { sessionId } = must(await ann.sessions.createSession(family.request()));
    const waiting = cleo.sessions.waitFor(sessionId, "completed", { timeoutMs: 20_000 });
    const signature = await family.sign(sessionId);
    const waited = must(await waiting);
    assert.equal(waited.reached, true);
    assert.equal(waited.status, "completed");
    assert.equal(waited.session.final_signature, signature);
  });
});

Deno.test("waitFor() takes a session that is past the state for one that reached it", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann] = family.members;
    const { sessionId } = must(await ann.sessions.createSession(family.request()));
    assert.equal(must(await ann.sessions.waitFor(sessionId, "pending")).status, "pending");
    await family.sign(sessionId);
    const waited = must(await ann.sessions.waitFor(sessionId, "nonce_collection"));
    assert.deepEqual([waited.reached, waited.status], [true, "completed"]);
  });
});

Deno.test("waitFor() ends at another end than the one waited for, and says which", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann] = family.members;
    const failing = must(await ann.sessions.createSession(family.request())).sessionId;
    const waiting = ann.sessions.waitFor(failing, "completed");
    must(await ann.sessions.failSession(failing, "done with"));
    const failed = must(await waiting);
    assert.deepEqual([failed.reached, failed.status], [false, "failed"]);
    assert.equal(must(await ann.sessions.waitFor(failing, "failed")).reached, true);

    const request = { ...family.request(), expirationSeconds: 1 };
    const expiring = must(await ann.sessions.createSession(request)).sessionId;
    const expired = must(await ann.sessions.waitFor(expiring, "completed"));
    assert.deepEqual([expired.reached, expired.status], [false, "expired"]);
  });
});

Deno.test("waitFor() refuses a status that the session never has at once", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann] = family.members;
    const { sessionId } = must(await ann.sessions.createSession(family.request()));
    // As an app in JavaScript may call it.
    const wait = (status: string, method?: "frost" | "sss") =>
      waitFor(ann.supabase, sessionId, status as "completed", { method, timeoutMs: 10_000 });
    for (const [status, method] of [["complete"], ["ready"], ["partial", "frost"]] as const) {
      const started = performance.now();
      const refused = await wait(status, method);
      refusedWith("invalid_input", refused);
      assert.match("error" in refused ? refused.error : "", /must be one of pending, .*completed/);
      assert.ok(performance.now() - started < 3_000, status);
    }
    // And that of the other kind, where the session's is not known.
    assert.equal(must(await wait("pending")).reached, true);
  });
});

Deno.test("waitFor() finishes a session whose last caller died before it did", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, , cleo] = family.members;
    const { sessionId } = must(await ann.sessions.createSession(family.request()));
    await leaveAggregating(family, sessionId);
    assert.equal(must(await cleo.sessions.getSession(sessionId)).session.status, "aggregating");
    const waited = must(await cleo.sessions.waitFor(sessionId, "completed", { timeoutMs: 9_000 }));
    assert.deepEqual([waited.reached, waited.status], [true, "completed"]);
  });
});

Deno.test("waitFor() ends when its time is over, when it is told to, and at a refusal", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann] = family.members;
    const { sessionId } = must(await ann.sessions.createSession(family.request()));
    refusedWith("timeout", await ann.sessions.waitFor(sessionId, "signing", { timeoutMs: 300 }));
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const { signal } = controller;
    refusedWith("aborted", await ann.sessions.waitFor(sessionId, "signing", { signal }));
    refusedWith("aborted", await ann.sessions.waitFor(sessionId, "pending", { signal }));
    refusedWith("session_not_found", await ann.sessions.waitFor("nowhere", "signing"));
    refusedWith("session_not_found", await waitFor(ann.supabase, "nowhere", "signing"));
  });
});

Deno.test("waitFor() goes on asking while the network fails", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann] = family.members;
    const { sessionId } = must(await ann.sessions.createSession(family.request()));
    let failures = 0;
    const flaky = await clientOf(stack, "ann", family.id, {
      fetch(input, init) {
        // One call makes five attempts; it takes more than one call to get through.
        if (++failures <= 7) return Promise.reject(new TypeError("fetch failed"));
        return fetch(input, init);
      },
    });
    const waited = must(await waitFor(flaky, sessionId, "pending", { timeoutMs: 30_000 }));
    assert.equal(waited.status, "pending");
    assert.equal(failures, 8);
  });
});
