import assert from "node:assert/strict";
import { schnorr } from "@noble/curves/secp256k1.js";
import { hexToBytes } from "@noble/curves/utils.js";
import { oneTimeKey, recipientFingerprint, sealShare } from "../../../client/recovery/envelope.ts";
import { RecoveryGuardian } from "../../../client/recovery/guardian.ts";
import { RecoveryRequester } from "../../../client/recovery/requester.ts";
import { RecoveryRequests } from "../../../client/recovery/requests.ts";
import { UnifiedFederatedSigningService } from "../../../client/sessions/unified_service.ts";
import { withStack } from "../support/harness.ts";
import { AppFamily, must, refusedWith } from "../support/app_family.ts";
import { randomHex } from "../support/family.ts";
import { pastTheGuards } from "../support/owner.ts";
import { asked, give } from "../support/app_recovery.ts";
import { startRelay } from "../support/relay.ts";

Deno.test("a recovery: two guardians give their shares, and the requester's device signs and publishes", async () => {
  await withStack(async (stack) => {
    await using relay = startRelay();
    const family = await AppFamily.found(stack);
    const [ann, bob, cleo] = family.members;
    const ask = { ...family.eventRequest(), useCase: "emergency_recovery" };
    const requester = RecoveryRequester.prepare(ann.supabase, ask);
    const { requestId, warning } = must(await requester.send());
    assert.equal(warning, undefined);
    const shown: string[] = [];
    for (const guardian of [bob, cleo]) {
      refusedWith("shares_missing", await requester.finish());
      must(
        await give(guardian, requestId, ({ fingerprint, request }) => {
          shown.push(fingerprint);
          return request.message_hash === ask.messageHash;
        }),
      );
    }
    assert.deepEqual(shown, [requester.fingerprint, requester.fingerprint]);
    assert.deepEqual(must(await requester.collect()), {
      success: true,
      status: "ready",
      threshold: 2,
      good: ["bob", "cleo"],
      rejected: [],
      missing: ["ann"],
      ready: true,
    });
    const { finalSignature, status } = must(await requester.finish());
    assert.equal(status, "completed");
    const key = family.key.registration.groupPublicKey.slice(2);
    assert.ok(
      schnorr.verify(hexToBytes(finalSignature), hexToBytes(ask.messageHash), hexToBytes(key)),
    );
    assert.deepEqual(requester.exportState().secretKey, "00".repeat(32));
    // The server has nothing left that could be decrypted.
    const [{ count }] = await stack.database.sql`
      select count(*)::int from sss_encrypted_shares where ciphertext !~ '^sha256:[0-9a-f]{64}$'`;
    assert.equal(count, 0);
    // Asked again, the signature that was made is the answer.
    assert.equal(must(await requester.finish()).finalSignature, finalSignature);

    const service = UnifiedFederatedSigningService.getInstance(bob.supabase);
    must(await service.publishSignedEvent(requestId, [relay.url]));
    const found = must(await service.getSessionStatus(requestId));
    assert.equal(found.method, "sss");
    assert.equal(found.session.final_event_id, ask.messageHash);
    // From now on every answer says what happened to the key.
    const { warning: said } = must(await service.createSigningRequest(family.request()));
    assert.match(said ?? "", /recovery/);
  });
});

Deno.test("a bad share is refused, its guardian named, and a good one takes its place", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [, bob, cleo] = family.members;
    const { requester, requestId } = await asked(family);
    const requests = new RecoveryRequests(cleo.supabase);
    const sealed = (share: string, guardianId = "cleo") =>
      sealShare({
        guardianId,
        keyPackageFingerprint: family.key.fingerprint,
        recipientPublicKey: requester.publicKey,
      }, share);
    must(await give(bob, requestId));
    const bad: Array<[string, RegExp]> = [
      [sealed(bob.keyShare.signing_share), /verifying share/],
      [sealed("00".repeat(32)), /verifying share/],
      // One that another guardian handed in, put under this one's name.
      [sealed(bob.keyShare.signing_share, "bob"), /another purpose: its guardian_id/],
      ["nonsense", /malformed/],
    ];
    for (const [ciphertext, reason] of bad) {
      assert.equal(must(await requests.submitShare(requestId, ciphertext)).status, "ready");
      const failed = await requester.finish();
      refusedWith("shares_missing", failed);
      const { rejected, status, missing, good } = { ...failed as object } as Record<
        string,
        unknown
      >;
      assert.deepEqual([status, missing, good], ["partial", ["ann", "cleo"], ["bob"]]);
      assert.ok(Array.isArray(rejected));
      assert.equal(rejected.length, 1);
      assert.equal(rejected[0].guardian, "cleo");
      assert.match(rejected[0].reason, reason);
    }
    const events = await stack.database.sql`
      select detail ->> 'guardian' as guardian from frost_events
      where subject_id = ${requestId} and event = 'share_rejected'`;
    assert.deepEqual(events.map(({ guardian }) => guardian), bad.map(() => "cleo"));
    must(await give(cleo, requestId));
    assert.equal(must(await requester.finish()).status, "completed");
  });
});

