import assert from "node:assert/strict";
import type { ErrorCode } from "../../functions/_shared/errors.ts";
import {
  accepted,
  type Answer,
  type Json,
  refused,
  sharedStack,
  writesNothing,
} from "../support/answers.ts";
import { note, randomHex } from "../support/family.ts";
import { HttpFamily } from "../support/http_family.ts";

const stack = sharedStack();

/** Creates with each of these fields in place of the good ones; every one is refused with `code`. */
async function eachRefused(
  family: HttpFamily,
  code: ErrorCode,
  fields: readonly Json[],
): Promise<void> {
  await writesNothing(stack().database.sql, async () => {
    for (const each of fields) refused(await create(family, each), code, show(each));
  });
}

function create(family: HttpFamily, fields: Json): Promise<Answer> {
  return family.call("ann", "create-signing-request", family.request(fields));
}

function show(fields: Json): string {
  return JSON.stringify(fields).slice(0, 100);
}

Deno.test("a session is bound to the caller, the family's key and the time asked for", async () => {
  const family = await HttpFamily.found(stack());
  for (const expirationSeconds of [1, 604_800]) {
    const sessionId = await family.create(family.request({ expirationSeconds }));
    const session = await family.session(sessionId, "bob");
    assert.equal(session.created_by, "ann");
    assert.equal(session.family_id, family.id);
    assert.equal(session.signable, true);
    assert.equal(Number(session.expires_at) - Number(session.created_at), 1000 * expirationSeconds);
  }
});

Deno.test("the method follows the use case, and a preference wins", async () => {
  const family = await HttpFamily.found(stack());
  const cases = [
    [{}, "frost"],
    [{ useCase: "daily_operations" }, "frost"],
    [{ useCase: "never heard of" }, "frost"],
    [{ useCase: "__proto__" }, "frost"],
    [{ useCase: "constructor" }, "frost"],
    [{ useCase: "key_rotation" }, "sss"],
    [{ preferredMethod: "sss" }, "sss"],
    [{ useCase: "emergency_recovery", preferredMethod: "frost" }, "frost"],
  ] as const;
  for (const [fields, method] of cases) {
    assert.equal(accepted(await create(family, fields), 201).method, method, show(fields));
  }
});

Deno.test("what is no whole number in range is no threshold and no time", async () => {
  const family = await HttpFamily.found(stack());
  const numbers = [0, -1, 1.5, 1e9, "2", true, [2], Number.MAX_SAFE_INTEGER];
  await eachRefused(family, "invalid_input", numbers.map((threshold) => ({ threshold })));
  const seconds = [0, -1, 1.5, 604_801, 1e9, "300"];
  await eachRefused(
    family,
    "invalid_input",
    seconds.map((expirationSeconds) => ({ expirationSeconds })),
  );
  // What JSON.stringify cannot write, a hand can.
  const body = JSON.stringify(family.request());
  for (const value of ["1e999", "-1e999", "1e-3", "2.0000000001"]) {
    const text = body.replace('"threshold":2', `"threshold":${value}`);
    refused(await family.call("ann", "create-signing-request", text), "invalid_input", value);
  }
});

Deno.test("a threshold under the key's or over the participants is threshold_invalid", async () => {
  const family = await HttpFamily.found(stack());
  await eachRefused(family, "threshold_invalid", [
    { threshold: 1 },
    { threshold: 4 },
    { threshold: 255 },
    { threshold: 2, participants: ["ann"] },
  ]);
});

Deno.test("participants who hold no share, or come twice, are participants_invalid", async () => {
  const family = await HttpFamily.found(stack());
  await eachRefused(family, "participants_invalid", [
    { participants: ["ann", "mallory"] },
    { participants: ["ann", "ann"] },
    { participants: ["ann", "bob", "bob"] },
    { participants: ["ann", "Bob"] },
    { participants: ["ann", "bob "] },
    { participants: Array.from({ length: 255 }, (_, i) => `p${i}`) },
  ]);
});

Deno.test("a list of participants that is empty or too long is invalid_input", async () => {
  const family = await HttpFamily.found(stack());
  const many = (length: number) => Array.from({ length }, (_, i) => `p${i}`);
  const lists = [[], many(256), many(5000), [[]], [null], ["ann", 1], "ann", { 0: "ann" }];
  await eachRefused(family, "invalid_input", lists.map((participants) => ({ participants })));
});

Deno.test("a message in another spelling than lower-case hex, or longer than any suite signs, is invalid_input", async () => {
  const family = await HttpFamily.found(stack());
  const hash = "ab".repeat(32);
  const hashes = ["", "a", hash.slice(1), hash.toUpperCase(), `0x${hash}`, ` ${hash}`, `${hash}\n`];
  hashes.push("zz".repeat(32), "é".repeat(32), "00".repeat(8193), "00".repeat(30_000));
  await eachRefused(family, "invalid_input", hashes.map((messageHash) => ({ messageHash })));
});

