import assert from "node:assert/strict";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { FrostSessionManager } from "../../../client/sessions/manager.ts";
import { waitFor } from "../../../client/sessions/wait.ts";
import { signToken } from "../../local/token.ts";
import { withStack } from "../harness.ts";
import { clientOf, foundFamily, leaveAggregating, must, refusedWith } from "./family.ts";
import { withRealtime } from "./realtime.ts";

/** A client of which the test counts what it asks. */
function counting(supabase: SupabaseClient): { client: SupabaseClient; reads: () => number } {
  let reads = 0;
  const client = new Proxy(supabase, {
    get(target, name) {
      if (name === "rpc") reads++;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { client, reads: () => reads };
}

Deno.test("waitFor() polls where there is no Realtime, and ends when the session is that far", async () => {
  await withStack(async (stack) => {
    const family = await foundFamily(stack);
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
    const family = await foundFamily(stack);
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
    const family = await foundFamily(stack);
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
    const family = await foundFamily(stack);
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
    const family = await foundFamily(stack);
    const [ann, , cleo] = family.members;
    const { sessionId } = must(await ann.sessions.createSession(family.request()));
    await leaveAggregating(family, sessionId);
    assert.equal(must(await cleo.sessions.getSession(sessionId)).session.status, "aggregating");
    const waited = must(await cleo.sessions.waitFor(sessionId, "completed", { timeoutMs: 9_000 }));
    assert.deepEqual([waited.reached, waited.status], [true, "completed"]);
  });
});

Deno.test("waitFor() closes the socket that it opened, and leaves an app's open", async () => {
  await withStack((stack) =>
    withRealtime(stack, async (realtime) => {
      const family = await foundFamily(stack);
      const [ann] = family.members;
      const supabase = await clientOf(realtime, "bob", family.id);
      const wait = async () => {
        const { sessionId } = must(await ann.sessions.createSession(family.request()));
        const waiting = waitFor(supabase, sessionId, "completed");
        await until(() => realtime.joined() >= 1);
        await family.sign(sessionId);
        must(await waiting);
      };
      await wait();
      // A script would not end before its socket does, which supabase-js closes after a minute.
      await until(() => realtime.open() === 0);
      supabase.channel("the app's own").subscribe();
      await until(() => realtime.joined() === 1);
      await wait();
      await until(() => realtime.joined() === 1);
      assert.equal(realtime.open(), 1);
      await supabase.removeAllChannels();
    })
  );
});

Deno.test("waitFor() ends when its time is over, when it is told to, and at a refusal", async () => {
  await withStack(async (stack) => {
    const family = await foundFamily(stack);
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
    const family = await foundFamily(stack);
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

Deno.test("waitFor() is told by Realtime, on the family's private topic, and asks hardly at all", async () => {
  await withStack((stack) =>
    withRealtime(stack, async (realtime) => {
      const family = await foundFamily(stack);
      const [ann] = family.members;
      const { sessionId } = must(await ann.sessions.createSession(family.request()));
      const supabase = await clientOf(realtime, "cleo", family.id);
      const { client, reads } = counting(supabase);
      const waiting = waitFor(client, sessionId, "completed", { method: "frost" });
      await until(() => realtime.joined() === 1);
      const { topic, isPrivate, token } = realtime.joins[0];
      assert.deepEqual([topic, isPrivate], [`realtime:family:${family.id}`, true]);
      assert.equal(JSON.parse(atob(token.split(".")[1])).app_metadata.participant_id, "cleo");
      // Long enough for polling to be down to seldom.
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const before = reads();
      const signature = await family.sign(sessionId);
      const signed = performance.now();
      const waited = must(await waiting);
      const latency = performance.now() - signed;
      assert.equal(waited.session.final_signature, signature);
      // Four changes of state: at most one reading each.
      assert.ok(reads() - before <= 4, `${reads() - before} readings`);
      assert.ok(latency < 1_000, `${latency} ms`);
      await until(() => realtime.joined() === 0);
      await until(() => realtime.open() === 0);
    })
  );
});

Deno.test("those who wait for one family share a channel, and leave it when the last is done", async () => {
  await withStack((stack) =>
    withRealtime(stack, async (realtime) => {
      const family = await foundFamily(stack);
      const [ann] = family.members;
      const create = async () => must(await ann.sessions.createSession(family.request())).sessionId;
      const [first, second] = [await create(), await create()];
      const supabase = await clientOf(realtime, "bob", family.id);
      const sessions = new FrostSessionManager(supabase);
      const waiting = [first, second].map((id) => sessions.waitFor(id, "completed"));
      await until(() => realtime.joined() === 1);
      await family.sign(first);
      assert.equal(must(await waiting[0]).reached, true);
      assert.equal(realtime.joined(), 1);
      await family.sign(second);
      assert.equal(must(await waiting[1]).reached, true);
      assert.equal(realtime.joins.length, 1);
      await until(() => realtime.joined() === 0);
      // And it can be joined again.
      const third = await create();
      const again = sessions.waitFor(third, "completed");
      await until(() => realtime.joined() === 1);
      await family.sign(third);
      assert.equal(must(await again).reached, true);
      await until(() => realtime.open() === 0);
    })
  );
});

Deno.test("the topic is joined with the token that holds now", async () => {
  await withStack((stack) =>
    withRealtime(stack, async (realtime) => {
      const family = await foundFamily(stack);
      const [ann] = family.members;
      const { sessionId } = must(await ann.sessions.createSession(family.request()));
      const [old, renewed] = [
        await signToken({ participant: "bob", family: family.id, expiresIn: 60 }),
        await signToken({ participant: "bob", family: family.id, expiresIn: 600 }),
      ];
      let token = old;
      const supabase = createClient(realtime.apiUrl, realtime.publishableKey, {
        accessToken: () => Promise.resolve(token),
      });
      await supabase.realtime.setAuth();
      token = renewed;
      const controller = new AbortController();
      const { signal } = controller;
      const waiting = waitFor(supabase, sessionId, "completed", { signal });
      await until(() => realtime.joined() === 1);
      assert.equal(realtime.joins[0].token, renewed);
      controller.abort();
      refusedWith("aborted", await waiting);
      await until(() => realtime.open() === 0);
    })
  );
});

Deno.test("waitFor() notices an expiry while it listens, though none is broadcast", async () => {
  await withStack((stack) =>
    withRealtime(stack, async (realtime) => {
      const family = await foundFamily(stack);
      const [ann] = family.members;
      const request = { ...family.request(), expirationSeconds: 2 };
      const { sessionId } = must(await ann.sessions.createSession(request));
      const supabase = await clientOf(realtime, "bob", family.id);
      // By polling as seldom as it does while it listens, it would not hear of it in this time.
      const waiting = waitFor(supabase, sessionId, "completed", { timeoutMs: 15_000 });
      await until(() => realtime.joined() === 1);
      const waited = must(await waiting);
      assert.deepEqual([waited.reached, waited.status], [false, "expired"]);
      await until(() => realtime.open() === 0);
    })
  );
});

Deno.test("what happened while Realtime was cut off is found out when it is back", async () => {
  await withStack((stack) =>
    withRealtime(stack, async (realtime) => {
      const family = await foundFamily(stack);
      const [ann] = family.members;
      const { sessionId } = must(await ann.sessions.createSession(family.request()));
      const supabase = await clientOf(realtime, "bob", family.id);
      const waiting = new FrostSessionManager(supabase).waitFor(sessionId, "completed", {
        timeoutMs: 15_000,
      });
      await until(() => realtime.joined() === 1);
      // Until it asks hardly at all any more.
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      realtime.cut();
      await until(() => realtime.joined() === 0);
      await family.sign(sessionId);
      assert.equal(must(await waiting).reached, true);
      await until(() => realtime.open() === 0);
    })
  );
});

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    assert.ok(performance.now() < deadline, `Still not so: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
