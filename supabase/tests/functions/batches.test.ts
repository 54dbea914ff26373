/** The functions that take many items: each is judged alone, and answered where it stands. */
import assert from "node:assert/strict";
import { z } from "zod";
import { CIPHERSUITES } from "../../functions/_shared/frost/suites.ts";
import { signToken } from "../../local/token.ts";
import {
  accepted,
  call,
  type Json,
  refused,
  sharedStack,
  writesNothing,
} from "../support/answers.ts";
import { randomHex } from "../support/family.ts";
import { HttpFamily } from "../support/http_family.ts";
import { foreignCommitment } from "./encodings.ts";

const stack = sharedStack();

const NO_LISTS = [[], Array(257).fill({}), {}, "items", 7, null];

/** What became of each: its code, or "ok". */
function codesOf(results: readonly Json[]): unknown[] {
  return results.map(({ success, code }) => success === true ? "ok" : code);
}

async function sessionsOf(family: HttpFamily, count: number, mode = "two_round") {
  const messages = Array.from({ length: count }, () => ({ messageHash: randomHex(32) }));
  const { messageHash: _, ...request } = family.request({ messages, mode });
  const created = accepted(await family.call("ann", "create-signing-request", request), 201);
  assert.ok(Array.isArray(created.sessionIds));
  return created.sessionIds.map(String);
}

/** The codes of the refusals that are on record for a session. */
async function refusalsOf(sessionId: string): Promise<unknown[]> {
  const events = await stack().database.sql`
    select detail ->> 'code' as code from public.frost_events
    where subject_id = ${sessionId} and event like '%_refused' order by seq`;
  return events.map(({ code }) => code);
}

Deno.test("each commitment of a call is judged alone, and answered where it stands", async () => {
  const family = await HttpFamily.found(stack());
  const other = await HttpFamily.found(stack());
  // A nonce that comes for two sessions is the first one's in the order of ids, in which sessions are locked.
  const [first, second, third] = (await sessionsOf(family, 3)).sort();
  const [a, b, c] = [1, 2, 3].map(() => family.freshCommitment());
  const items = [
    { sessionId: first, nonceCommitment: a },
    7,
    { sessionId: second },
    { sessionId: "none", nonceCommitment: b },
    { sessionId: await other.create(), nonceCommitment: b },
    { sessionId: second, nonceCommitment: foreignCommitment() },
    { sessionId: second, nonceCommitment: b },
    { sessionId: first, nonceCommitment: a },
    { sessionId: first, nonceCommitment: c },
    { sessionId: third, nonceCommitment: b },
    null,
    { sessionId: third, nonceCommitment: c.slice(0, 66) + a.slice(66) },
    { sessionId: third, nonceCommitment: c.toUpperCase() },
    { sessionId: third, nonceCommitment: c, unknown: "field" },
  ];
  const results = await family.items("ann", "submit-nonce-commitments", items);
  assert.deepEqual(codesOf(results), [
    "ok",
    "invalid_input",
    "invalid_input",
    "session_not_found",
    "session_not_found",
    "commitment_invalid",
    "ok",
    "ok",
    "commitment_already_submitted",
    "nonce_reused",
    "invalid_input",
    "nonce_reused",
    "invalid_input",
    "ok",
  ]);
  const ids = items.map((item) => typeof item === "object" ? item?.sessionId : undefined);
  assert.deepEqual(results.map(({ sessionId }) => sessionId), ids);
  const answer = { success: true, quorum: 1, status: "nonce_collection", nonceCount: 1 };
  assert.deepEqual(results[0], { sessionId: first, ...answer, thresholdMet: false });
  assert.deepEqual(results[7], results[0], "The same again");
  assert.match(String(results[1].error), /^The item must be an object/);
  assert.match(String(results[2].error), /^nonceCommitment is missing/);
  for (const [sessionId, commitment] of [[first, a], [second, b], [third, c]]) {
    assert.deepEqual((await family.session(sessionId)).nonce_commitments, { ann: commitment });
  }
  assert.deepEqual(await refusalsOf(first), ["commitment_already_submitted"]);
  assert.deepEqual(await refusalsOf(second), ["commitment_invalid"]);
  assert.deepEqual(await refusalsOf(third), ["nonce_reused", "nonce_reused"]);
});