Deno.test("a message of a length the suite does not sign is message_hash_invalid", async () => {
  const family = await HttpFamily.found(stack());
  const hashes = [1, 31, 33, 64, 8192].map((bytes) => ({
    messageHash: "00".repeat(bytes),
  }));
  await eachRefused(family, "message_hash_invalid", hashes);
});

Deno.test("another family's name is not_in_family, whether it has a key or not", async () => {
  const family = await HttpFamily.found(stack());
  const other = await HttpFamily.found(stack());
  await eachRefused(family, "not_in_family", [
    { familyId: other.id },
    { familyId: "no such family" },
    { familyId: other.id, preferredMethod: "sss" },
    { ...other.eventRequest() },
    { ...family.eventRequest(), familyId: "no such family" },
  ]);
});

Deno.test("unknown methods and use cases that are no identifiers are invalid_input", async () => {
  const family = await HttpFamily.found(stack());
  await eachRefused(family, "invalid_input", [
    { preferredMethod: "magic" },
    { preferredMethod: "FROST" },
    { preferredMethod: "" },
    { useCase: "" },
    { useCase: 7 },
    { eventType: "x".repeat(256) },
    { eventType: "a\0b" },
    { recipientPublicKey: "AB".repeat(32), preferredMethod: "sss" },
    { recipientPublicKey: "ab".repeat(33), preferredMethod: "sss" },
  ]);
});

Deno.test("what is no Nostr event is invalid_input", async () => {
  const family = await HttpFamily.found(stack());
  const bad: Json[] = [
    { content: undefined },
    { content: 1 },
    { content: "a\0b" },
    { content: "\ud800" },
    { kind: -1 },
    { kind: 65536 },
    { kind: 1.5 },
    { kind: "1" },
    { created_at: -1 },
    { created_at: 1.5 },
    { created_at: 2 ** 53 },
    { created_at: "now" },
    { tags: null },
    { tags: [1] },
    { tags: [[1]] },
    { tags: [["a", null]] },
    { tags: [["e", "\udfff"]] },
    { tags: {} },
    { pubkey: "AB".repeat(32) },
    { pubkey: "ab".repeat(33) },
    { id: randomHex(32) },
    { constructor: {} },
  ];
  await eachRefused(
    family,
    "invalid_input",
    [[], "event", 1, ...bad.map((field) => ({ ...note(), ...field }))]
      .map((eventTemplate) => ({ eventTemplate })),
  );
});

Deno.test("a template with __proto__ in it changes nothing and is refused", async () => {
  const family = await HttpFamily.found(stack());
  const body = JSON.stringify(family.eventRequest());
  for (const key of ["__proto__", "prototype"]) {
    const text = body.replace('"kind":', `"${key}":{"kind":7},"kind":`);
    assert.notEqual(text, body);
    const answer = await writesNothing(
      stack().database.sql,
      () => family.call("ann", "create-signing-request", text),
    );
    refused(answer, "invalid_input");
  }
});

Deno.test("an event whose id is not the message is event_mismatch", async () => {
  const family = await HttpFamily.found(stack());
  const other = await HttpFamily.found(stack());
  const ours = family.eventRequest();
  const theirKey = other.key.registration.groupPublicKey.slice(2);
  await eachRefused(family, "event_mismatch", [
    { ...ours, messageHash: randomHex(32) },
    { ...ours, eventTemplate: note() },
    { ...other.eventRequest(), familyId: family.id },
    { ...ours, eventTemplate: { ...note(), pubkey: theirKey } },
    { ...ours, preferredMethod: "sss", eventTemplate: note() },
  ]);
});

Deno.test("an event may name the key it is of", async () => {
  const family = await HttpFamily.found(stack());
  const pubkey = family.key.registration.groupPublicKey.slice(2);
  await family.create(family.eventRequest({ ...note(), pubkey }));
});

Deno.test("an event for a key that is not Nostr's is event_mismatch", async () => {
  const family = await HttpFamily.found(stack(), { ciphersuite: "FROST-secp256k1-SHA256-v1" });
  await eachRefused(family, "event_mismatch", [family.eventRequest()]);
});

Deno.test("an event that the database would not hold is invalid_input", async () => {
  const family = await HttpFamily.found(stack());
  // Stored as text, each comma and colon has a space after it.
  const tags = Array.from({ length: 10_000 }, () => ["a"]);
  await eachRefused(family, "invalid_input", [family.eventRequest({ ...note(), tags })]);
});

Deno.test("255 participants with names as long as they may be fit beside a long template", async () => {
  const participants = Array.from({ length: 255 }, (_, i) => `${i}-`.padEnd(64, "guardian "));
  const family = await HttpFamily.found(stack(), { participants });
  const empty = JSON.stringify(note(""));
  const eventRequest = family.eventRequest(note("x".repeat(60_000 - empty.length)));
  assert.equal(
    accepted(await family.call(participants[254], "create-signing-request", eventRequest), 201)
      .status,
    "pending",
  );
});
