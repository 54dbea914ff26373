import assert from "node:assert/strict";
import type postgres from "postgres";
import { claims, freshDatabase } from "../support/harness.ts";
import { openLanes } from "./at_once.ts";
import { asOperator, asService, make, tally } from "../support/calls.ts";
import { stopClock } from "./clock.ts";
import { SqlFamily } from "../support/sql_family.ts";
import { assertLegal, illegalities } from "../support/legality.ts";
import { Random } from "../support/random.ts";

const DAY = 86_400_000;
const SWEEP = asService("expire_old_frost_signing_sessions");

Deno.test("of 32 callers who mark a nonce as used, exactly one is told that it did", async () => {
  const random = Random.printed("32 mark a nonce");
  await using database = await freshDatabase();
  const lanes = openLanes(database, 32);
  const family = await SqlFamily.found(database.sql, random, { threshold: 2, guardians: 3 });
  for (let round = 0; round < 5; round++) {
    const commitment = random.commitment();
    const session = await family.session();
    await family.must(family.commit(session, random.pick(family.guardians), commitment));
    const mark = asService("mark_nonce_as_used", { p_nonce_commitment: commitment });
    const outcomes = await lanes.atOnce(Array(32).fill(mark));
    assert.deepEqual(tally(outcomes), { ok: 32 });
    assert.equal(outcomes.filter(({ answer }) => answer.value === true).length, 1);
    assert.equal(outcomes.filter(({ answer }) => answer.value === false).length, 31);
  }
});

Deno.test("a nonce that is marked as its share arrives is used by one of the two", async () => {
  const random = Random.printed("mark and share at once");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 6);
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
  const ends: Record<string, number> = {};
  for (let round = 0; round < 20; round++) {
    const { session, signers: [signer] } = await family.signing(2);
    const [{ nonce_commitment }] = await sql<{ nonce_commitment: string }[]>`
      select nonce_commitment from public.frost_nonce_commitments
      where session_id = ${session} and participant_id = ${signer}`;
    const mark = asService("mark_nonce_as_used", { p_nonce_commitment: nonce_commitment });
    const share = family.share(session, signer);
    const calls = random.shuffled([mark, mark, mark, share, share, share]);
    const outcomes = await lanes.atOnce(calls);
    const marks = outcomes.filter((_, i) => calls[i] === mark);
    const shares = outcomes.filter((_, i) => calls[i] === share);
    const marked = marks.filter(({ answer }) => answer.value === true).length;
    assert.ok(marked <= 1 && marks.every(({ code }) => code === "ok"));
    assert.deepEqual(tally(shares), marked === 1 ? { nonce_reused: 3 } : { ok: 3 });
    const wrong = await illegalities(sql);
    const used = wrong.filter(({ session_id }) => session_id === session);
    assert.equal(
      used.length,
      marked,
      "a nonce marked by hand is used without a share, no other is",
    );
    ends[marked] = (ends[marked] ?? 0) + 1;
  }
  console.log(`Marked by hand: ${ends[1] ?? 0} of 20`);
});

Deno.test("four sweeps at once expire each session once, and together all of them", async () => {
  const random = Random.printed("four sweeps");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 4);
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
  await sql`
    insert into public.frost_signing_sessions
      (family_id, message_hash, participants, threshold, created_by, created_at, expires_at)
    select ${family.id}, repeat('ab', 32), ${family.guardians}, 2, ${family.creator}, 1000, 1000 + n
    from generate_series(1, 2500) as n`;
  const outcomes = await lanes.atOnce(Array(4).fill(SWEEP));
  assert.deepEqual(tally(outcomes), { ok: 4 });
  const together = outcomes.reduce((sum, { answer }) => sum + Number(answer.value), 0);
  // What a sweep skipped because another held it, that other expired.
  assert.equal(together, 2500);
  await assertLegal(sql);
});

Deno.test("a sweep leaves a session alone whose commitment is under way, and finds it the next time", async () => {
  const random = Random.printed("a sweep during a commitment");
  await using database = await freshDatabase();
  const { sql } = database;
  const clock = await stopClock(sql);
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
  const [busy] = [await family.session(), await family.session(), await family.session()];
  const worker = database.connect("postgres", { max: 1 });
  await worker.unsafe("begin");
  const commit = family.commit(busy, family.guardians[1]);
  await worker.unsafe(commit.statement);
  await make(sql, asOperator(clock.moveTo(clock.start + DAY)));
  const impatient = database.connect("postgres", { max: 1, connection: { lock_timeout: 5_000 } });
  assert.equal((await make(impatient, SWEEP)).answer.value, 2);
  await worker.unsafe("commit");
  // It came in time, and has expired since.
  const [{ status }] = await sql`
    select status from public.frost_signing_sessions where session_id = ${busy}`;
  assert.equal(status, "nonce_collection");
  assert.equal((await make(sql, commit)).code, "session_expired");
  assert.equal((await make(sql, SWEEP)).answer.value, 1);
  await assertLegal(sql);
});

