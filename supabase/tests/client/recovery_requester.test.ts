import assert from "node:assert/strict";
import { RecoveryRequester } from "../../../client/recovery/requester.ts";
import { RecoveryRequests } from "../../../client/recovery/requests.ts";
import { withStack } from "../support/harness.ts";
import { dealKey } from "../../../client/guardian/dealer.ts";
import { formatFingerprint } from "../../../client/key_package.ts";
import type { RegisteredKeyPackage } from "../../../client/key_package.ts";
import type { StackAddress } from "../../local/stack.ts";
import { AppFamily, clientOf, must, refusedWith } from "../support/app_family.ts";
import { randomHex } from "../support/family.ts";
import { pastTheGuards } from "../support/owner.ts";
import { asked, give } from "../support/app_recovery.ts";

Deno.test("a requester signs what it asked for, not what the server says it asked for", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [, bob, cleo] = family.members;
    const changes = [
      { message_hash: randomHex(32) },
      { participants: ["bob", "cleo"] },
      { threshold: 3 },
    ];
    for (const change of changes) {
      const { requester, requestId } = await asked(family);
      for (const guardian of [bob, cleo]) must(await give(guardian, requestId));
      await pastTheGuards(
        stack.database.sql,
        (sql) =>
          sql`update sss_signing_requests set ${sql(change)} where request_id = ${requestId}`,
      );
      refusedWith("request_changed", await requester.finish());
      assert.notEqual(requester.exportState().secretKey, "00".repeat(32));
    }
  });
});

/** Makes the first member's client one whose server tells other things of key packages. */
function liedTo(family: AppFamily, stack: StackAddress, lie: Partial<RegisteredKeyPackage>) {
  return clientOf(stack, family.members[0].id, family.id, {
    async fetch(input, init) {
      const response = await fetch(input, init);
      if (!/rpc\/get_recovery_request|frost_key_packages/.test(String(input))) return response;
      const body = await response.json();
      const { key_package_id = body.key_package_id } = lie;
      const changed = body.key_package === undefined
        ? { ...body, ...lie }
        : { ...body, key_package_id, key_package: { ...body.key_package, ...lie } };
      return Response.json(changed, { status: response.status });
    },
  });
}

Deno.test("a lying server does not make a requester accuse honest guardians", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [, bob, cleo] = family.members;
    const { fingerprint, keyShares: [{ participants, verifying_shares }] } = family.key;
    const { requester, requestId } = await asked(family);
    for (const guardian of [bob, cleo]) must(await give(guardian, requestId));
    const state = requester.exportState();
    const lies: Partial<RegisteredKeyPackage>[] = [
      { verifying_shares: verifying_shares.toReversed() },
      { participants: participants.toReversed() },
      { threshold: 3 },
    ];
    for (const lie of lies) {
      const supabase = await liedTo(family, stack, lie);
      // With the pin and without it.
      for (const keyPackageFingerprint of [fingerprint, undefined]) {
        const ask = { ...state.ask, keyPackageFingerprint };
        const deceived = RecoveryRequester.restore(supabase, { ...state, ask });
        refusedWith("key_package_mismatch", await deceived.collect());
        refusedWith("key_package_mismatch", await deceived.finish());
      }
    }
    // An id of the server's proves nothing, so a lie about it changes nothing.
    const supabase = await liedTo(family, stack, { key_package_id: crypto.randomUUID() });
    const { rejected, good } = must(await RecoveryRequester.restore(supabase, state).collect());
    assert.deepEqual([rejected, good], [[], ["bob", "cleo"]]);
    const { request } = must(await new RecoveryRequests(bob.supabase).get(requestId));
    assert.deepEqual(request.rejected_guardians, []);
    must(await requester.finish());
  });
});