Deno.test("a guardian gives its share to nothing but an approved request for its own key", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const other = await AppFamily.found(stack);
    const [, bob, cleo] = family.members;
    const { requester, requestId } = await asked(family, { participants: ["ann", "bob"] });
    const { request } = must(await new RecoveryRequests(bob.supabase).get(requestId));
    const guardian = new RecoveryGuardian(bob.supabase);
    let asks = 0;
    const submit = (
      changed: Partial<typeof request>,
      keyShare = bob.keyShare,
      approve: () => boolean = () => ++asks > 0,
    ) => guardian.submitShare({ ...request, ...changed }, { keyShare, approve });

    refusedWith("key_share_invalid", await submit({}, { ...bob.keyShare, identifier: 1 }));
    refusedWith("key_package_mismatch", await submit({}, other.members[1].keyShare));
    refusedWith(
      "key_package_mismatch",
      await submit({ key_package: { ...request.key_package, threshold: 1 } }),
    );
    refusedWith("not_a_signer", await submit({}, cleo.keyShare));
    refusedWith("request_invalid", await submit({ message_hash: "5a" }));
    refusedWith(
      "event_mismatch",
      await submit({ event_template: { kind: 1, created_at: 1, tags: [], content: "Other" } }),
    );
    refusedWith("signers_invalid", await submit({ threshold: 1 }));
    refusedWith("session_expired", await submit({ expires_at: Date.now() - 1 }));
    refusedWith("round_open", await submit({ recipient_public_key: null }));
    refusedWith("invalid_input", await submit({ recipient_public_key: "ff".repeat(32) }));
    assert.equal(asks, 0, "A request that is not in order must not be put to a person");

    refusedWith("not_approved", await submit({}, bob.keyShare, () => false));
    // An app in JavaScript may answer anything.
    const saysYes = () => JSON.parse('"yes"');
    refusedWith("not_approved", await submit({}, bob.keyShare, saysYes));
    const shown = must(await new RecoveryRequests(bob.supabase).get(requestId)).request;
    assert.deepEqual(shown.submitted_guardians, []);
    must(await submit({}));
    assert.equal(asks, 1);
    assert.equal(must(await requester.collect()).good.join(), "bob");
    refusedWith("share_already_submitted", await submit({}));
  });
});

Deno.test("a coordinator that puts another key in shows the guardian another fingerprint", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [, bob] = family.members;
    const { requester, requestId } = await asked(family);
    const mallory = oneTimeKey();
    await pastTheGuards(
      stack.database.sql,
      (sql) =>
        sql`update sss_signing_requests set recipient_public_key = ${mallory.publicKey}
        where request_id = ${requestId}`,
    );
    // What the requester reads out to the guardian.
    const spoken = requester.fingerprint;
    assert.notEqual(spoken, recipientFingerprint(mallory.publicKey));
    refusedWith(
      "not_approved",
      await give(bob, requestId, ({ fingerprint }) => fingerprint === spoken),
    );
    refusedWith("request_changed", await requester.collect());
  });
});

Deno.test("only its requester completes a recovery, and only with a valid signature", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob, cleo] = family.members;
    const { requestId } = await asked(family);
    for (const guardian of [bob, cleo]) must(await give(guardian, requestId));
    const requests = new RecoveryRequests(ann.supabase);
    refusedWith("signature_invalid", await requests.complete(requestId, randomHex(64)));
    const other = new RecoveryRequests(bob.supabase);
    refusedWith(
      "not_the_creator",
      await other.rejectShare(requestId, { guardianId: "cleo", ciphertext: "x" }, "no"),
    );
    refusedWith("not_the_creator", await other.fail(requestId, "no"));
    assert.equal(must(await requests.fail(requestId, "Found the key")).status, "failed");
  });
});

Deno.test("a guardian is told which requests wait for it, and setRecipient() sets a key once", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob] = family.members;
    const service = UnifiedFederatedSigningService.getInstance(ann.supabase);
    const { sessionId } = must(
      await service.createSigningRequest({ ...family.request(), preferredMethod: "sss" }),
    );
    refusedWith("round_open", await give(bob, sessionId));
    const requests = new RecoveryRequests(ann.supabase);
    const { publicKey } = oneTimeKey();
    must(await requests.setRecipient(sessionId, publicKey));
    must(await requests.setRecipient(sessionId, publicKey));
    refusedWith(
      "invalid_transition",
      await requests.setRecipient(sessionId, oneTimeKey().publicKey),
    );
    const waiting = async () => {
      const bobs = new RecoveryRequests(bob.supabase);
      const { requests } = must(await bobs.list({ awaitingMe: true, status: "pending" }));
      return requests.map(({ request_id }) => request_id);
    };
    assert.deepEqual(await waiting(), [sessionId]);
    must(await give(bob, sessionId));
    assert.deepEqual(await waiting(), []);
  });
});
