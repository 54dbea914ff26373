import assert from "node:assert/strict";
import { GuardianError, type GuardianErrorCode } from "../errors.ts";
import { dealKey } from "./dealer.ts";
import { mostQuorums } from "./quorum_answers.ts";
import { answersOf, quorumOf, sessionOf } from "../../supabase/tests/support/simulated_quorums.ts";
import type { SigningPackage } from "./signing_session.ts";
import "fake-indexeddb/auto";
import { FileNonceStore } from "./stores/file_nonce_store.ts";
import { IndexedDbNonceStore } from "./stores/indexeddb_nonce_store.ts";
import { MemoryNonceStore } from "./stores/memory_nonce_store.ts";
import type { NonceStore } from "./stores/nonce_store.ts";

const KEY = dealKey({ familyId: "family", threshold: 2, participants: ["ada", "bob", "cyd"] });
const MESSAGE = "5a".repeat(32);
const SESSION = sessionOf(KEY, MESSAGE);

const refusal = (code: GuardianErrorCode) => (error: unknown) =>
  error instanceof GuardianError && error.code === code;

/** Ada has approved the session; each has drawn pairs for the pool. */
async function pooled(store = new MemoryNonceStore()) {
  const [ada, bob, cyd] = [answersOf(KEY, 0, store), answersOf(KEY, 1), answersOf(KEY, 2)];
  await ada.approve(SESSION);
  const draw = async (from: typeof ada, count: number) => {
    const drawn: string[] = [];
    for (let i = 0; i < count; i++) drawn.push(await from.draw());
    return drawn;
  };
  return {
    store,
    ada,
    own: await draw(ada, 5),
    bobs: await draw(bob, 5),
    cyds: await draw(cyd, 5),
  };
}

Deno.test("a pooled pair answers one package, and the same share again for that one", async () => {
  const { store, ada, own, bobs, cyds } = await pooled();
  const first = quorumOf(KEY, SESSION, { ada: own[0], bob: bobs[0] });
  const share = await ada.shareOf(first);
  // A quorum's number is a label: another one does not make another package.
  const relabelled: SigningPackage & { quorum: number } = { ...first, quorum: 7 };
  for (const guardian of [ada, answersOf(KEY, 0, store)]) {
    assert.equal(await guardian.shareOf(relabelled), share);
  }
  const others = [
    quorumOf(KEY, SESSION, { ada: own[0], bob: bobs[1] }),
    quorumOf(KEY, SESSION, { ada: own[0], cyd: cyds[0] }),
  ];
  for (const other of others) await assert.rejects(ada.shareOf(other), refusal("nonces_spent"));
  // Another pair of ada's answers another quorum of the session.
  assert.notEqual(await ada.shareOf(quorumOf(KEY, SESSION, { ada: own[1], cyd: cyds[0] })), share);
});

Deno.test("a pair that is offered in two sessions answers in one", async () => {
  const { ada, own, bobs } = await pooled();
  const twin = sessionOf(KEY, MESSAGE, { session_id: "session-2" });
  const other = sessionOf(KEY, "a5".repeat(32), { session_id: "session-3" });
  for (const session of [twin, other]) await ada.approve(session);
  const commitments = { ada: own[0], bob: bobs[0] };
  await ada.shareOf(quorumOf(KEY, SESSION, commitments));
  for (const session of [twin, other]) {
    await assert.rejects(ada.shareOf(quorumOf(KEY, session, commitments)), refusal("nonces_spent"));
  }
  const drawnForTwin = await ada.draw("session-2", twin.expires_at);
  const forSession = quorumOf(KEY, SESSION, { ada: drawnForTwin, bob: bobs[1] });
  await assert.rejects(ada.shareOf(forSession), refusal("request_changed"));
  await ada.shareOf(quorumOf(KEY, twin, { ada: drawnForTwin, bob: bobs[1] }));
});

Deno.test("a quorum that is not what was approved is refused, and keeps the pair", async () => {
  const { ada, own, bobs, cyds } = await pooled();
  const narrow = sessionOf(KEY, MESSAGE, { session_id: "narrow", participants: ["ada", "bob"] });
  await ada.approve(narrow);
  const good = quorumOf(KEY, SESSION, { ada: own[0], bob: bobs[0] });
  const cases: [GuardianErrorCode, SigningPackage][] = [
    ["not_approved", { ...good, session_id: "session-2" }],
    ["request_changed", { ...good, message: "a5".repeat(32) }],
    ["not_a_signer", quorumOf(KEY, SESSION, { bob: bobs[0], cyd: cyds[0] })],
    ["request_changed", quorumOf(KEY, narrow, { ada: own[0], cyd: cyds[0] })],
    ["signers_invalid", quorumOf(KEY, SESSION, { ada: own[0], bob: bobs[0], cyd: cyds[0] })],
    ["request_changed", {
      ...quorumOf(KEY, SESSION, { ada: own[0], bob: bobs[0], cyd: cyds[0] }),
      threshold: 3,
    }],
    ["nonces_missing", quorumOf(KEY, SESSION, { ada: cyds[0], bob: bobs[0] })],
    ["key_package_mismatch", { ...good, key_package: { ...good.key_package, threshold: 3 } }],
  ];
  for (const [code, wrong] of cases) {
    await assert.rejects(ada.shareOf(wrong), refusal(code), `${code} ${JSON.stringify(wrong)}`);
  }
  await ada.shareOf(good);
});

