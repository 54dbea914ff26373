import assert from "node:assert/strict";
import { freshDatabase, withStack } from "../support/harness.ts";
import { openLanes } from "./at_once.ts";
import { asService, make, tally } from "../support/calls.ts";
import { SqlFamily } from "../support/sql_family.ts";
import { assertLegal } from "../support/legality.ts";
import { Random } from "../support/random.ts";
import { type Answer, tallyAnswers } from "../support/answers.ts";
import { HttpFamily } from "../support/http_family.ts";
import { eventsOf } from "../support/owner.ts";

/** A session of five signers that went well, and nothing besides. */
const ONE_OF_EACH = {
  created: 1,
  commitment_accepted: 5,
  round_one_closed: 1,
  share_accepted: 5,
  aggregating: 1,
  completed: 1,
};

Deno.test("all signers' shares at once make one aggregation and one signature, and all hear the truth", async () => {
  const random = Random.printed("all shares at once");
  await withStack(async (stack) => {
    const { sql } = stack.database;
    const family = await HttpFamily.ofMany(stack, 3, 7);
    for (let round = 0; round < 6; round++) {
      const message = random.hex(32);
      const signers = random.shuffled(family.participants).slice(0, 5);
      const { session, shares } = await family.unsentShares(message, signers);
      const answers = await Promise.all(
        random.shuffled(shares).map(({ guardian, signatureShare }) =>
          family.call(guardian, "submit-signature-share", { sessionId: session, signatureShare })
        ),
      );
      assert.deepEqual(tallyAnswers(answers), { 200: 5 });
      const bodies = answers.map(({ body }) => body)
        .sort((a, b) => Number(a.signatureCount) - Number(b.signatureCount));
      assert.deepEqual(
        bodies.map((
          { status, signatureCount, thresholdMet },
        ) => [signatureCount, status, thresholdMet]),
        [...[1, 2, 3, 4].map((count) => [count, "signing", false]), [5, "completed", true]],
      );
      assert.ok(bodies.slice(0, 4).every((body) => !("finalSignature" in body)));
      assert.ok(family.verifies(message, bodies[4].finalSignature));
      assert.deepEqual(await eventsOf(sql, session), ONE_OF_EACH);
    }
    await assertLegal(sql);
  });
});

Deno.test("every signer's share eight times at once is recorded once each, and the signature made once", async () => {
  const random = Random.printed("every share eight times");
  await withStack(async (stack) => {
    const { sql } = stack.database;
    const family = await HttpFamily.ofMany(stack, 3, 5);
    const message = random.hex(32);
    const { session, shares } = await family.unsentShares(message, family.participants);
    // First one signer alone, whose retries must not look like the others' shares.
    const send = ({ guardian, signatureShare }: (typeof shares)[number]) =>
      family.call(guardian, "submit-signature-share", { sessionId: session, signatureShare });
    const alone = await Promise.all(Array.from({ length: 8 }, () => send(shares[0])));
    assert.deepEqual(tallyAnswers(alone), { 200: 8 });
    for (const { body: { status, signatureCount } } of alone) {
      assert.deepEqual([status, signatureCount], ["signing", 1]);
    }
    const all = random.shuffled(shares.slice(1).flatMap((share) => Array(8).fill(share)));
    const answers = await Promise.all(all.map(send));
    assert.deepEqual(tallyAnswers(answers), { 200: 32 });
    assertTrue(answers, family, message);
    assert.deepEqual(await eventsOf(sql, session), ONE_OF_EACH);
    await assertLegal(sql);
  });
});

