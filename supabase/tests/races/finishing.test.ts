import assert from "node:assert/strict";
import type postgres from "postgres";
import { freshDatabase } from "../support/harness.ts";
import { openLanes } from "./at_once.ts";
import { type Outcome, tally } from "../support/calls.ts";
import { SqlFamily } from "../support/sql_family.ts";
import { assertLegal } from "../support/legality.ts";
import { Random } from "../support/random.ts";

const ROUNDS = 15;

Deno.test("sixteen who complete a session with one signature all hear the same, and one did it", async () => {
  const random = Random.printed("complete with one signature");
  await using database = await freshDatabase();
  const lanes = openLanes(database, 16);
  const family = await SqlFamily.found(database.sql, random, { threshold: 2, guardians: 3 });
  for (let round = 0; round < 5; round++) {
    const { session } = await family.signing(0);
    const outcomes = await lanes.atOnce(Array(16).fill(family.complete(session)));
    assert.deepEqual(tally(outcomes), { ok: 16 });
    const told = new Set(outcomes.map(({ answer }) => JSON.stringify(answer)));
    assert.equal(told.size, 1, [...told].join());
  }
  await assertLegal(database.sql);
});

Deno.test("of eight different signatures at once one completes the session, and stays", async () => {
  const random = Random.printed("complete with eight signatures");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 8);
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
  for (let round = 0; round < ROUNDS; round++) {
    const { session } = await family.signing(0);
    const calls = Array.from({ length: 8 }, () => family.complete(session));
    const outcomes = await lanes.atOnce(calls);
    assert.deepEqual(tally(outcomes), { ok: 1, session_finished: 7 });
    const winner = outcomes.find(({ code }) => code === "ok");
    const { final_signature } = await rowOf(sql, session);
    assert.equal(winner?.answer.final_signature, final_signature);
  }
  await assertLegal(sql);
});

Deno.test("a session that is failed and completed at once ends in one way, and the other hears so", async () => {
  const random = Random.printed("fail and complete at once");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 8);
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
  const ends: Record<string, number> = {};
  for (let round = 0; round < ROUNDS; round++) {
    const { session } = await family.signing(0);
    const fail = await family.fail(session);
    const complete = family.complete(session);
    const calls = random.shuffled([...Array(4).fill(fail), ...Array(4).fill(complete)]);
    const outcomes = await lanes.atOnce(calls);
    const { status } = await rowOf(sql, session);
    for (const [i, { code, answer }] of outcomes.entries()) {
      const won = calls[i] === (status === "completed" ? complete : fail);
      assert.equal(code, won ? "ok" : "session_finished");
      if (won) assert.equal(answer.status, status);
    }
    ends[status] = (ends[status] ?? 0) + 1;
  }
  console.log(`Ends: ${JSON.stringify(ends)}`);
  await assertLegal(sql);
});

Deno.test("a session that fails as its last commitment arrives is failed, and the commitment is in or refused", async () => {
  const random = Random.printed("fail and commit at once");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 4);
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 4 });
  for (let round = 0; round < ROUNDS; round++) {
    const session = await family.session();
    const [first, ...others] = family.guardians;
    await family.must(family.commit(session, first));
    const commits = others.map((guardian) => family.commit(session, guardian));
    const fail = await family.fail(session);
    const outcomes = await lanes.atOnce([...commits, fail]);
    const failed = outcomes.pop();
    assert.equal(failed?.code, "ok");
    // Before the failure one commitment gets in, and then the round is closed; after it none does.
    const row = await rowOf(sql, session);
    assert.equal(row.status, "failed");
    assert.equal(count(outcomes, "ok"), row.signers === null ? 0 : 1);
    assert.equal(
      count(outcomes, "ok") + count(outcomes, "round_closed") + count(outcomes, "session_finished"),
      3,
    );
    if (row.signers === null) assert.equal(count(outcomes, "session_finished"), 3);
  }
  await assertLegal(sql);
});

Deno.test("a session that fails as its last share arrives is failed or complete in its shares, never both", async () => {
  const random = Random.printed("fail and share at once");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 4);
  const family = await SqlFamily.found(sql, random, { threshold: 3, guardians: 4 });
  for (let round = 0; round < ROUNDS; round++) {
    const { session, signers } = await family.signing(3);
    const shares = signers.map((signer) => family.share(session, signer));
    const outcomes = await lanes.atOnce([await family.fail(session), ...shares]);
    assert.equal(outcomes[0].code, "ok");
    assert.equal(count(outcomes, "ok") + count(outcomes, "session_finished"), 4);
  }
  await assertLegal(sql);
});

Deno.test("of several reasons to fail at once one is recorded, and the same one again is fine", async () => {
  const random = Random.printed("fail for several reasons");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 8);
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
  for (let round = 0; round < ROUNDS; round++) {
    const session = await family.session();
    const reasons = ["a", "a", "a", "a", "b", "b", "b", "b"];
    const calls = await Promise.all(reasons.map((reason) => family.fail(session, reason)));
    assert.deepEqual(tally(await lanes.atOnce(calls)), { ok: 4, session_finished: 4 });
  }
  await assertLegal(sql);
});

function count(outcomes: readonly Outcome[], code: string): number {
  return outcomes.filter((outcome) => outcome.code === code).length;
}

interface Row {
  readonly status: string;
  readonly signers: string[] | null;
  readonly final_signature: string | null;
}

async function rowOf(sql: postgres.Sql, session: string): Promise<Row> {
  const [row] = await sql<Row[]>`
    select status, signers, final_signature from public.frost_signing_sessions
    where session_id = ${session}`;
  return row;
}
