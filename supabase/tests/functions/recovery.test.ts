import assert from "node:assert/strict";
import { schnorr } from "@noble/curves/secp256k1.js";
import { hexToBytes } from "@noble/curves/utils.js";
import { accepted, refused, rpcRefused, sharedStack, writesNothing } from "../support/answers.ts";
import { note, randomHex } from "../support/family.ts";
import { ciphertext, Recovering } from "../support/http_recovery.ts";

const stack = sharedStack();

Deno.test("a recovery goes from request to a verified signature, each answer as documented", async () => {
  const recovering = await Recovering.found(stack());
  const { family } = recovering;
  const request = recovering.request();
  const created = accepted(await family.call("ann", "create-signing-request", request), 201);
  const { sessionId, expiresAt, ...rest } = created;
  assert.deepEqual(rest, { success: true, method: "sss", status: "pending" });
  assert.ok(Math.abs(Number(expiresAt) - Date.now() - 86_400_000) < 60_000);
  const requestId = String(sessionId);

  const texts = { cleo: ciphertext(), bob: ciphertext() };
  assert.deepEqual(accepted(await recovering.submit("cleo", requestId, texts.cleo)), {
    success: true,
    status: "partial",
    shareCount: 1,
    thresholdMet: false,
  });
  assert.deepEqual(accepted(await recovering.submit("bob", requestId, texts.bob)), {
    success: true,
    status: "ready",
    shareCount: 2,
    thresholdMet: true,
  });
  const seen = await recovering.see(requestId);
  assert.deepEqual(seen.encrypted_shares, texts);
  assert.equal(seen.recipient_public_key, request.recipientPublicKey);
  assert.equal(seen.use_case, "emergency_recovery");

  const finalSignature = await recovering.sign(requestId);
  assert.deepEqual(accepted(await recovering.complete(requestId, finalSignature)), {
    success: true,
    status: "completed",
    finalSignature,
  });
  const after = await recovering.see(requestId);
  assert.equal(after.status, "completed");
  const key = hexToBytes(family.key.registration.groupPublicKey).subarray(1);
  const [signature, message] = [after.final_signature, after.message_hash].map((h) =>
    hexToBytes(String(h))
  );
  assert.equal(schnorr.verify(signature, message, key), true);
  // The ciphertexts have served.
  const [{ count }] = await stack().database.sql`
    select count(*)::int from public.sss_encrypted_shares
    where request_id = ${requestId} and ciphertext !~ '^sha256:[0-9a-f]{64}$'`;
  assert.equal(count, 0);
});

Deno.test("a request can be completed by a signature of any suite's key", async () => {
  for (const ciphersuite of ["FROST-ED25519-SHA512-v1", "FROST-P256-SHA256-v1"] as const) {
    const recovering = await Recovering.found(stack(), { ciphersuite });
    const { family } = recovering;
    const request = recovering.request();
    const requestId = await recovering.ready(request);
    // Any valid signature of the message will do, whoever made it how.
    const { messageHash } = request;
    const session = await family.completed(undefined, family.request({ messageHash }));
    const signature = String((await family.session(session)).final_signature);
    assert.equal(accepted(await recovering.complete(requestId, signature)).status, "completed");
  }
});

Deno.test("a signature that does not verify completes nothing: signature_invalid", async () => {
  const recovering = await Recovering.found(stack());
  const other = await Recovering.found(stack());
  const requestId = await recovering.ready();
  const another = await recovering.ready();
  const good = await recovering.sign(requestId);
  const { message_hash } = await recovering.see(requestId);
  const message = hexToBytes(String(message_hash));
  const theirs = schnorr.sign(message, hexToBytes(other.secret));
  const signatures = [
    await recovering.sign(another),
    [...theirs].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    good.slice(64) + good.slice(0, 64),
    good.slice(2),
    good + "00",
    "00".repeat(64),
    "ff".repeat(64),
    "00",
  ];
  await writesNothing(stack().database.sql, async () => {
    for (const each of signatures) {
      refused(await recovering.complete(requestId, each), "signature_invalid", each);
    }
    for (const each of [good.toUpperCase(), good.slice(1), "", `0x${good}`]) {
      refused(await recovering.complete(requestId, each), "invalid_input", each);
    }
  });
  accepted(await recovering.complete(requestId, good));
});