Deno.test("each share of a call is judged alone, and answered where it stands", async () => {
  const family = await HttpFamily.found(stack());
  const other = await HttpFamily.found(stack());
  const [first, second, third] = [1, 2, 3].map(() => family.signing());
  const sessions = [await first, await second, await third];
  const [a, b, c] = await Promise.all(sessions.map((id) => family.shareOf("ann", id)));
  accepted(await family.share("bob", sessions[1]));
  const open = await family.create();
  const results = await family.items("ann", "submit-signature-shares", [
    { sessionId: sessions[0], signatureShare: b },
    { sessionId: sessions[0], signatureShare: "ff".repeat(32) },
    { sessionId: sessions[0], signatureShare: "00" },
    { sessionId: sessions[0], signatureShare: a, quorum: null },
    { sessionId: sessions[0], signatureShare: a, quorum: 1 },
    { sessionId: sessions[0], signatureShare: a, quorum: 0 },
    { sessionId: sessions[0], signatureShare: a, quorum: 7 },
    { sessionId: await other.signing(), signatureShare: a },
    { sessionId: "none", signatureShare: a },
    "share",
    { sessionId: open, signatureShare: a },
    { sessionId: await family.signing(["bob", "cleo"]), signatureShare: a },
    { sessionId: sessions[1], signatureShare: b },
    { sessionId: sessions[2], signatureShare: c.toUpperCase() },
    { sessionId: sessions[2], signatureShare: c },
  ]);
  assert.deepEqual(codesOf(results), [
    "share_invalid",
    "share_invalid",
    "share_invalid",
    "ok",
    "ok",
    "invalid_input",
    "round_open",
    "session_not_found",
    "session_not_found",
    "invalid_input",
    "round_open",
    "not_a_signer",
    "ok",
    "invalid_input",
    "ok",
  ]);
  assert.deepEqual(results[4], results[3], "The same again");
  assert.deepEqual(await refusalsOf(sessions[0]), Array(3).fill("share_invalid"));
  const { message_hash, final_signature } = await family.session(sessions[1]);
  assert.equal(results[12].finalSignature, final_signature);
  assert.ok(family.verifies(String(message_hash), final_signature));
  const late = await family.items("ann", "submit-signature-shares", [
    { sessionId: sessions[0], signatureShare: b },
    { sessionId: sessions[2], signatureShare: c },
  ]);
  assert.deepEqual(codesOf(late), ["share_already_submitted", "ok"]);
});

Deno.test("a call takes 1 to 256 items, and no other list", async () => {
  const family = await HttpFamily.found(stack());
  for (const name of ["submit-nonce-commitments", "submit-signature-shares"]) {
    await writesNothing(stack().database.sql, async () => {
      for (const items of NO_LISTS) {
        refused(await family.call("ann", name, { items }), "invalid_input", `${name} ${items}`);
      }
      assert.deepEqual(
        codesOf(await family.items("ann", name, Array(256).fill({}))),
        Array(256).fill("invalid_input"),
      );
    });
  }
});

Deno.test("256 sessions are created, committed to and signed in one call each", async () => {
  const family = await HttpFamily.found(stack());
  const sessions = await sessionsOf(family, 256);
  for (const guardian of family.fewest) {
    const items = await Promise.all(sessions.map(async (sessionId) => ({
      sessionId,
      nonceCommitment: await family.draw(guardian),
    })));
    const results = await family.items(guardian, "submit-nonce-commitments", items);
    assert.deepEqual(results.map(({ sessionId }) => sessionId), sessions);
    assert.deepEqual(new Set(codesOf(results)), new Set(["ok"]));
  }
  for (const guardian of family.fewest) {
    const items = await Promise.all(sessions.map((id) => family.shareFor(guardian, id, 1)));
    // One bad one among many is found, and no other is taken for it.
    const bad = { ...items[200], signatureShare: items[201].signatureShare };
    const results = await family.items(guardian, "submit-signature-shares", items.with(200, bad));
    assert.deepEqual(codesOf(results), items.map((_, i) => i === 200 ? "share_invalid" : "ok"));
    const [again] = await family.items(guardian, "submit-signature-shares", [items[200]]);
    assert.equal(again.success, true);
  }
  for (const sessionId of sessions.slice(198, 203)) {
    const { message_hash, final_signature } = await family.session(sessionId);
    assert.ok(family.verifies(String(message_hash), final_signature), sessionId);
  }
});