Deno.test("an approval is for one request, and stands", async () => {
  const { ada } = await pooled();
  const changed = { ...SESSION, message_hash: "a5".repeat(32) };
  await assert.rejects(ada.approvalOf(changed), refusal("request_changed"));
  await assert.rejects(ada.approve(changed), refusal("request_changed"));
  assert.equal((await ada.approvalOf(SESSION))?.approved.message, MESSAGE);
});

Deno.test("no more packages of a session are answered than its quorums can need", async () => {
  assert.equal(mostQuorums(3, 2), 4);
  assert.equal(mostQuorums(5, 3), 9);
  assert.equal(mostQuorums(2, 2), 2);
  const { store, ada, own, bobs } = await pooled();
  const offered = own.map((hex, i) => quorumOf(KEY, SESSION, { ada: hex, bob: bobs[i] }));
  // From several processes at once.
  const answers = await Promise.allSettled(
    offered.map((quorum) => answersOf(KEY, 0, store).shareOf(quorum)),
  );
  const refused = answers.filter(({ status }) => status === "rejected");
  assert.equal(refused.length, 1);
  assert.ok(
    refused.every((answer) =>
      answer.status === "rejected" && refusal("quorums_exhausted")(answer.reason)
    ),
  );
  // What was answered takes no second place.
  const last = answers.findIndex(({ status }) => status === "fulfilled");
  await ada.shareOf(offered[last]);
});

Deno.test("a pooled pair is gone when it expires, and so is an approval", async () => {
  let now = Date.now();
  const store = new MemoryNonceStore();
  const ada = answersOf(KEY, 0, store, () => now);
  const session = sessionOf(KEY, MESSAGE, { expires_at: 1e15 });
  await ada.approve(session);
  const own = await ada.draw();
  const bob = await answersOf(KEY, 1).draw();
  assert.deepEqual((await store.pairs(ada.owner)).map((p) => p.nonce_commitment), [own]);
  assert.deepEqual(await store.pairs(answersOf(KEY, 1).owner), []);
  now += 604_800_000;
  await assert.rejects(
    ada.shareOf(quorumOf(KEY, session, { ada: own, bob })),
    refusal("session_expired"),
  );
  await ada.approve({ ...session, session_id: "later" });
  await assert.rejects(
    ada.shareOf(quorumOf(KEY, { ...session, session_id: "later" }, { ada: own, bob })),
    refusal("nonces_missing"),
  );
  assert.equal(await store.prune(now), 2);
  assert.equal(await ada.knows(own), false);
});

Deno.test("with every store, of all that is offered at once for one pair, one package is answered", async () => {
  const directory = await Deno.makeTempDir({ prefix: "permafrost-nonces-" });
  const name = crypto.randomUUID();
  // Several processes or tabs, each with the store opened for itself.
  const memory = new MemoryNonceStore();
  const kinds: (() => Promise<NonceStore>)[] = [
    () => Promise.resolve(memory),
    () => FileNonceStore.open(directory),
    () => IndexedDbNonceStore.open(name),
  ];
  try {
    for (const open of kinds) {
      const ada = answersOf(KEY, 0, await open());
      const twin = sessionOf(KEY, MESSAGE, { session_id: "twin" });
      for (const session of [SESSION, twin]) await ada.approve(session);
      const own = await ada.draw();
      const [bob, cyd] = [answersOf(KEY, 1), answersOf(KEY, 2)];
      // The same number, two co-signers, two commitments of one of them, two sessions.
      const offered = [
        quorumOf(KEY, SESSION, { ada: own, bob: await bob.draw() }),
        quorumOf(KEY, SESSION, { ada: own, bob: await bob.draw() }),
        quorumOf(KEY, SESSION, { ada: own, cyd: await cyd.draw() }),
        quorumOf(KEY, twin, { ada: own, bob: await bob.draw() }),
      ].map((quorum) => ({ ...quorum, quorum: 1 }));
      const answers = await Promise.allSettled(
        offered.map(async (quorum) => await answersOf(KEY, 0, await open()).shareOf(quorum)),
      );
      const shares = answers.filter(({ status }) => status === "fulfilled");
      assert.equal(shares.length, 1, JSON.stringify(answers));
      // Nor is another one after a restart; the one that was answered is, with the same share.
      for (const [i, quorum] of offered.entries()) {
        const again = answersOf(KEY, 0, await open()).shareOf(quorum);
        const before = answers[i];
        if (before.status === "fulfilled") assert.equal(await again, before.value);
        else await assert.rejects(again, refusal("nonces_spent"));
      }
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