Deno.test("completing again with the same signature is answered the same, with another is refused", async () => {
  const recovering = await Recovering.found(stack());
  const requestId = await recovering.ready();
  const signature = await recovering.sign(requestId);
  const first = accepted(await recovering.complete(requestId, signature));
  await writesNothing(stack().database.sql, async () => {
    assert.deepEqual(accepted(await recovering.complete(requestId, signature)), first);
    const another = await recovering.sign(requestId);
    assert.notEqual(another, signature, "BIP-340 draws a nonce");
    refused(await recovering.complete(requestId, another), "session_finished");
  });
});

Deno.test("a request is completed by its requester alone, and with enough shares", async () => {
  const recovering = await Recovering.found(stack());
  const requestId = await recovering.create();
  const signature = await recovering.sign(requestId);
  await writesNothing(stack().database.sql, async () => {
    refused(await recovering.complete(requestId, signature), "round_open");
    refused(await recovering.complete(requestId, signature, "bob"), "not_the_creator");
  });
  accepted(await recovering.submit("bob", requestId));
  refused(await recovering.complete(requestId, signature), "round_open");
  accepted(await recovering.submit("cleo", requestId));
  refused(await recovering.complete(requestId, signature, "bob"), "not_the_creator");
  accepted(await recovering.complete(requestId, signature));
});

Deno.test("only the requester reads ciphertexts, by whatever way", async () => {
  const recovering = await Recovering.found(stack());
  const { family } = recovering;
  const other = await Recovering.found(stack());
  const requestId = await recovering.ready();
  const select = async (headers: Record<string, string>) => {
    const url = `${stack().apiUrl}/rest/v1/sss_encrypted_shares?request_id=eq.${requestId}`;
    const response = await fetch(url, { headers });
    return { status: response.status, rows: await response.json() };
  };
  const as = async (token: string) =>
    await select({ apikey: stack().publishableKey, authorization: `Bearer ${token}` });
  assert.equal((await as(await family.token("ann"))).rows.length, 2);
  for (const token of [await family.token("bob"), await other.family.token("ann")]) {
    assert.deepEqual((await as(token)).rows, []);
  }
  // An operator has no business with them either, and nobody has none at all.
  assert.equal((await select({ apikey: stack().secretKey })).status, 403);
  assert.ok([401, 403].includes((await select({ apikey: stack().publishableKey })).status));
  assert.deepEqual((await recovering.see(requestId, "bob")).encrypted_shares, {});
  const [listed] = JSON.parse((await family.rpc("cleo", "list_recovery_requests", {})).text);
  assert.equal(listed.request_id, requestId);
  assert.ok(!("encrypted_shares" in listed));
  assert.equal(Object.keys((await recovering.see(requestId)).encrypted_shares ?? {}).length, 2);
});

Deno.test("the recipient may be set later, once, by the requester; before that no share is taken", async () => {
  const recovering = await Recovering.found(stack());
  const { family } = recovering;
  const requestId = await recovering.create(recovering.request({ recipientPublicKey: undefined }));
  const set = (by: string, p_recipient_public_key: unknown = randomHex(32)) =>
    family.rpc(by, "set_recovery_recipient", { p_request_id: requestId, p_recipient_public_key });
  await writesNothing(stack().database.sql, async () => {
    refused(await recovering.submit("bob", requestId), "round_open");
    rpcRefused(await set("bob"), "not_the_creator");
    for (const bad of [null, "", "ab", "AB".repeat(32), "0".repeat(65)]) {
      rpcRefused(await set("ann", bad), "invalid_input");
    }
  });
  const key = randomHex(32);
  assert.equal((await set("ann", key)).body.recipient_public_key, key);
  rpcRefused(await set("ann", randomHex(32)), "invalid_transition");
  accepted(await recovering.submit("bob", requestId));
});

Deno.test("a recovery can be asked for an event, whose id is what is signed", async () => {
  const recovering = await Recovering.found(stack());
  const template = note();
  const request = recovering.family.eventRequest(template, {
    preferredMethod: "sss",
    recipientPublicKey: randomHex(32),
  });
  const requestId = await recovering.ready(request);
  assert.deepEqual((await recovering.see(requestId, "bob")).event_template, template);
  accepted(await recovering.complete(requestId, await recovering.sign(requestId)));
});
