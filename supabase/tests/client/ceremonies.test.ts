/** Whole ceremonies through the client library and the real functions. */
import assert from "node:assert/strict";
import { checkReadiness } from "../../../client/ceremonies/readiness.ts";
import { readCeremony } from "../../../client/ceremonies/reading.ts";
import { startRollCall } from "../../../client/ceremonies/roll_call.ts";
import type { CeremonyPin } from "../../../client/ceremonies/pins.ts";
import { type CeremonyStore, MemoryCeremonyStore } from "../../../client/ceremonies/store.ts";
import { type CeremonyRequest, restartCeremony } from "../../../client/ceremonies/calls.ts";
import { recoverCurrentShare } from "../../../client/ceremonies/recovery.ts";
import { HostKey } from "../../../client/ceremonies/host_key.ts";
import { CIPHERSUITES } from "../../functions/_shared/frost/suites.ts";
import { must } from "../support/app_family.ts";
import { CeremonyFamily } from "../support/ceremony_family.ts";
import { randomHex } from "../support/family.ts";
import { withStack } from "../support/harness.ts";

const NAMES = ["ann", "bob", "cleo"];

const REQUESTS: readonly Omit<CeremonyRequest, "familyId" | "participants" | "threshold">[] = [
  { kind: "dkg" },
  ...CIPHERSUITES.map((
    ciphersuite,
  ) => ({ kind: "dkg", protocol: "pedersen", ciphersuite } as const)),
];

for (const request of REQUESTS) {
  const name = `${request.protocol ?? "chilldkg"} ${request.ciphersuite ?? ""}`.trim();

  Deno.test(`${name}: a key is born in shares, is dealt anew, and comes back from words`, async () => {
    await withStack(async (stack) => {
      const family = await CeremonyFamily.found(stack, NAMES);
      await family.hold("ann", { ...request, threshold: 2, participants: NAMES });
      const { groupPublicKey } = await family.sign(["ann", "cleo"], randomHex(32));

      await family.admit("dora");
      await family.hold("bob", {
        kind: "reshare",
        threshold: 2,
        participants: ["ann", "dora", "cleo"],
        dealers: ["ann", "bob"],
      });
      const again = await family.sign(["dora", "cleo"], randomHex(32));
      assert.equal(again.groupPublicKey, groupPublicKey);

      const cleo = family.guardian("cleo");
      const onNewDevice = HostKey.fromWords(cleo.hostKey.words);
      const recovered = must(await recoverCurrentShare(cleo.supabase, family.id, onNewDevice));
      assert.equal(recovered.epoch, 2);
      assert.deepEqual(recovered.keyShare, cleo.keyShare);
    });
  });
}

Deno.test("before round one each thing that must be right is looked at, and nothing is sent", async () => {
  await withStack(async (stack) => {
    const family = await CeremonyFamily.found(stack, NAMES);
    const started = await family.start("ann", { kind: "dkg", threshold: 2, participants: NAMES });
    const { ceremonyId, paramsId } = started;
    const bob = family.guardian("bob");
    const ready = async (
      pin: CeremonyPin,
      store: CeremonyStore = bob.store,
      hostKey = bob.hostKey,
    ) =>
      (await checkReadiness(ceremonyId, pin, { ...bob, store, hostKey, participantId: "bob" }))
        .filter(({ ok }) => !ok).map(({ check }) => check);
    assert.deepEqual(await ready({ paramsId }), []);
    assert.deepEqual(await ready({ paramsId: "ab".repeat(32) }), ["pin"]);
    assert.deepEqual(await ready({ paramsId }, bob.store, HostKey.generate()), ["device"]);
    assert.deepEqual(await ready({ paramsId }, new FullStore()), ["store"]);
    await family.admit("cleo");
    assert.deepEqual(await ready({ paramsId }), ["host keys"]);
    const { ceremony } = must(await readCeremony(bob.supabase, ceremonyId));
    assert.deepEqual(ceremony.received, {});
  });
});

Deno.test("a roll call is signed by all, and the key is proven", async () => {
  await withStack(async (stack) => {
    const family = await CeremonyFamily.found(stack, NAMES);
    await family.hold("ann", { kind: "dkg", threshold: 2, participants: NAMES });
    const { supabase } = family.guardian("ann");
    const status = async () =>
      (await supabase.rpc("get_key_status", { p_family_id: family.id })).data;
    const { key_package, proven } = await status();
    assert.equal(proven, false);
    const called = must(await startRollCall(supabase, family.id, key_package));
    await Promise.all(NAMES.map((name) => family.approve(name, called.sessionId)));
    assert.equal((await status()).proven, true);
  });
});

/** A store with no room left. */
class FullStore extends MemoryCeremonyStore {
  override create(): Promise<boolean> {
    return Promise.reject(new Error("There is no room left"));
  }
}

Deno.test("2 of 2, then 2 of 3, then 2 of 2 and 2 of 3 again, under one public key; a vanished dealer is replaced", async () => {
  await withStack(async (stack) => {
    const family = await CeremonyFamily.found(stack, [...NAMES, "dora"]);
    await family.hold("ann", { kind: "dkg", threshold: 2, participants: ["ann", "bob"] });
    const { groupPublicKey } = await family.sign(["ann", "bob"], randomHex(32));
    const steps: [string[], string[]][] = [
      [NAMES, ["ann", "bob"]],
      [["bob", "dora"], ["ann", "cleo"]],
      [["dora", "ann", "cleo"], ["bob", "dora"]],
    ];
    for (const [participants, dealers] of steps) {
      await family.hold(dealers[0], { kind: "reshare", threshold: 2, participants, dealers });
      const signed = await family.sign(participants.slice(0, 2), randomHex(32));
      assert.equal(signed.groupPublicKey, groupPublicKey);
    }
    // ann vanishes: dora asks cleo in her place.
    const request = { kind: "reshare", threshold: 2, participants: ["dora", "cleo"] } as const;
    const { ceremonyId } = await family.start("dora", { ...request, dealers: ["dora", "ann"] });
    const { supabase } = family.guardian("dora");
    const again = { familyId: family.id, ...request, dealers: ["dora", "cleo"] };
    const restarted = must(await restartCeremony(supabase, ceremonyId, again));
    for (
      const joined of await Promise.all(["dora", "cleo"].map((who) => family.join(who, restarted)))
    ) {
      must(joined);
    }
    assert.equal(
      (await family.sign(["dora", "cleo"], randomHex(32))).groupPublicKey,
      groupPublicKey,
    );
  });
});
