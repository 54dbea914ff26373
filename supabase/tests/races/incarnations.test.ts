/**
 * A database that is not the one it was: a copy, and a standby that was promoted. What was open in it has failed;
 * keys, ledger and finished work stand.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import postgres from "postgres";
import { migrate } from "../../local/migrate.ts";
import { createPlatformDatabase, createPlatformRoles } from "../../local/platform/platform.ts";
import { startCluster } from "../../local/postgres/cluster.ts";
import { privateCluster } from "../support/harness.ts";
import { dataFolder } from "../support/data_folder.ts";
import { make } from "../support/calls.ts";
import { SqlFamily } from "../support/sql_family.ts";
import { assertLegal } from "../support/legality.ts";
import { Random } from "../support/random.ts";

const ALERT = "restored, moved or upgraded";

async function stateOf(sql: postgres.Sql, session: string): Promise<unknown> {
  const [{ state }] = await sql`
    select jsonb_build_array(s ->> 'status', s ->> 'error_message') as state
    from public.get_signing_session(${session}) as s`;
  return state;
}

async function isAlarmed(sql: postgres.Sql): Promise<boolean> {
  const [{ alarmed }] = await sql`
    select public.frost_signing_metrics() -> 'alerts' @> ${
    sql.json([{ alert: ALERT }])
  } as alarmed`;
  return alarmed;
}

Deno.test("impossible 15: a session does not go on in a copy of its database", async () => {
  const random = Random.printed("a copy");
  await using server = await privateCluster();
  const { cluster, database: { sql } } = server;
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
  const [first, second] = family.guardians;
  const [untouched, begun, finished] = [
    await family.session(),
    await family.session(),
    await family.session(),
  ];
  const commitment = random.commitment();
  await family.must(family.commit(begun, first, commitment));
  await family.must(family.fail(finished));
  assert.equal(await isAlarmed(sql), false);
  await sql.end();
  await cluster.createDatabase("copy", { template: "test" });
  const copy = postgres(cluster.url("copy"), { onnotice: () => {} });
  try {
    assert.deepEqual(await stateOf(copy, untouched), ["failed", "restored"]);
    assert.deepEqual(await stateOf(copy, finished), ["failed", "changed my mind"]);
    assert.equal(await isAlarmed(copy), true);
    const [{ stored }] = await copy`
      select count(*) filter (where status < 'completed')::int as stored from public.frost_signing_sessions`;
    assert.equal(stored, 2, "a read writes nothing");
    assert.equal((await make(copy, family.commit(begun, second))).code, "session_finished");
    const [{ status }] = await copy`
      select status from public.frost_signing_sessions where session_id = ${begun}`;
    assert.equal(status, "failed", "a touch makes it so");
    const here = await SqlFamily.found(copy, random, { threshold: 2, guardians: 2 });
    const fresh = await here.session();
    assert.equal(
      (await make(copy, here.commit(fresh, here.guardians[0], commitment))).code,
      "nonce_reused",
      "the ledger stands",
    );
    await here.must(here.commit(fresh, here.guardians[0]));
    assert.deepEqual(await stateOf(copy, fresh), ["nonce_collection", null]);
    // Nothing was lost in a planned move: its operator says so, and what is open goes on.
    await copy`select permafrost.accept_incarnation()`;
    assert.deepEqual(await stateOf(copy, untouched), ["pending", null]);
    assert.equal((await make(copy, family.commit(untouched, second))).code, "ok");
    assert.deepEqual(
      await stateOf(copy, begun),
      ["failed", "restored"],
      "what has failed stays so",
    );
    assert.equal(await isAlarmed(copy), false);
    await assertLegal(copy);
  } finally {
    await copy.end();
  }
});

Deno.test("impossible 15: nor in a standby, from the moment it is promoted", async () => {
  const random = Random.printed("a promoted standby");
  await using folder = await dataFolder();
  const cluster = await startCluster({
    dataDir: join(folder.path, "data"),
    settings: { wal_level: "replica", hot_standby: "on", restore_command: "false" },
  });
  try {
    await createPlatformRoles(cluster.address);
    await createPlatformDatabase(cluster.address, "test", "nothing");
    await migrate(cluster.url("test"));
    const primary = postgres(cluster.url("test"), { onnotice: () => {} });
    const family = await SqlFamily.found(primary, random, { threshold: 2, guardians: 3 });
    const session = await family.session();
    await primary.end();
    await cluster.kill();
    await Deno.writeTextFile(await standbySignalIn(folder.path), "");
    const promoted = cluster.restart(); // is ready to write only once it is promoted
    promoted.catch(() => {});
    const standby = await connectedTo(cluster.url("test", "supabase_admin"));
    try {
      assert.deepEqual(
        await stateOf(standby, session),
        ["pending", null],
        "a standby compares nothing",
      );
      await standby`select pg_promote()`;
      assert.deepEqual(await stateOf(standby, session), ["failed", "restored"]);
      const [{ control }] = await standby`
        select timeline_id as control from pg_control_checkpoint()`;
      assert.equal(control, 1, "though the control file still names the old timeline");
      assert.equal(
        (await make(standby, family.commit(session, family.creator))).code,
        "session_finished",
      );
      await promoted;
    } finally {
      await standby.end();
    }
  } finally {
    await cluster.stop();
  }
});

/** Where the file goes that makes PostgreSQL start as a standby. */
async function standbySignalIn(folder: string): Promise<string> {
  for await (const entry of Deno.readDir(folder)) {
    if (!entry.isDirectory) continue;
    const inside = join(folder, entry.name);
    const isData = await Deno.stat(join(inside, "PG_VERSION")).then(() => true, () => false);
    const found = isData ? join(inside, "standby.signal") : await standbySignalIn(inside);
    if (found) return found;
  }
  return "";
}

async function connectedTo(url: string): Promise<postgres.Sql> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const sql = postgres(url, { max: 1, onnotice: () => {} });
    try {
      await sql`select 1`;
      return sql;
    } catch (error) {
      await sql.end();
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

Deno.test("refusals of one session at once make one chain, and do not wait for its lock", async () => {
  const random = Random.printed("refusals at once");
  await using server = await privateCluster();
  const { database: { sql } } = server;
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 8 });
  const session = await family.session();
  const outcomes = await Promise.all(
    family.guardians.flatMap((guardian) =>
      Array.from({ length: 10 }, () =>
        sql`
        select public.record_refused_commitment(${session}, ${guardian}, 'no point')`)
    ),
  );
  assert.equal(outcomes.length, 80);
  const [{ count }] = await sql`
    select count(*)::int from public.frost_events where subject_id = ${session}`;
  assert.equal(count, 81);
  await assertLegal(sql);
});
