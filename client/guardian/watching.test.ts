import assert from "node:assert/strict";
import { failure, type Result } from "../result.ts";
import { dealKey } from "./dealer.ts";
import {
  guardianBefore,
  readSessionOf,
  ScriptedCoordinator,
} from "../../supabase/tests/support/scripted_coordinator.ts";
import { answersOf, quorumOf, sessionOf } from "../../supabase/tests/support/simulated_quorums.ts";
import { MemoryNonceStore } from "./stores/memory_nonce_store.ts";
import type { WatchOptions } from "./watching.ts";

const KEY = dealKey({ familyId: "family", threshold: 2, participants: ["ada", "bob", "cyd"] });
const MESSAGE = "5a".repeat(32);

/** Watches until a result says that it is enough. */
async function watchUntil(
  coordinator: ScriptedCoordinator,
  enough: (result: Result<object>) => boolean,
  { store = new MemoryNonceStore(), ...options }:
    & Omit<WatchOptions, "signal" | "onResult">
    & { store?: MemoryNonceStore },
): Promise<Result<object>[]> {
  const results: Result<object>[] = [];
  const closing = new AbortController();
  const late = setTimeout(() => closing.abort(), 20_000);
  await guardianBefore(coordinator, KEY, { store }).watch({
    pool: 0,
    ...options,
    signal: closing.signal,
    onResult: (result) => {
      results.push(result);
      if (enough(result)) closing.abort();
    },
  });
  clearTimeout(late);
  assert.ok(results.some(enough), JSON.stringify(results));
  return results;
}

/** A one-tap session with a quorum of ada's. */
async function ask(coordinator: ScriptedCoordinator, store: MemoryNonceStore, id: string) {
  const session = sessionOf(KEY, MESSAGE, { session_id: id });
  const commitments = {
    ada: await answersOf(KEY, 0, store).draw(),
    bob: await answersOf(KEY, 1).draw(),
  };
  const quorum = { quorum: 1, signers: ["ada", "bob"], status: "signing" as const, shares: {} };
  coordinator.sessions.push(readSessionOf(KEY, id, { quorums: [{ ...quorum, commitments }] }));
  coordinator.work.push(quorumOf(KEY, session, commitments));
}

Deno.test("watch() shows a refused session once, and what comes after it", async () => {
  const [coordinator, store] = [new ScriptedCoordinator(), new MemoryNonceStore()];
  await ask(coordinator, store, "refused");
  const shown: string[][] = [];
  const approve = async (sessions: readonly { session_id: string }[]) => {
    shown.push(sessions.map(({ session_id }) => session_id));
    if (shown.length > 1) return true;
    // It is still listed; the next one comes some turns later.
    setTimeout(() => void ask(coordinator, store, "next"), 800);
    return await Promise.resolve(false);
  };
  await watchUntil(coordinator, () => coordinator.shares.length > 0, { approve, store });
  assert.deepEqual(shown, [["refused"], ["next"]]);
  assert.deepEqual(coordinator.shares.flat().map(({ sessionId }) => sessionId), ["next"]);
});

Deno.test("watch() asks of each session by itself, also of one message; a no costs the others nothing; of its own family alone", async () => {
  const [coordinator, store] = [new ScriptedCoordinator(), new MemoryNonceStore()];
  for (const id of ["no", "yes", "same"]) await ask(coordinator, store, id);
  const asked: string[] = [];
  const awaited: (readonly string[])[] = [];
  const results = await watchUntil(coordinator, ({ success }) => success, {
    approve: () => true,
    approveEach: ({ session_id }) => {
      asked.push(session_id);
      return session_id !== "no";
    },
    onAwaited: (ids) => awaited.push(ids),
    store,
  });
  assert.deepEqual(asked, ["no", "yes", "same"]);
  assert.deepEqual(coordinator.shares.flat().map(({ sessionId }) => sessionId), ["yes", "same"]);
  assert.match(JSON.stringify(results), /"code":"not_approved"[^{}]*"sessionId":"no"/);
  assert.deepEqual(awaited[0], ["no", "yes", "same"]);
  assert.deepEqual([...new Set(coordinator.listed)], ["family"]);
});

Deno.test("publishNonces() leaves alone what another of the user's families waits for", async () => {
  const [coordinator, store] = [new ScriptedCoordinator(), new MemoryNonceStore()];
  await ask(coordinator, new MemoryNonceStore(), "lost");
  await ask(coordinator, new MemoryNonceStore(), "elsewhere");
  const [lost, elsewhere] = coordinator.work;
  coordinator.work[1] = { ...elsewhere, family_id: "another" };
  const filled = await guardianBefore(coordinator, KEY, { store }).publishNonces(0);
  assert.ok(filled.success, JSON.stringify(filled));
  assert.deepEqual(coordinator.withdrawn, [lost.commitments.ada]);
});

Deno.test("watch() takes up what the network broke off, and does not ask again", async () => {
  const [coordinator, store] = [new ScriptedCoordinator(), new MemoryNonceStore()];
  await ask(coordinator, store, "s");
  coordinator.failing = 2;
  let asked = 0;
  const results = await watchUntil(coordinator, ({ success }) => success, {
    approve: () => ++asked > 0,
    store,
  });
  assert.deepEqual(
    results.map((result) => result.success || result.code),
    ["network_error", "network_error", true],
  );
  assert.equal(asked, 1);
  assert.equal(coordinator.shares.flat().length, 1);
});

Deno.test("watch() goes on after the app or the store has failed", async () => {
  const coordinator = new ScriptedCoordinator();
  class FullStore extends MemoryNonceStore {
    override prune(): Promise<number> {
      return Promise.reject(new Error("The disk is full"));
    }
  }
  const store = new FullStore();
  await ask(coordinator, store, "first");
  let asked = 0;
  const results = await watchUntil(coordinator, ({ success }) => success, {
    approve: () => {
      if (++asked > 1) return true;
      void ask(coordinator, store, "second");
      throw new Error("The window was closed");
    },
    store,
  });
  const codes = new Set(results.map((result) => result.success || result.code));
  assert.deepEqual(codes, new Set(["device_failed", true]));
  const told = results.map((result) => result.success ? "" : result.error);
  assert.ok(told.includes("The disk is full") && told.includes("The window was closed"));
  assert.equal(asked, 2);
});

Deno.test("publishNonces() draws no more than asked, and is not held up by pairs of a key that was registered again", async () => {
  const [coordinator, store] = [new ScriptedCoordinator(), new MemoryNonceStore()];
  const old = await answersOf(KEY, 0, store).draw();
  const { publish } = coordinator;
  coordinator.publish = (family, some) =>
    some.includes(old)
      ? Promise.resolve(failure("nonce_reused", "They were accepted before"))
      : publish.call(coordinator, family, some);
  const ada = guardianBefore(coordinator, KEY, { store });
  for (const published of [300, 0]) {
    const filled = await ada.publishNonces(300);
    assert.ok(filled.success, JSON.stringify(filled));
    assert.deepEqual([filled.available, filled.published], [300, published]);
  }
  assert.deepEqual(coordinator.published.map(({ length }) => length), [256, 44]);
  // A new phone has none of them.
  const fresh = await guardianBefore(coordinator, KEY).publishNonces(4);
  assert.ok(fresh.success);
  assert.deepEqual([fresh.available, fresh.published, fresh.withdrawn], [4, 4, 300]);
  assert.equal(coordinator.withdrawn.includes(old), false);
});