Deno.test("a requester with another key package pinned sends nothing", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const { familyId, threshold, participants } = { ...family.request() };
    // The same secret on another polynomial: the group key is the same.
    const other = dealKey({ familyId, threshold, participants });
    let creations = 0;
    const supabase = await clientOf(stack, "ann", family.id, {
      fetch(input, init) {
        if (String(input).includes("create-signing-request")) creations++;
        return fetch(input, init);
      },
    });
    const prepare = (keyPackageFingerprint: string) =>
      RecoveryRequester.prepare(supabase, { ...family.request(), keyPackageFingerprint });
    refusedWith("key_package_mismatch", await prepare(other.fingerprint).send());
    assert.equal(creations, 0);
    // As people write it is as good.
    must(await prepare(formatFingerprint(family.key.fingerprint)).send());
    assert.equal(creations, 1);
  });
});

Deno.test("a requester does not put a key together that is not the one it asked for", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const liar = await AppFamily.found(stack);
    const asks = [
      ["request_changed", { ...family.eventRequest() }],
      ["key_package_mismatch", {
        ...family.request(),
        keyPackageFingerprint: family.key.fingerprint,
      }],
    ] as const;
    for (const [code, ask] of asks) {
      const requester = RecoveryRequester.prepare(family.members[0].supabase, ask);
      const { requestId } = must(await requester.send());
      assert.equal(must(await requester.collect()).ready, false);
      await pastTheGuards(
        stack.database.sql,
        (sql) =>
          sql`update sss_signing_requests set key_package_id =
            (select key_package_id from frost_key_packages where family_id = ${liar.id})
          where request_id = ${requestId}`,
      );
      refusedWith(code, await requester.collect());
      refusedWith(code, await requester.finish());
    }
  });
});

Deno.test("a requester that was restarted goes on, also where it never heard of its request", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob, cleo] = family.members;
    // The answer gets lost, and then the device is restarted.
    const deaf = await clientOf(stack, "ann", family.id, {
      async fetch(input, init) {
        const response = await fetch(input, init);
        if (!String(input).includes("create-signing-request")) return response;
        await response.body?.cancel();
        throw new TypeError("connection reset");
      },
    });
    const first = RecoveryRequester.prepare(deaf, { ...family.request() });
    refusedWith("session_not_found", await first.collect());
    const kept = JSON.stringify(first.exportState());
    refusedWith("network_error", await first.send());
    // Without a restart it finds its request too, and makes no second one.
    must(await first.send());

    const second = RecoveryRequester.restore(ann.supabase, JSON.parse(kept));
    assert.equal(second.publicKey, first.publicKey);
    const { requestId } = must(await second.send());
    const { requests } = must(await new RecoveryRequests(ann.supabase).list());
    assert.deepEqual(requests.map(({ request_id }) => request_id), [requestId]);
    must(await give(bob, requestId));
    const state = JSON.parse(JSON.stringify(second.exportState()));
    assert.equal(state.requestId, requestId);
    must(await give(cleo, requestId));
    const third = RecoveryRequester.restore(ann.supabase, state);
    const { finalSignature } = must(await third.finish());
    // The others find out that it is done.
    assert.equal(must(await second.finish()).finalSignature, finalSignature);
    for (const broken of [{ secretKey: "5a" }, { secretKey: "00".repeat(32) }, { version: 2 }]) {
      assert.throws(
        () => RecoveryRequester.restore(ann.supabase, { ...state, ...broken }),
        TypeError,
      );
    }
  });
});

Deno.test("a requester without its key accuses no guardian", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [, bob, cleo] = family.members;
    const { requester, requestId } = await asked(family);
    for (const guardian of [bob, cleo]) must(await give(guardian, requestId));
    requester.wipe();
    const { rejected, good, ready } = must(await requester.collect());
    assert.deepEqual([rejected, good, ready], [[], [], false]);
    refusedWith("shares_missing", await requester.finish());
  });
});

Deno.test("a state that is shown does not show the requester's key", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const { requester } = await asked(family);
    const { secretKey } = requester.exportState();
    for (const shown of [Deno.inspect(requester, { depth: 9 }), JSON.stringify(requester)]) {
      assert.ok(!shown.includes(secretKey));
    }
    assert.match(requester.publicKey, /^[0-9a-f]{64}$/);
  });
});
