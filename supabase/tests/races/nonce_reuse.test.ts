import assert from "node:assert/strict";
import { freshDatabase } from "../support/harness.ts";
import { openLanes } from "./at_once.ts";
import { asOperator, literal, make, tally } from "../support/calls.ts";
import { SqlFamily } from "../support/sql_family.ts";
import { assertLegal } from "../support/legality.ts";
import { Random } from "../support/random.ts";

Deno.test("of 64 callers at once with one nonce commitment, in 64 sessions, one is accepted", async () => {
  const random = Random.printed("64 callers with one nonce commitment");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 64);
  const families: SqlFamily[] = [];
  for (let i = 0; i < 8; i++) {
    families.push(await SqlFamily.found(sql, random, { threshold: 2, guardians: 8 }));
  }
  for (let round = 0; round < 3; round++) {
    const commitment = random.commitment();
    const calls = [];
    const sessions: string[] = [];
    for (let i = 0; i < 64; i++) {
      const family = families[i % 8];
      sessions.push(await family.session());
      calls.push(family.commit(sessions[i], random.pick(family.guardians), commitment));
    }
    const outcomes = await lanes.atOnce(calls);
    assert.deepEqual(tally(outcomes), { ok: 1, nonce_reused: 63 });
    const refused = outcomes.flatMap(({ code }, i) => code === "ok" ? [] : [sessions[i]]);
    const events = await sql<{ session_id: string; actor: string; code: string }[]>`
      select subject_id as session_id, actor, detail ->> 'code' as code from public.frost_events
      where event = 'commitment_refused' and subject_id in ${sql(sessions)}`;
    assert.equal(events.length, 63);
    assert.deepEqual(new Set(events.map(({ session_id }) => session_id)), new Set(refused));
    assert.deepEqual(new Set(events.map(({ code }) => code)), new Set(["nonce_reused"]));
  }
  await assertLegal(sql);
});

Deno.test("of 32 plain inserts at once of one nonce commitment, one is not a unique violation", async () => {
  const random = Random.printed("32 inserts of one nonce commitment");
  await using database = await freshDatabase();
  const family = await SqlFamily.found(database.sql, random, { threshold: 2, guardians: 3 });
  const commitment = random.commitment();
  const calls = [];
  for (let i = 0; i < 32; i++) {
    const row = [await family.session(), random.pick(family.guardians), commitment];
    calls.push(asOperator(
      `insert into public.frost_nonce_commitments (session_id, participant_id, nonce_commitment)
       values (${row.map(literal)})`,
    ));
  }
  const outcomes = await openLanes(database, 32).atOnce(calls);
  assert.deepEqual(tally(outcomes), { ok: 1, "23505": 31 });
  await assertLegal(database.sql);
});

Deno.test("pairs of points that cross over neither deadlock nor put a point into two hands", async () => {
  const random = Random.printed("crossing pairs");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 24);
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
  for (let round = 0; round < 12; round++) {
    const points = Array.from({ length: 4 }, () => random.point());
    const pairs = points.flatMap((a) => points.filter((b) => b !== a).map((b) => [a, b]));
    const calls = [];
    // Every pair in both orders, and each of those from two callers.
    for (const pair of random.shuffled([...pairs, ...pairs])) {
      calls.push(
        family.commit(await family.session(), random.pick(family.guardians), pair.join("")),
      );
    }
    const outcomes = await lanes.atOnce(calls);
    // Whoever waits for a point gets it when its holder is refused, so two disjoint pairs are in each time.
    assert.deepEqual(tally(outcomes), { ok: 2, nonce_reused: 22 });
  }
  const [{ shared }] = await sql`
    select count(*)::int as shared from (
      select p from public.frost_nonce_commitments,
        lateral (values (left(nonce_commitment, 66)), (right(nonce_commitment, 66))) as v (p)
      group by p having count(*) > 1) as twice`;
  assert.equal(shared, 0);
  await assertLegal(sql);
});

Deno.test("a commitment sent eight times at once is accepted once and answered eight times", async () => {
  const random = Random.printed("one commitment eight times");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 8);
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
  for (let round = 0; round < 10; round++) {
    const session = await family.session();
    const [first, second] = random.shuffled(family.guardians);
    const commitments = [first, second].map((guardian) => family.commit(session, guardian));
    for (const [i, call] of commitments.entries()) {
      const outcomes = await lanes.atOnce(Array(8).fill(call));
      assert.deepEqual(tally(outcomes), { ok: 8 });
      const status = i === 0 ? "nonce_collection" : "signing";
      assert.ok(
        outcomes.every(({ answer }) =>
          answer.status === status && answer.nonce_count === i + 1 &&
          answer.threshold_met === (i === 1)
        ),
      );
      // What share checks are prepared from goes to the one call that closed round one.
      assert.equal(outcomes.filter(({ answer }) => "signing_package" in answer).length, i);
    }
  }
  const [{ refused }] = await sql`
    select count(*)::int as refused from public.frost_events where event = 'commitment_refused'`;
  assert.equal(refused, 0, "a retry was logged as an attack");
  await assertLegal(sql);
});

Deno.test("of eight commitments of one guardian at once in one session, one is accepted", async () => {
  const random = Random.printed("eight commitments of one guardian");
  await using database = await freshDatabase();
  const lanes = openLanes(database, 8);
  const family = await SqlFamily.found(database.sql, random, { threshold: 2, guardians: 3 });
  for (let round = 0; round < 10; round++) {
    const session = await family.session();
    const guardian = random.pick(family.guardians);
    const calls = Array.from({ length: 8 }, () => family.commit(session, guardian));
    const outcomes = await lanes.atOnce(calls);
    assert.deepEqual(tally(outcomes), { ok: 1, commitment_already_submitted: 7 });
    // The one that was accepted, and no other, may be sent again.
    for (const [i, call] of calls.entries()) {
      assert.equal((await make(database.sql, call)).code, outcomes[i].code);
    }
  }
  await assertLegal(database.sql);
});

Deno.test("a nonce is refused while the session that had it is being cleaned up, and after", async () => {
  const random = Random.printed("reuse during cleanup");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 9);
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
  for (let round = 0; round < 5; round++) {
    const commitment = random.commitment();
    const old = await family.session();
    await family.must(family.commit(old, family.guardians[0], commitment));
    await family.must(family.fail(old));
    const calls = [];
    for (let i = 0; i < 8; i++) {
      calls.push(family.commit(await family.session(), random.pick(family.guardians), commitment));
    }
    // As the cleanup does, without its wait of a day.
    const cleanup = asOperator(
      `delete from public.frost_signing_sessions where session_id = '${old}'`,
    );
    const [cleaned, ...outcomes] = await lanes.atOnce([cleanup, ...calls]);
    assert.equal(cleaned.code, "ok");
    assert.deepEqual(tally(outcomes), { nonce_reused: 8 });
    assert.equal((await make(sql, calls[0])).code, "nonce_reused");
  }
  await assertLegal(sql);
});
