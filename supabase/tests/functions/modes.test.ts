/** Robust and one_tap sessions over plain HTTP, and requests for many messages. */
import assert from "node:assert/strict";
import { z } from "zod";
import { CIPHERSUITES } from "../../functions/_shared/frost/suites.ts";
import { accepted, type Json, refused, sharedStack, writesNothing } from "../support/answers.ts";
import { note, randomHex } from "../support/family.ts";
import { HttpFamily } from "../support/http_family.ts";

const stack = sharedStack();

const create = async (family: HttpFamily, more: Json) => {
  const answer = await family.call("ann", "create-signing-request", family.request(more));
  return accepted(answer, 201);
};

for (const ciphersuite of CIPHERSUITES) {
  Deno.test(`with ${ciphersuite} a one_tap session is one call of the creator's and one of each signer's`, async () => {
    const family = await HttpFamily.found(stack(), { ciphersuite });
    await family.fillPools(2);
    const request = family.request({ mode: "one_tap" });
    const created = accepted(await family.call("ann", "create-signing-request", request), 201);
    const { sessionId, expiresAt, quorums, ...rest } = created;
    const expected = { success: true, method: "frost", mode: "one_tap", status: "signing" };
    assert.deepEqual(rest, expected);
    assert.ok(typeof expiresAt === "number");
    assert.deepEqual(
      z.array(z.looseObject({})).parse(quorums).map(({ quorum, signers }) => [quorum, signers]),
      [[1, ["ann", "bob"]], [2, ["ann", "cleo"]], [3, ["bob", "cleo"]]],
    );
    const id = String(sessionId);
    const items = await family.owed("cleo", id);
    assert.deepEqual(items.map(({ quorum }) => quorum), [2, 3]);
    const first = { sessionId, success: true, status: "signing", signatureCount: 1 };
    assert.deepEqual(
      await family.items("cleo", "submit-signature-shares", items),
      [2, 3].map((quorum) => ({ ...first, quorum, thresholdMet: false })),
    );
    const [{ finalSignature, ...last }] = await family.items(
      "bob",
      "submit-signature-shares",
      (await family.owed("bob", id)).toReversed(),
    );
    const finished = { quorum: 3, status: "completed", signatureCount: 2, thresholdMet: true };
    assert.deepEqual(last, { sessionId, success: true, ...finished });
    assert.ok(family.verifies(request.messageHash, finalSignature));
    assert.deepEqual((await family.session(id)).signers, ["bob", "cleo"]);
  });
}

Deno.test("where the pools do not suffice a one_tap session is robust, and the answer says who lacks how many", async () => {
  const family = await HttpFamily.found(stack());
  await family.fillPools(1, ["ann"]);
  const { mode, status, short, quorums } = await create(family, { mode: "one_tap" });
  assert.deepEqual({ mode, status, short, quorums }, {
    mode: "robust",
    status: "pending",
    short: { ann: 1, bob: 2, cleo: 2 },
    quorums: [],
  });
  // Of two it takes one quorum, and one commitment of each.
  await family.fillPools(2, ["bob"]);
  const two = await create(family, { mode: "one_tap" });
  assert.deepEqual([two.mode, two.short], ["one_tap", { cleo: 2 }]);
  const { body } = await family.rpc("ann", "get_nonce_pool", { p_family_id: family.id });
  assert.deepEqual(body.guardians, { ann: 0, bob: 1, cleo: 0 });
});

Deno.test("several messages are a session each, all in one mode or none at all", async () => {
  const family = await HttpFamily.found(stack());
  await family.fillPools(4);
  const events = [note(), note()].map((template) => {
    const { messageHash, eventTemplate } = family.eventRequest(template);
    return { messageHash, eventTemplate, eventType: "note" };
  });
  const { messageHash, ...request } = family.request({ mode: "one_tap" });
  const ask = (messages: unknown) =>
    family.call("ann", "create-signing-request", { ...request, messages });
  const { sessionIds, batchId, expiresAt, ...rest } = accepted(await ask(events), 201);
  const expected = { success: true, method: "frost", mode: "one_tap", status: "signing" };
  assert.deepEqual(rest, expected);
  assert.ok(typeof batchId === "string" && typeof expiresAt === "number");
  const ids = z.array(z.string()).parse(sessionIds);
  for (const [i, id] of ids.entries()) {
    const { message_hash, event_template, event_type } = await family.session(id, "cleo");
    assert.deepEqual(
      { messageHash: message_hash, eventTemplate: event_template, eventType: event_type },
      events[i],
    );
  }
  const ofOne = accepted(await ask(events.slice(1)), 201);
  assert.ok(typeof ofOne.batchId === "string", "a batch of one message is one");
  const work = await family.rpc("bob", "get_signing_work", { p_batch_id: batchId });
  assert.deepEqual(
    z.array(z.object({ session_id: z.string() })).parse(work.body.work)
      .map(({ session_id }) => session_id),
    ids.toSorted(),
  );
  const short = accepted(await ask([{ messageHash }, { messageHash, eventType: null }]), 201);
  assert.deepEqual(
    [short.mode, short.short],
    ["robust", { ann: 4, bob: 4, cleo: 4 }],
    "The same message twice is two sessions",
  );
  await writesNothing(stack().database.sql, async () => {
    const [event] = events;
    refused(await ask([event, { ...event, messageHash }]), "event_mismatch");
    refused(await ask([event, { messageHash: "00" }]), "message_hash_invalid");
    const malformed = [[], Array(257).fill({ messageHash }), {}, [{}], [7], [null]];
    for (const messages of [...malformed, [{ messageHash }, { messageHash: "" }]]) {
      refused(await ask(messages), "invalid_input", JSON.stringify(messages).slice(0, 50));
    }
  });
});

Deno.test("what is signed is said once, and by sss one message in no mode", async () => {
  const family = await HttpFamily.found(stack());
  const { messageHash, ...request } = family.request();
  const messages = [{ messageHash }];
  const wrong = [
    {},
    { mode: "robust" },
    { messageHash, messages },
    { messages, eventTemplate: note() },
    { messages, eventType: "note" },
    { messageHash, mode: "fast" },
    { messageHash, mode: "robust", preferredMethod: "sss" },
    { messages, useCase: "key_rotation" },
  ];
  await writesNothing(stack().database.sql, async () => {
    for (const fields of wrong) {
      const answer = await family.call("ann", "create-signing-request", { ...request, ...fields });
      refused(answer, "invalid_input", JSON.stringify(fields));
    }
  });
});

Deno.test("a batch holds messages of any length that the suite signs", async () => {
  const family = await HttpFamily.found(stack(), { ciphersuite: "FROST-ED25519-SHA512-v1" });
  await family.fillPools(4);
  const hashes = ["00", randomHex(8192)];
  const messages = hashes.map((messageHash) => ({ messageHash }));
  const { messageHash: _, ...request } = family.request({ messages, mode: "one_tap" });
  const created = accepted(await family.call("ann", "create-signing-request", request), 201);
  for (const guardian of family.fewest) {
    const items = await family.owed(guardian);
    await family.items(guardian, "submit-signature-shares", items);
  }
  for (const [i, id] of z.array(z.string()).parse(created.sessionIds).entries()) {
    assert.ok(family.verifies(hashes[i], (await family.session(id)).final_signature));
  }
});
