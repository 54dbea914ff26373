import assert from "node:assert/strict";
import { verifyEvent } from "nostr-tools/pure";
import { eventId, finishEvent } from "../../supabase/functions/_shared/frost/nostr.ts";
import { CIPHERSUITES } from "../../supabase/functions/_shared/frost/suites.ts";
import {
  aggregate,
  verifyShare,
  verifySignature,
} from "../../supabase/functions/_shared/frost/verification.ts";
import { dealKey } from "./dealer.ts";
import { GuardianError, type GuardianErrorCode } from "../errors.ts";
import { MemoryNonceStore } from "./stores/memory_nonce_store.ts";
import { type HeldRecord, isHeld } from "./stores/nonce_store.ts";
import type { SigningPackage, SigningSession } from "./signing_session.ts";
import { SimulatedCoordinator } from "../../supabase/tests/support/simulated_coordinator.ts";

const NAMES = ["ada", "bob", "cyd"];
const MESSAGE = "5a".repeat(32);
const KEY = dealKey({ familyId: "family", threshold: 2, participants: NAMES });

const refusal = (code: GuardianErrorCode) => (error: unknown) =>
  error instanceof GuardianError && error.code === code;

/** Ada and bob have committed, and ada is asked to sign. */
async function roundTwo(changes: Partial<SigningSession> = {}, key = KEY) {
  const coordinator = new SimulatedCoordinator(key, MESSAGE, changes);
  const store = new MemoryNonceStore();
  const ada = coordinator.guardian(0, { store });
  const bob = coordinator.guardian(1);
  for (const guardian of [ada, bob]) await guardian.commit(coordinator.session);
  return { coordinator, store, ada, bob, signingPackage: coordinator.package() };
}

for (const ciphersuite of CIPHERSUITES) {
  Deno.test(`${ciphersuite}: two of three guardians sign`, async () => {
    const key = dealKey({ familyId: "family", ciphersuite, threshold: 2, participants: NAMES });
    const coordinator = new SimulatedCoordinator(key, MESSAGE);
    const guardians = [coordinator.guardian(2), coordinator.guardian(0)];
    for (const guardian of guardians) await guardian.commit(coordinator.session);
    const verification = coordinator.verification();
    const shares: Record<string, string> = {};
    for (const guardian of guardians) {
      const { signatureShare } = await guardian.sign(coordinator.package());
      const entry = verification.signers.find((s) => s.participant === guardian.participantId);
      assert.ok(entry && verifyShare(verification, entry, signatureShare));
      shares[guardian.participantId] = signatureShare;
    }
    const signature = aggregate(verification, shares);
    const { groupPublicKey } = key.registration;
    assert.ok(verifySignature(ciphersuite, groupPublicKey, MESSAGE, signature));
  });
}

Deno.test("guardians sign a Nostr event that nostr-tools verifies", async () => {
  const template = { kind: 1, created_at: 1_700_000_000, tags: [["t", "❄"]], content: "thaw" };
  const { groupPublicKey } = KEY.registration;
  const id = eventId(template, groupPublicKey);
  const { coordinator, ada, bob } = await roundTwo({ message_hash: id, event_template: template });
  const shares: Record<string, string> = {};
  for (const guardian of [ada, bob]) {
    const { signatureShare } = await guardian.sign(coordinator.package());
    shares[guardian.participantId] = signatureShare;
  }
  const signature = aggregate(coordinator.verification(), shares);
  assert.ok(verifyEvent(finishEvent(template, groupPublicKey, signature)));
});

Deno.test("commit() writes the nonces before it publishes them", async () => {
  const coordinator = new SimulatedCoordinator(KEY, MESSAGE);
  const order: string[] = [];
  const store = new MemoryNonceStore();
  const create = store.create.bind(store);
  store.create = async (slot, record) => {
    const created = await create(slot, record);
    if (isHeld(record)) order.push(`stored ${record.nonce_commitment}`);
    return created;
  };
  const guardian = coordinator.guardian(0, {
    store,
    transport: {
      ...coordinator.transport("ada"),
      submitNonceCommitment: (_, hex) => Promise.resolve(void order.push(`published ${hex}`)),
    },
  });
  const { nonceCommitment } = await guardian.commit(coordinator.session);
  assert.deepEqual(order, [`stored ${nonceCommitment}`, `published ${nonceCommitment}`]);
});

Deno.test("commit() publishes the same commitment again, also after a restart and at once", async () => {
  const coordinator = new SimulatedCoordinator(KEY, MESSAGE);
  const store = new MemoryNonceStore();
  const guardians = [coordinator.guardian(0, { store }), coordinator.guardian(0, { store })];
  await Promise.all(guardians.map((guardian) => guardian.commit(coordinator.session)));
  // What was approved is not asked again.
  const approve = () => assert.fail("asked again");
  await coordinator.guardian(0, { store, approve }).commit(coordinator.session);
  assert.equal(coordinator.sent.length, 3);
  assert.equal(coordinator.distinct("ada", "commitment").length, 1);
});