Deno.test("one call is about sessions of several families and suites, as whoever the caller is in each", async () => {
  const families: HttpFamily[] = [];
  for (const ciphersuite of CIPHERSUITES) {
    families.push(await HttpFamily.found(stack(), { ciphersuite }));
  }
  const [{ id }, ...others] = families;
  const memberships = Object.fromEntries(others.map((family) => [family.id, "ann"]));
  const token = await signToken({
    participant: "ann",
    family: id,
    claims: { families: memberships },
  });
  const sessions = await Promise.all(families.map((family) => family.create()));
  const send = async (name: string, items: readonly Json[]) => {
    const answer = accepted(await call(stack(), name, { token }, { items }));
    assert.deepEqual(
      codesOf(z.array(z.looseObject({})).parse(answer.results)),
      sessions.map(() => "ok"),
    );
  };
  const commitments = families.map(async (family, i) => ({
    sessionId: sessions[i],
    nonceCommitment: await family.commitmentOf("ann", sessions[i]),
  }));
  await send("submit-nonce-commitments", await Promise.all(commitments));
  const shares: Json[] = [];
  for (const [i, family] of families.entries()) {
    accepted(await family.commit("cleo", sessions[i]));
    accepted(await family.share("cleo", sessions[i]));
    const signatureShare = await family.shareOf("ann", sessions[i]);
    shares.push({ sessionId: sessions[i], signatureShare });
  }
  await send("submit-signature-shares", shares);
  for (const [i, family] of families.entries()) {
    const { message_hash, final_signature } = await family.session(sessions[i]);
    assert.ok(family.verifies(String(message_hash), final_signature), family.suite.name);
  }
});

Deno.test("calls with the same sessions in opposite order, at once, do not wait for each other in a ring", async () => {
  const family = await HttpFamily.found(stack());
  for (let repetition = 0; repetition < 12; repetition++) {
    const sessions = await sessionsOf(family, 6);
    const atOnce = async (
      name: string,
      itemOf: (guardian: string, id: string) => Promise<Json>,
    ) => {
      const calls = family.fewest.map(async (guardian, i) => {
        const order = i === 0 ? sessions : sessions.toReversed();
        const items = await Promise.all(order.map((id) => itemOf(guardian, id)));
        return () => family.items(guardian, name, items);
      });
      const results = await Promise.all((await Promise.all(calls)).map((send) => send()));
      assert.deepEqual(codesOf(results.flat()), Array(12).fill("ok"));
    };
    await atOnce("submit-nonce-commitments", async (guardian, sessionId) => ({
      sessionId,
      nonceCommitment: await family.draw(guardian),
    }));
    await atOnce("submit-signature-shares", (guardian, id) => family.shareFor(guardian, id, 1));
    for (const id of sessions) assert.equal((await family.session(id)).status, "completed");
  }
});

Deno.test("one nonce in two calls at once is accepted once, whatever the order of their sessions", async () => {
  const family = await HttpFamily.found(stack());
  for (let repetition = 0; repetition < 12; repetition++) {
    const sessions = await sessionsOf(family, 4);
    const commitments = sessions.map(() => family.freshCommitment());
    const calls = ["ann", "bob"].map((guardian, i) => {
      const order = i === 0 ? sessions : sessions.toReversed();
      const items = order.map((sessionId, n) => ({ sessionId, nonceCommitment: commitments[n] }));
      return family.items(guardian, "submit-nonce-commitments", items);
    });
    const results = (await Promise.all(calls)).flat();
    assert.deepEqual(codesOf(results).sort(), [
      ...Array(4).fill("nonce_reused"),
      ...Array(4).fill("ok"),
    ]);
  }
});