Deno.test("a member who keeps its transaction open holds up no sweep", async () => {
  const random = Random.printed("a sweep beside an open transaction");
  await using database = await freshDatabase();
  const { sql } = database;
  const clock = await stopClock(sql);
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
  const ends = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const session = await family.session();
  const create = (transaction: postgres.TransactionSql) =>
    transaction`
      insert into public.frost_signing_sessions (family_id, message_hash, participants, threshold, created_by)
      values (${family.id}, ${random.hex(32)}, ${family.guardians}, 2, ${family.guardians[0]})`;
  const member = { family: family.id, participant: family.guardians[0] };
  await claims(sql, member, create);
  const open = claims(sql, member, async (transaction) => {
    await create(transaction);
    begun.resolve();
    await ends.promise;
  });
  await begun.promise;
  try {
    await make(sql, asOperator(clock.moveTo(clock.start + DAY)));
    await sql.begin(async (transaction) => {
      await transaction`set local lock_timeout = '2s'`;
      await transaction`select public.expire_old_frost_signing_sessions()`;
    });
  } finally {
    ends.resolve();
    await open;
  }
  const [{ status }] = await sql`
    select status from public.frost_signing_sessions where session_id = ${session}`;
  assert.equal(status, "expired");
});

Deno.test("commitments, shares, sweeps and the deadline at once leave what came in time, expired", async () => {
  const random = Random.printed("the deadline");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 9);
  const clock = await stopClock(sql);
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 4 });
  const codes: Record<string, number> = {};
  for (let round = 0; round < 25; round++) {
    await make(sql, asOperator(clock.moveTo(clock.start)));
    const open = await family.session({ expiresInMs: 60_000 });
    const { session, signers } = await family.signing(2, { expiresInMs: 60_000 });
    const calls = [
      ...family.guardians.slice(0, 3).map((guardian) => family.commit(open, guardian)),
      ...signers.map((signer) => family.share(session, signer)),
      SWEEP,
      SWEEP,
      asOperator(clock.moveTo(clock.start + 60_000)),
      await family.fail(open),
    ];
    const outcomes = await lanes.atOnce(random.shuffled(calls));
    for (const { code } of outcomes) {
      assert.match(code, /^(ok|round_closed|session_finished|session_expired)$/);
      codes[code] = (codes[code] ?? 0) + 1;
    }
    await make(sql, SWEEP);
    const rows = await sql<{ status: string }[]>`
      select status from public.frost_signing_sessions where session_id in (${open}, ${session})`;
    for (const { status } of rows) assert.match(status, /^(expired|failed)$/);
  }
  console.log(`Answers: ${JSON.stringify(codes)}`);
  await assertLegal(sql);
});

Deno.test("readers see a session whole or not at all while two cleanups delete it", async () => {
  const random = Random.printed("reads during cleanup");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 14);
  const clock = await stopClock(sql);
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
  for (let round = 0; round < 5; round++) {
    await make(sql, asOperator(clock.moveTo(clock.start)));
    const sessions = [];
    for (let i = 0; i < 12; i++) {
      const { session } = await family.signing(0);
      await family.must(family.complete(session));
      sessions.push(session);
    }
    await make(sql, asOperator(clock.moveTo(clock.start + 2 * DAY)));
    const cleanup = asService("cleanup_old_frost_signing_sessions", { retention_days: 1 });
    const guardian = family.guardians[1];
    const reads = await Promise.all(
      sessions.map((session, i) =>
        i % 3 === 0
          ? family.as(guardian, "get_signing_package", { p_session_id: session })
          : family.as(guardian, "get_signing_session", { p_session_id: session })
      ),
    );
    const [first, second, ...outcomes] = await lanes.atOnce([cleanup, cleanup, ...reads]);
    assert.equal(Number(first.answer.value) + Number(second.answer.value), 12);
    for (const { code, answer } of outcomes) {
      if (code === "session_not_found") continue;
      assert.equal(code, "ok");
      const commitments = answer.nonce_commitments ?? answer.commitments;
      assert.equal(Object.keys(Object(commitments)).length, 2);
      if ("signature_shares" in answer) {
        assert.equal(Object.keys(Object(answer.signature_shares)).length, 2);
      }
    }
  }
  const [{ points }] = await sql`select count(*)::int as points from permafrost.nonce_ledger`;
  assert.equal(points, 5 * 12 * 4, "the ledger forgot a point");
});