Deno.test("aggregate-signature sixteen times while the last share arrives makes one signature", async () => {
  const random = Random.printed("aggregation while the last share arrives");
  await withStack(async (stack) => {
    const { sql } = stack.database;
    const family = await HttpFamily.ofMany(stack, 3, 5);
    const seen = new Set<string>();
    for (let round = 0; round < 6; round++) {
      const message = random.hex(32);
      const { session, shares } = await family.unsentShares(message, family.participants);
      const share = ({ guardian, signatureShare }: (typeof shares)[number]) =>
        family.call(guardian, "submit-signature-share", { sessionId: session, signatureShare });
      for (const early of shares.slice(1)) await share(early);
      const calls: (() => Promise<Answer>)[] = Array.from(
        { length: 16 },
        () => () =>
          family.call(random.pick(family.participants), "aggregate-signature", {
            sessionId: session,
          }),
      );
      calls.splice(random.below(12), 0, () => share(shares[0]));
      const answers = await Promise.all(calls.map((call) => call()));
      for (const kind of Object.keys(tallyAnswers(answers))) {
        seen.add(kind);
        assert.match(kind, /^(200|409 round_open)$/);
      }
      assertTrue(answers, family, message);
      assert.deepEqual(await eventsOf(sql, session), ONE_OF_EACH);
    }
    console.log(`Answers: ${[...seen].join(", ")}`);
    await assertLegal(sql);
  });
});

Deno.test("a session whose last caller died is finished once by sixteen who come at once, in either way", async () => {
  const random = Random.printed("the last caller died");
  await withStack(async (stack) => {
    const { sql } = stack.database;
    const family = await HttpFamily.ofMany(stack, 3, 5);
    for (let round = 0; round < 4; round++) {
      const message = random.hex(32);
      const { session, shares } = await family.unsentShares(message, family.participants);
      // The function had recorded each share, and did not live to add them up.
      for (const { guardian, signatureShare } of shares) {
        const call = asService("record_signature_share", {
          p_session_id: session,
          p_participant_id: guardian,
          p_signature_share: signatureShare,
        });
        assert.equal((await make(sql, call)).code, "ok");
      }
      const answers = await Promise.all(Array.from({ length: 16 }, (_, i) => {
        const { guardian, signatureShare } = random.pick(shares);
        return round % 2 === i % 2
          ? family.call(guardian, "submit-signature-share", { sessionId: session, signatureShare })
          : family.call(guardian, "aggregate-signature", { sessionId: session });
      }));
      assert.deepEqual(tallyAnswers(answers), { 200: 16 });
      assert.ok(answers.every(({ body }) => family.verifies(message, body.finalSignature)));
      assert.deepEqual(await eventsOf(sql, session), ONE_OF_EACH);
    }
    await assertLegal(sql);
  });
});

Deno.test("of eight different shares of one signer at once, one is recorded for its nonce", async () => {
  const random = Random.printed("eight shares of one signer");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 8);
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
  for (let round = 0; round < 10; round++) {
    const { session, signers } = await family.signing(2);
    const calls = Array.from({ length: 8 }, () => family.share(session, signers[0]));
    assert.deepEqual(tally(await lanes.atOnce(calls)), { ok: 1, share_already_submitted: 7 });
  }
  await assertLegal(sql);
});

Deno.test("sixteen signers' shares at once on sixteen connections move the session to aggregating once", async () => {
  const random = Random.printed("sixteen shares at once");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 16);
  const family = await SqlFamily.found(sql, random, { threshold: 16, guardians: 16 });
  for (let round = 0; round < 5; round++) {
    const { session, signers } = await family.signing(16);
    const outcomes = await lanes.atOnce(signers.map((signer) => family.share(session, signer)));
    assert.deepEqual(tally(outcomes), { ok: 16 });
    const moved = outcomes.filter(({ answer }) => answer.status === "aggregating");
    assert.deepEqual(moved.map(({ answer }) => answer.signature_count), [16]);
  }
  await assertLegal(sql);
});

/** Whoever was told that a session is completed was given its signature, and nobody else was. */
function assertTrue(answers: readonly Answer[], family: HttpFamily, message: string): void {
  const completed = answers.filter(({ body }) => body.status === "completed");
  assert.ok(completed.length > 0);
  assert.ok(completed.every(({ body }) => family.verifies(message, body.finalSignature)));
  for (const { body } of answers) {
    assert.equal("finalSignature" in body, body.status === "completed");
  }
}