Deno.test("two sessions get nonces of their own", async () => {
  const store = new MemoryNonceStore();
  const other = { session_id: "session-2" };
  const coordinators = [
    new SimulatedCoordinator(KEY, MESSAGE),
    new SimulatedCoordinator(KEY, MESSAGE, other),
  ];
  const commitments = await Promise.all(coordinators.map(async (coordinator) => {
    const guardian = coordinator.guardian(0, { store });
    return (await guardian.commit(coordinator.session)).nonceCommitment;
  }));
  assert.notEqual(commitments[0], commitments[1]);
  assert.notEqual(commitments[0].slice(0, 66), commitments[0].slice(66));
});

Deno.test("commit() draws nothing for a session that is not approved", async () => {
  const coordinator = new SimulatedCoordinator(KEY, MESSAGE);
  const shown: unknown[] = [];
  const approve = (session: SigningSession) => {
    shown.push(session.message_hash);
    return false;
  };
  const store = new MemoryNonceStore();
  const guardian = coordinator.guardian(0, { approve, store });
  await assert.rejects(guardian.commit(coordinator.session), refusal("not_approved"));
  assert.deepEqual(shown, [MESSAGE]);
  assert.deepEqual(coordinator.sent, []);
  assert.equal(await store.prune(Infinity), 0);
});

Deno.test("commit() refuses a session it could not sign", async () => {
  const template = { kind: 1, created_at: 1, tags: [], content: "x" };
  const cases: [GuardianErrorCode, Partial<SigningSession>][] = [
    ["request_invalid", { message_hash: "5a" }],
    ["request_invalid", { message_hash: MESSAGE.toUpperCase() }],
    ["event_mismatch", { event_template: template }],
    ["event_mismatch", { event_template: { ...template, kind: "1" } }],
    ["not_a_signer", { participants: ["bob", "cyd"] }],
    ["signers_invalid", { participants: ["ada", "eve"] }],
    ["signers_invalid", { participants: ["ada", "ada"] }],
    ["signers_invalid", { threshold: 1 }],
    ["signers_invalid", { threshold: 4 }],
    ["session_expired", { expires_at: Date.now() - 1 }],
    ["session_expired", { expires_at: NaN }],
  ];
  for (const [code, changes] of cases) {
    const coordinator = new SimulatedCoordinator(KEY, MESSAGE, changes);
    const commit = coordinator.guardian(0).commit(coordinator.session);
    await assert.rejects(commit, refusal(code), JSON.stringify(changes));
    assert.deepEqual(coordinator.sent, []);
  }
});

Deno.test("commit() takes nothing but true for a yes", async () => {
  const coordinator = new SimulatedCoordinator(KEY, MESSAGE);
  for (const said of ["no", 1, {}, { approved: false }, undefined]) {
    // As an app in JavaScript may have it.
    const approve = (() => said) as unknown as () => boolean;
    const guardian = coordinator.guardian(0, { approve });
    await assert.rejects(guardian.commit(coordinator.session), refusal("not_approved"));
  }
  assert.deepEqual(coordinator.sent, []);
});

Deno.test("commit() again refuses a session that has changed since it was approved", async () => {
  const coordinator = new SimulatedCoordinator(KEY, MESSAGE);
  const guardian = coordinator.guardian(0);
  await guardian.commit(coordinator.session);
  const changes = [{ message_hash: "a5".repeat(32) }, { threshold: 3 }, {
    participants: ["ada", "bob"],
  }];
  for (const change of changes) {
    await assert.rejects(
      guardian.commit({ ...coordinator.session, ...change }),
      refusal("request_changed"),
    );
  }
  assert.equal(coordinator.sent.length, 1);
});

