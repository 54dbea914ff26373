/** What a transaction whose snapshot is older than its turn may do to a session: nothing. */
import assert from "node:assert/strict";
import type postgres from "postgres";
import { freshDatabase } from "../support/harness.ts";
import {
  asOperator,
  type Call,
  literal,
  make,
  type Outcome,
  preambleOf,
  send,
} from "../support/calls.ts";
import { SqlFamily } from "../support/sql_family.ts";
import { assertLegal } from "../support/legality.ts";
import { Random } from "../support/random.ts";

/** Lets `second` see the database as it is before `first` is made and committed. */
async function late(
  sql: postgres.Sql,
  worker: postgres.Sql,
  isolation: string,
  first: Call,
  second: Call,
): Promise<Outcome> {
  await worker.unsafe(`begin isolation level ${isolation}; select 1`).simple();
  assert.equal((await make(sql, first)).code, "ok");
  const outcome = await send(worker, `${preambleOf(second)}; ${second.statement}`);
  await worker.unsafe("commit");
  return outcome;
}

Deno.test("a change by a transaction that does not see what was done before its turn is refused", async () => {
  const random = Random.printed("old snapshots");
  await using database = await freshDatabase();
  const { sql } = database;
  const worker = database.connect("postgres", { max: 1 });
  const family = await SqlFamily.found(sql, random, { threshold: 3, guardians: 4 });
  for (const isolation of ["repeatable read", "serializable"]) {
    const session = await family.session();
    const [g1, g2, g3] = family.guardians;
    await family.must(family.commit(session, g1));
    const third = family.commit(session, g3);
    const outcome = await late(sql, worker, isolation, family.commit(session, g2), third);
    assert.equal(outcome.code, "0A000", JSON.stringify(outcome));
    await assertLegal(sql);
    assert.equal((await make(sql, third)).answer.threshold_met, true, "and nothing is lost by it");
  }
  await assertLegal(sql);
});

Deno.test("a share that meets a mark made by plain SQL takes the nonce or is refused, never both", async () => {
  const random = Random.printed("a mark by plain SQL");
  await using database = await freshDatabase();
  const { sql } = database;
  const operator = database.connect("postgres", { max: 1 });
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
  const { session, signers: [signer] } = await family.signing(2);
  await operator.unsafe("begin");
  await operator`
    update public.frost_nonce_commitments set nonce_used = true
    where session_id = ${session} and participant_id = ${signer}`;
  const share = make(sql, family.share(session, signer));
  await untilSomebodyWaits(operator);
  await operator.unsafe("commit");
  assert.equal((await share).code, "nonce_reused");
  const shares = await sql`select from public.frost_signature_shares where session_id = ${session}`;
  assert.equal(shares.length, 0);
});

Deno.test("a login that was granted the members' role is a member, and no operator", async () => {
  const random = Random.printed("a login of the project's own");
  await using database = await freshDatabase();
  const { sql } = database;
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
  const session = await family.session();
  const login = `app_${random.hex(6)}`;
  await sql.unsafe(`create role ${login} login inherit password 'postgres'`);
  try {
    await sql.unsafe(`grant authenticated to ${login}`);
    const url = new URL(database.url);
    url.username = login;
    const app = database.connectTo(url.href);
    const read = asOperator(`select public.get_signing_session('${session}') as answer`);
    assert.equal((await make(app, read)).code, "session_not_found");
    const list = asOperator("select public.list_signing_sessions() as answer");
    assert.deepEqual((await make(app, list)).answer.value, []);
    const [member] = family.guardians;
    const backdated: Call = {
      claims: JSON.stringify({ family_id: family.id, participant_id: member }),
      role: "postgres",
      statement: `
        insert into public.frost_signing_sessions
          (family_id, message_hash, participants, threshold, created_by, created_at, expires_at)
        values ('${family.id}', repeat('ab', 32), ${
        literal(family.guardians)
      }, 2, '${member}', 1, 2)`,
    };
    assert.equal((await make(app, backdated)).code, "42501", "members do not backdate");
    await app.end();
    assert.equal((await make(sql, read)).code, "ok", "the owner of the database is one");
  } finally {
    await sql.unsafe(`revoke authenticated from ${login}; drop role ${login}`).simple();
  }
});

async function untilSomebodyWaits(observer: postgres.Sql): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    const waiting = await observer`
      select from pg_stat_activity
      where datname = current_database() and pg_backend_pid() = any (pg_blocking_pids(pid))`;
    if (waiting.length > 0) return;
  }
  assert.fail("nobody came to wait");
}
