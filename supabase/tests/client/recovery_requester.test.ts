import assert from "node:assert/strict";
import { RecoveryRequester } from "../../../client/recovery/requester.ts";
import { RecoveryRequests } from "../../../client/recovery/requests.ts";
import { withStack } from "../harness.ts";
import { clientOf, foundFamily, must, pastTheGuards, randomHex, refusedWith } from "./family.ts";
import { asked, give } from "./recovery.ts";

Deno.test("a requester signs what it asked for, not what the server says it asked for", async () => {
  await withStack(async (stack) => {
    const family = await foundFamily(stack);
    const [, bob, cleo] = family.members;
    const { requester, requestId } = await asked(family);
    for (const guardian of [bob, cleo]) must(await give(guardian, requestId));
    await pastTheGuards(
      stack.database,
      (sql) =>
        sql`update sss_signing_requests set message_hash = ${randomHex(32)}
        where request_id = ${requestId}`,
    );
    refusedWith("request_changed", await requester.finish());
    assert.notEqual(requester.exportState().secretKey, "00".repeat(32));
  });
});

Deno.test("a requester does not put a key together that is not the one it asked for", async () => {
  await withStack(async (stack) => {
    const family = await foundFamily(stack);
    const liar = await foundFamily(stack);
    const { groupPublicKey } = family.key.registration;
    const asks = [
      { ...family.eventRequest() },
      { ...family.request(), groupPublicKey },
    ];
    for (const ask of asks) {
      const requester = RecoveryRequester.prepare(family.members[0].supabase, ask);
      const { requestId } = must(await requester.send());
      assert.equal(must(await requester.collect()).ready, false);
      await pastTheGuards(
        stack.database,
        (sql) =>
          sql`update sss_signing_requests set key_package_id =
            (select key_package_id from frost_key_packages where family_id = ${liar.id})
          where request_id = ${requestId}`,
      );
      refusedWith("request_changed", await requester.collect());
      refusedWith("request_changed", await requester.finish());
    }
  });
});

Deno.test("a requester that was restarted goes on, also where it never heard of its request", async () => {
  await withStack(async (stack) => {
    const family = await foundFamily(stack);
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

Deno.test("a requester without its key blames nobody", async () => {
  await withStack(async (stack) => {
    const family = await foundFamily(stack);
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
    const family = await foundFamily(stack);
    const { requester } = await asked(family);
    const { secretKey } = requester.exportState();
    for (const shown of [Deno.inspect(requester, { depth: 9 }), JSON.stringify(requester)]) {
      assert.ok(!shown.includes(secretKey));
    }
    assert.match(requester.publicKey, /^[0-9a-f]{64}$/);
  });
});