Deno.test("sign() refuses a package that is not what was approved, and keeps the nonces", async () => {
  const { coordinator, ada, signingPackage: good } = await roundTwo();
  const cyd = coordinator.guardian(2);
  const { nonceCommitment: third } = await cyd.commit(coordinator.session);
  const other = dealKey({ familyId: "family", threshold: 2, participants: NAMES });
  const { ada: own, bob } = good.commitments;
  const keyPackage = (change: object) => ({ key_package: { ...good.key_package, ...change } });
  const template = { kind: 1, created_at: 1, tags: [], content: "x" };
  const cases: [GuardianErrorCode, Partial<SigningPackage>][] = [
    ["request_changed", { message: "a5".repeat(32) }],
    ["request_invalid", { message: "a5" }],
    ["event_mismatch", { event_template: template }],
    ["key_package_mismatch", { ciphersuite: "FROST-secp256k1-SHA256-v1" }],
    ["key_package_mismatch", keyPackage({ ciphersuite: "FROST-secp256k1-SHA256-v1" })],
    ["key_package_mismatch", keyPackage({ threshold: 3 })],
    ["key_package_mismatch", keyPackage({ participants: ["ada", "cyd", "bob"] })],
    ["key_package_mismatch", keyPackage({ group_public_key: other.registration.groupPublicKey })],
    [
      "key_package_mismatch",
      keyPackage({ verifying_shares: good.key_package.verifying_shares.with(1, own.slice(0, 66)) }),
    ],
    ["signers_invalid", { signers: ["bob", "ada"] }],
    ["signers_invalid", { signers: ["ada", "ada"] }],
    ["signers_invalid", { signers: ["ada", "eve"], commitments: { ada: own, eve: bob } }],
    ["signers_invalid", { signers: ["ada"], commitments: { ada: own } }],
    ["signers_invalid", { signers: ["ada"], commitments: { ada: own }, threshold: 1 }],
    ["signers_invalid", { signers: NAMES, commitments: { ada: own, bob, cyd: third } }],
    ["request_changed", {
      signers: NAMES,
      commitments: { ada: own, bob, cyd: third },
      threshold: 3,
    }],
    ["not_a_signer", { signers: ["bob", "cyd"], commitments: { bob, cyd: third } }],
    ["commitment_invalid", { commitments: { ada: own } }],
    ["commitment_invalid", { commitments: { ada: own, cyd: bob } }],
    ["commitment_invalid", { commitments: { ada: own, bob, cyd: third } }],
    ["commitment_invalid", { commitments: { ada: own, bob: bob.slice(2) } }],
    ["commitment_invalid", {
      commitments: { ada: own, bob: "02" + "00".repeat(32) + own.slice(66) },
    }],
    ["commitment_changed", { commitments: { ada: third, bob } }],
    ["commitment_changed", { commitments: { ada: own.slice(66) + own.slice(0, 66), bob } }],
    ["nonces_missing", { session_id: "session-2" }],
  ];
  for (const [code, change] of cases) {
    await assert.rejects(
      ada.sign({ ...good, ...change }),
      refusal(code),
      `${code} ${JSON.stringify(change)}`,
    );
  }
  assert.deepEqual(coordinator.distinct("ada", "share"), []);
  await ada.sign(good);
});

Deno.test("sign() refuses a signer who was not among the approved participants", async () => {
  const { coordinator, ada, signingPackage } = await roundTwo({ participants: ["ada", "bob"] });
  const { commitments } = signingPackage;
  const swapped = {
    signers: ["ada", "cyd"],
    commitments: { ada: commitments.ada, cyd: commitments.bob },
  };
  await assert.rejects(ada.sign({ ...signingPackage, ...swapped }), refusal("request_changed"));
  assert.deepEqual(coordinator.distinct("ada", "share"), []);
});

Deno.test("a threshold above the key's is kept to", async () => {
  const { coordinator, ada, signingPackage } = await roundTwo({ threshold: 3 });
  await assert.rejects(ada.sign({ ...signingPackage, threshold: 2 }), refusal("request_changed"));
  await assert.rejects(ada.sign(signingPackage), refusal("signers_invalid"));
  await coordinator.guardian(2).commit(coordinator.session);
  await ada.sign(coordinator.package());
});

Deno.test("a Nostr event is refused for a key that signs something else", async () => {
  const ciphersuite = "FROST-secp256k1-SHA256-v1";
  const key = dealKey({ familyId: "family", ciphersuite, threshold: 2, participants: NAMES });
  const event_template = { kind: 1, created_at: 1, tags: [], content: "x" };
  const message_hash = eventId(event_template, key.registration.groupPublicKey);
  const coordinator = new SimulatedCoordinator(key, message_hash, { event_template });
  const commit = coordinator.guardian(0).commit(coordinator.session);
  await assert.rejects(commit, refusal("event_mismatch"));
});

Deno.test("a malformed session or package is refused before the store is asked", async () => {
  const { ada, signingPackage, coordinator } = await roundTwo();
  const { session } = coordinator;
  const broken = <T extends object>(whole: T): T[] =>
    Object.keys(whole).filter((key) => key !== "event_template")
      .map((key) => JSON.parse(JSON.stringify({ ...whole, [key]: { not: ["this"] } })));
  for (const wrong of broken(session)) {
    await assert.rejects(ada.commit(wrong), refusal("request_invalid"), JSON.stringify(wrong));
  }
  for (const wrong of broken(signingPackage)) {
    await assert.rejects(ada.sign(wrong), refusal("request_invalid"), JSON.stringify(wrong));
  }
});

Deno.test("nonces are not in a refusal, and are gone from the record once they are taken", async () => {
  const { store, ada, signingPackage } = await roundTwo();
  const records: HeldRecord[] = [];
  const take = store.take.bind(store);
  store.take = async (slot) => {
    const record = await take(slot);
    if (record) records.push(record);
    assert.deepEqual((await store.read(slot))?.state, "spent");
    return record;
  };
  await ada.sign(signingPackage);
  const error = await ada.sign({ ...signingPackage, commitments: {} }).catch(String);
  assert.equal(records.length, 1);
  assert.doesNotMatch(`${error}`, new RegExp(records[0].hiding_nonce));
});
