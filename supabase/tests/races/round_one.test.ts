import assert from "node:assert/strict";
import { freshDatabase } from "../support/harness.ts";
import { openLanes } from "./at_once.ts";
import { tally } from "../support/calls.ts";
import { SqlFamily } from "../support/sql_family.ts";
import { assertLegal } from "../support/legality.ts";
import { Random } from "../support/random.ts";

Deno.test("of 16 participants who commit at once where 5 are needed, 5 are in and 11 hear that it is closed", async () => {
  const random = Random.printed("16 commit at once");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 16);
  const families: SqlFamily[] = [];
  for (let i = 0; i < 4; i++) {
    families.push(await SqlFamily.found(sql, random, { threshold: 3, guardians: 16 }));
  }
  for (let round = 0; round < 40; round++) {
    const family = families[round % 4];
    const { guardians } = family;
    const session = await family.session({ threshold: 5 });
    const callers = random.shuffled(guardians);
    const calls = callers.map((guardian) => family.commit(session, guardian));
    const outcomes = await lanes.atOnce(calls);
    assert.deepEqual(tally(outcomes), { ok: 5, round_closed: 11 });

    const accepted = callers.filter((_, i) => outcomes[i].code === "ok");
    const inOrder = guardians.filter((guardian) => accepted.includes(guardian));
    const [row] = await sql`
      select status, signers from public.frost_signing_sessions where session_id = ${session}`;
    assert.deepEqual({ ...row }, { status: "signing", signers: inOrder });
    // Each was told what was true at its turn: the first to the fifth, and the fifth closed it.
    const answers = outcomes.filter(({ code }) => code === "ok").map(({ answer }) => answer)
      .sort((a, b) => Number(a.nonce_count) - Number(b.nonce_count));
    assert.deepEqual(answers.map(({ nonce_count, status }) => [nonce_count, status]), [
      [1, "nonce_collection"],
      [2, "nonce_collection"],
      [3, "nonce_collection"],
      [4, "nonce_collection"],
      [5, "signing"],
    ]);
    assert.deepEqual(answers.map((answer) => "signing_package" in answer), [
      false,
      false,
      false,
      false,
      true,
    ]);
  }
  await assertLegal(sql);
});

Deno.test("commitments by plain insert and by RPC at once close round one once", async () => {
  const random = Random.printed("inserts and RPCs at once");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 8);
  const family = await SqlFamily.found(sql, random, { threshold: 3, guardians: 8 });
  for (let round = 0; round < 10; round++) {
    const session = await family.session();
    const calls = family.guardians.map((guardian, i) => {
      const call = family.commit(session, guardian);
      const values = `'${session}', '${guardian}', '${random.commitment()}'`;
      return i % 2 === 0 ? call : {
        ...call,
        statement: `insert into public.frost_nonce_commitments
          (session_id, participant_id, nonce_commitment) values (${values})`,
      };
    });
    assert.deepEqual(tally(await lanes.atOnce(calls)), { ok: 3, round_closed: 5 });
  }
  await assertLegal(sql);
});

Deno.test("several decline at once, and the session fails exactly once", async () => {
  const random = Random.printed("declines at once");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 6);
  const family = await SqlFamily.found(sql, random, { threshold: 4, guardians: 6 });
  for (let round = 0; round < 10; round++) {
    const session = await family.session();
    const calls = await Promise.all(family.guardians.map((g) => family.decline(session, g)));
    // Six may sign and four must: the third to decline ends it.
    const outcomes = await lanes.atOnce(calls);
    assert.deepEqual(tally(outcomes), { ok: 3, session_finished: 3 });
    const told = outcomes.filter(({ code }) => code === "ok").map(({ answer }) => answer.status);
    assert.deepEqual(told.sort(), ["failed", "pending", "pending"]);
  }
  await assertLegal(sql);
});

Deno.test("commitments and declines at once leave a session that is signed by those who committed, or failed", async () => {
  const random = Random.printed("commitments and declines at once");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 12);
  const family = await SqlFamily.found(sql, random, { threshold: 3, guardians: 6 });
  const ends = new Set<string>();
  for (let round = 0; round < 30; round++) {
    const session = await family.session();
    const commits = family.guardians.map((guardian) => family.commit(session, guardian));
    const declines = await Promise.all(
      random.shuffled(family.guardians).slice(0, 1 + round % 6).map((g) =>
        family.decline(session, g)
      ),
    );
    const outcomes = await lanes.atOnce(random.shuffled([...commits, ...declines]));
    for (const { code } of outcomes) {
      assert.match(code, /^(ok|round_closed|invalid_transition|session_finished)$/);
    }
    const [{ status }] = await sql<{ status: string }[]>`
      select status from public.frost_signing_sessions where session_id = ${session}`;
    ends.add(status);
  }
  for (const status of ends) assert.match(status, /^(signing|failed)$/);
  await assertLegal(sql);
});
