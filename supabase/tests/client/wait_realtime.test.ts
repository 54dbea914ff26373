/** Waiting where there is Realtime. */
import assert from "node:assert/strict";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { FrostSessionManager } from "../../../client/sessions/manager.ts";
import { waitFor } from "../../../client/sessions/wait.ts";
import { signToken } from "../../local/token.ts";
import { withStack } from "../support/harness.ts";
import { AppFamily, clientOf, must, operatorOf, refusedWith } from "../support/app_family.ts";
import { withRealtime } from "../support/realtime.ts";

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

Deno.test("waitFor() closes the socket that it opened, and leaves an app's open", async () => {
  await withStack((stack) =>
    withRealtime(stack, async (realtime) => {
      const family = await AppFamily.found(stack);
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

Deno.test("waiting for sessions of two families closes the socket after the last of them", async () => {
  await withStack((stack) =>
    withRealtime(stack, async (realtime) => {
      const families = [await AppFamily.found(stack), await AppFamily.found(stack)];
      const sessions = new FrostSessionManager(operatorOf(realtime));
      const ids: string[] = [];
      const waiting = [];
      for (const { members: [ann], request } of families) {
        const { sessionId } = must(await ann.sessions.createSession(request()));
        ids.push(sessionId);
        waiting.push(sessions.waitFor(sessionId, "completed"));
        await until(() => realtime.joined() === ids.length);
      }
      for (const [i, family] of families.entries()) {
        await family.sign(ids[i]);
        must(await waiting[i]);
      }
      await until(() => realtime.open() === 0);
    })
  );
});

Deno.test("waitFor() ends in time also where Realtime has stopped to answer", async () => {
  await withStack((stack) =>
    withRealtime(stack, async (realtime) => {
      const family = await AppFamily.found(stack);
      const { sessionId } = must(
        await family.members[0].sessions.createSession(family.request()),
      );
      const supabase = await clientOf(realtime, "bob", family.id);
      const waiting = waitFor(supabase, sessionId, "completed", { timeoutMs: 1_500 });
      await until(() => realtime.joined() === 1);
      realtime.fallSilent();
      const started = performance.now();
      refusedWith("timeout", await waiting);
      assert.ok(performance.now() - started < 5_000);
      await supabase.realtime.disconnect();
    })
  );
});

Deno.test("waitFor() is told by Realtime, on the family's private topic, and asks hardly at all", async () => {
  await withStack((stack) =>
    withRealtime(stack, async (realtime) => {
      const family = await AppFamily.found(stack);
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
      const family = await AppFamily.found(stack);
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
      const family = await AppFamily.found(stack);
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
      const family = await AppFamily.found(stack);
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
      const family = await AppFamily.found(stack);
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
