import assert from "node:assert/strict";
import { dealKey } from "./dealer.ts";
import { success } from "../result.ts";
import type { FrostSession } from "../sessions/session.ts";
import {
  guardianBefore,
  readSessionOf,
  ScriptedCoordinator,
} from "../../supabase/tests/support/scripted_coordinator.ts";
import { answersOf, quorumOf, sessionOf } from "../../supabase/tests/support/simulated_quorums.ts";
import type { GuardianOptions } from "./guardian.ts";
import { Nonces } from "./nonces.ts";
import { MemoryNonceStore } from "./stores/memory_nonce_store.ts";

const KEY = dealKey({ familyId: "family", threshold: 2, participants: ["ada", "bob", "cyd"] });
const [MESSAGE, OTHER] = ["5a".repeat(32), "a5".repeat(32)];

const read = (id: string, changes: Partial<FrostSession> = {}) => readSessionOf(KEY, id, changes);
const adaOf = (
  coordinator: ScriptedCoordinator,
  changes: Partial<GuardianOptions<unknown, unknown>> = {},
) => guardianBefore(coordinator, KEY, changes);

Deno.test("a session that is another one when it is read again gets no commitment", async () => {
  for (
    const change of [
      { message_hash: OTHER },
      { participants: ["ada", "cyd"] },
    ]
  ) {
    const coordinator = new ScriptedCoordinator();
    // Signed by others so far, so that the guardian waits; then it is one of two rounds, and of something else.
    coordinator.sessions = [read("s", { mode: "one_tap", status: "aggregating" })];
    let readings = 0;
    coordinator.onRead = () => {
      if (++readings === 2) {
        coordinator.sessions = [read("s", { mode: "two_round", status: "pending", ...change })];
      }
    };
    const approved = await adaOf(coordinator).approve("s");
    assert.ok(approved.success);
    const [{ success, ...why }] = approved.sessions;
    assert.equal(success, false);
    assert.equal("code" in why && why.code, "request_changed");
    assert.deepEqual([coordinator.commitments, coordinator.shares], [[], []]);
  }
});

/** A one-tap session of ada and bob in one quorum, whose pair is in the store. */
async function oneTap(store: MemoryNonceStore, coordinator: ScriptedCoordinator) {
  const ada = answersOf(KEY, 0, store);
  const commitments = { ada: await ada.draw(), bob: await answersOf(KEY, 1).draw() };
  const quorum = { quorum: 1, signers: ["ada", "bob"], status: "signing", commitments, shares: {} };
  coordinator.sessions = [read("s", { quorums: [quorum] as FrostSession["quorums"] })];
  coordinator.work = [{
    ...quorumOf(KEY, sessionOf(KEY, MESSAGE, { session_id: "s" }), commitments),
  }];
  return { ada, commitments };
}

Deno.test("while another tab makes the share, its commitment is not declared dead", async () => {
  class SlowStore extends MemoryNonceStore {
    override async release(...args: Parameters<MemoryNonceStore["release"]>) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await super.release(...args);
    }
  }
  const [store, coordinator] = [new SlowStore(), new ScriptedCoordinator()];
  await oneTap(store, coordinator);
  const tabs = [adaOf(coordinator, { store }), adaOf(coordinator, { store })];
  const both = await Promise.all(tabs.map((tab) => tab.approve("s")));
  for (const one of both) assert.ok(one.success && one.sessions[0].success, JSON.stringify(one));
  assert.deepEqual(coordinator.withdrawn, []);
  const shares = new Set(coordinator.shares.flat().map(({ signatureShare }) => signatureShare));
  assert.equal(shares.size, 1);
});

Deno.test("a pair that a crash spent is declared dead, and one that is missing at once", async () => {
  const [store, coordinator] = [new MemoryNonceStore(), new ScriptedCoordinator()];
  const { commitments } = await oneTap(store, coordinator);
  for (const lost of [new MemoryNonceStore(), store]) {
    for (const { nonce_commitment } of await store.pairs(answersOf(KEY, 0, store).owner)) {
      // What a crash leaves between taking the pair and keeping the share.
      if (lost === store) await store.take(slotOf(nonce_commitment, store));
    }
    coordinator.withdrawn.length = 0;
    const controller = new AbortController();
    coordinator.withdraw = (_, some) => {
      coordinator.withdrawn.push(...some);
      controller.abort();
      return Promise.resolve(success({ withdrawn: 0, dead: some.length }));
    };
    const approved = await adaOf(coordinator, { store: lost })
      .approve("s", { signal: controller.signal });
    assert.equal(!approved.success && approved.code, "aborted");
    assert.deepEqual(coordinator.withdrawn, [commitments.ada]);
  }
  assert.deepEqual(coordinator.shares, []);
});

/** Where a store has the pair of a commitment. */
function slotOf(nonceCommitment: string, store: MemoryNonceStore): string {
  return new Nonces(KEY.keyShares[0], store).slot("pair", nonceCommitment);
}

Deno.test("a batch of more quorums than a call takes is split, and each share handed in once", async () => {
  const [store, coordinator] = [new MemoryNonceStore(), new ScriptedCoordinator()];
  const [ada, bob, cyd] = [answersOf(KEY, 0, store), answersOf(KEY, 1), answersOf(KEY, 2)];
  const [bobs, cyds] = [await bob.draw(), await cyd.draw()];
  for (let i = 0; i < 130; i++) {
    const session = sessionOf(KEY, MESSAGE, { session_id: `s${i}` });
    const quorums: Record<string, string>[] = [
      { ada: await ada.draw(), bob: bobs },
      { ada: await ada.draw(), cyd: cyds },
    ];
    coordinator.work.push(...quorums.map((commitments) => quorumOf(KEY, session, commitments)));
    coordinator.sessions.push(read(`s${i}`));
  }
  const asked: number[] = [];
  const approveAll = (sessions: readonly unknown[]) => asked.push(sessions.length) > 0;
  coordinator.sessions = coordinator.sessions.map((session, i) => ({
    ...session,
    quorums: coordinator.work.slice(2 * i, 2 * i + 2).map(({ commitments, signers }, j) => ({
      quorum: j + 1,
      signers: [...signers],
      status: "signing" as const,
      commitments: { ...commitments },
      shares: {},
    })) as FrostSession["quorums"],
  }));
  const approved = await adaOf(coordinator, { store, approveAll }).approve("batch");
  assert.ok(approved.success);
  assert.deepEqual(approved.sessions.map(({ success }) => success), Array(130).fill(true));
  assert.deepEqual(coordinator.shares.map(({ length }) => length), [256, 4]);
  assert.equal(new Set(coordinator.shares.flat().map((item) => item.signatureShare)).size, 260);
  assert.deepEqual(asked, [1]);
});

Deno.test("the same message is shown once, and twice where the text or the participants are others", async () => {
  const coordinator = new ScriptedCoordinator();
  coordinator.sessions = [
    read("a"),
    read("b"),
    read("c", { participants: ["ada", "bob"] }),
  ];
  const shown: string[][] = [];
  const approveAll = (sessions: readonly { participants: readonly string[] }[]) => {
    shown.push(...sessions.map(({ participants }) => [...participants]));
    return false;
  };
  const approved = await adaOf(coordinator, { approveAll }).approve("batch");
  assert.ok(approved.success);
  assert.deepEqual(shown, [["ada", "bob", "cyd"], ["ada", "bob"]]);
  assert.ok(approved.sessions.every((one) => !one.success && one.code === "not_approved"));
});
