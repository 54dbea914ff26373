import assert from "node:assert/strict";
import { schnorr } from "@noble/curves/secp256k1.js";
import { hexToBytes } from "@noble/curves/utils.js";
import { createClient } from "@supabase/supabase-js";
import { type Event, verifyEvent } from "nostr-tools/pure";
import { finishEvent } from "../../functions/_shared/frost/nostr.ts";
import {
  CIPHERSUITES,
  suiteOf,
  TAPROOT_CIPHERSUITE,
} from "../../functions/_shared/frost/suites.ts";
import { accepted, sharedStack } from "../support/answers.ts";
import { note } from "../support/family.ts";
import { HttpFamily } from "../support/http_family.ts";

const stack = sharedStack();

for (const ciphersuite of CIPHERSUITES) {
  Deno.test(`a whole session signs with ${ciphersuite}, each answer as documented`, async () => {
    const family = await HttpFamily.found(stack(), { ciphersuite });
    const request = family.request();
    const created = accepted(await family.call("ann", "create-signing-request", request), 201);
    const { sessionId, expiresAt, ...rest } = created;
    assert.deepEqual(rest, {
      success: true,
      method: "frost",
      mode: "two_round",
      quorums: [],
      status: "pending",
    });
    assert.ok(typeof sessionId === "string" && typeof expiresAt === "number");
    assert.ok(Math.abs(expiresAt - Date.now() - 300_000) < 60_000, `${expiresAt}`);

    assert.deepEqual(accepted(await family.commit("cleo", sessionId)), {
      success: true,
      quorum: 1,
      status: "nonce_collection",
      nonceCount: 1,
      thresholdMet: false,
    });
    assert.deepEqual(accepted(await family.commit("bob", sessionId)), {
      success: true,
      quorum: 1,
      status: "signing",
      nonceCount: 2,
      thresholdMet: true,
    });
    assert.deepEqual((await family.session(sessionId)).signers, ["bob", "cleo"]);

    assert.deepEqual(accepted(await family.share("cleo", sessionId)), {
      success: true,
      quorum: 1,
      status: "signing",
      signatureCount: 1,
      thresholdMet: false,
    });
    const { finalSignature, ...last } = accepted(await family.share("bob", sessionId));
    assert.deepEqual(last, {
      success: true,
      quorum: 1,
      status: "completed",
      signatureCount: 2,
      thresholdMet: true,
    });
    verifies(family, String(request.messageHash), String(finalSignature));

    const aggregated = await family.call("ann", "aggregate-signature", { sessionId });
    assert.deepEqual(accepted(aggregated), { success: true, status: "completed", finalSignature });
    const session = await family.session(sessionId);
    assert.equal(session.final_signature, finalSignature);
  });
}

Deno.test("a signed Nostr event is valid to nostr-tools and to BIP-340, whichever sign the group key has", async () => {
  // Two secrets, n and order − n, have keys with the same x and different y.
  const secret = "0b".repeat(32);
  const { Fn } = suiteOf(TAPROOT_CIPHERSUITE);
  const negated = Fn.neg(Fn.fromBytes(hexToBytes(secret))).toString(16).padStart(64, "0");
  const spellings = new Set<string>();
  for (const each of [secret, negated]) {
    const family = await HttpFamily.found(stack(), { secret: each });
    const { groupPublicKey } = family.key.registration;
    spellings.add(groupPublicKey);
    const template = note(`“quoted”, \\ and \n line, ❄, \u{1f9ca}, \u2028, \u007f`);
    const sessionId = await family.completed(undefined, family.eventRequest(template));
    const signature = String((await family.session(sessionId)).final_signature);
    const event = finishEvent(template, groupPublicKey, signature);
    // From JSON, without what nostr-tools remembers about an event it has verified.
    const received: Event = JSON.parse(JSON.stringify(event));
    assert.equal(verifyEvent(received), true);
    const [sig, id, pubkey] = [received.sig, received.id, received.pubkey].map((h) =>
      hexToBytes(h)
    );
    assert.equal(schnorr.verify(sig, id, pubkey), true);
  }
  assert.equal(spellings.size, 2);
});

Deno.test("the template comes back to its guardians as it was sent", async () => {
  const family = await HttpFamily.found(stack());
  const template = note(`tab \t, quote ", zero-width \u200b, ${"❄".repeat(1000)}`);
  const sessionId = await family.create(family.eventRequest(template));
  assert.deepEqual((await family.session(sessionId)).event_template, template);
});

Deno.test("a session may ask for more signers than its key does", async () => {
  const participants = ["ann", "bob", "cleo", "dora", "emil"];
  const family = await HttpFamily.found(stack(), { participants, threshold: 2 });
  const request = family.request({ threshold: 4 });
  const sessionId = await family.completed(["emil", "bob", "dora", "ann"], request);
  const { status, signers, final_signature } = await family.session(sessionId);
  assert.equal(status, "completed");
  assert.deepEqual(signers, ["ann", "bob", "dora", "emil"]);
  verifies(family, String(request.messageHash), String(final_signature));
});

Deno.test("identifiers go by the key's order of participants, not by the session's or the alphabet's", async () => {
  const participants = ["zoe", "ann", "Mia", "10", "9"];
  for (const ciphersuite of [TAPROOT_CIPHERSUITE, "FROST-ED25519-SHA512-v1"] as const) {
    const family = await HttpFamily.found(stack(), { participants, threshold: 3, ciphersuite });
    const request = family.request({ participants: ["9", "ann", "zoe", "Mia"] });
    const sessionId = await family.completed(["9", "zoe", "Mia"], request);
    const { signers, final_signature } = await family.session(sessionId, "ann");
    assert.deepEqual(signers, ["zoe", "Mia", "9"]);
    verifies(family, String(request.messageHash), String(final_signature));
  }
});

Deno.test("messages other than 32 bytes are signed by the suites that can", async () => {
  const family = await HttpFamily.found(stack(), { ciphersuite: "FROST-ED25519-SHA512-v1" });
  for (const messageHash of ["00", "ab".repeat(8192)]) {
    const sessionId = await family.completed(undefined, family.request({ messageHash }));
    verifies(family, messageHash, String((await family.session(sessionId)).final_signature));
  }
});

Deno.test("supabase-js carries a request and its answer", async () => {
  const family = await HttpFamily.found(stack());
  const token = await family.token("ann");
  const { apiUrl, publishableKey } = stack();
  const supabase = createClient(apiUrl, publishableKey, {
    accessToken: () => Promise.resolve(token),
  });
  const { data, error } = await supabase.functions.invoke("create-signing-request", {
    body: family.request({
      expirationSeconds: 60,
      eventType: "invoice",
      useCase: "high_value_transaction",
    }),
  });
  assert.equal(error, null);
  assert.equal(data.success, true);
  const { data: session } = await supabase.rpc("get_signing_session", {
    p_session_id: data.sessionId,
  });
  assert.equal(session.event_type, "invoice");
  assert.equal(session.created_by, "ann");
  assert.equal(session.expires_at - session.created_at, 60_000);
});

/** By noble's own verifier of the suite, under the dealt key. */
function verifies({ suite, key }: HttpFamily, message: string, signature: string): void {
  const [sig, msg, groupKey] = [signature, message, key.registration.groupPublicKey]
    .map((h) => hexToBytes(h));
  const valid = suite.name === TAPROOT_CIPHERSUITE
    ? schnorr.verify(sig, msg, groupKey.subarray(1))
    : suite.frost.verify(sig, msg, groupKey);
  assert.equal(valid, true, `${suite.name} ${signature}`);
}
