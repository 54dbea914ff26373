/** supabase/rollback.sql takes out what the migrations made, and nothing else. */
import assert from "node:assert/strict";
import { migrate } from "../../local/migrate.ts";
import { ALL_GRANTS, createPlatformDatabase } from "../../local/platform/platform.ts";
import { privateCluster } from "../support/harness.ts";
import { catalogOf, connected } from "../support/catalog.ts";

const ROLLBACK = await Deno.readTextFile(new URL("../../rollback.sql", import.meta.url));
const AGREED = "set permafrost.drop_ledger = 'yes';\n";

/** What a project may have of its own: names like ours, what Realtime and pg_cron keep, its own history. */
const FOREIGN = `
  create table public.frost_warnings (id int primary key, said text);
  alter table public.frost_warnings enable row level security;
  create policy "Members hear of frost" on public.frost_warnings for select to authenticated using (true);
  grant select on public.frost_warnings to authenticated;
  comment on table public.frost_warnings is 'Weather';
  insert into public.frost_warnings values (1, 'cold');
  create type public.session_status as enum ('pending', 'failed');
  create function public.expire_old_things() returns integer language sql return 1;
  create function public.get_signing_page() returns text language sql return 'a page';
  create function public.get_signing_session(number integer) returns text language sql return 'our own';
  create view public.frost_today as select * from public.frost_warnings;
  create schema app;
  create function app.claims() returns text language sql return 'mine';
  alter default privileges for role postgres in schema app grant select on tables to anon;

  create schema realtime;
  create table realtime.messages (topic text, extension text);
  alter table realtime.messages enable row level security;
  create policy "Members hear of their app" on realtime.messages for select to authenticated using (true);
  create function realtime.send(payload jsonb, event text, topic text, private boolean default true)
    returns void language sql as 'select null::void';

  create schema cron;
  create table cron.job (jobid serial primary key, jobname text unique);
  create function cron.unschedule(job_name text) returns boolean language sql
    as 'delete from cron.job where jobname = job_name returning true';
  insert into cron.job (jobname) values ('nightly'), ('permafrost_expire_sessions_report');

  create schema supabase_migrations;
  create table supabase_migrations.schema_migrations (
    version text primary key, statements text[], name text);
  insert into supabase_migrations.schema_migrations (version, name) values
    ('20260101000000', 'weather'), ('20261101000450', 'weather_of_november');
`;

/** The objects of a database, and the rows that others' objects hold. */
async function everythingIn(url: string): Promise<string[]> {
  const rows = await connected(url, (sql) =>
    sql<{ row: string }[]>`
      select to_jsonb(m)::text as row from supabase_migrations.schema_migrations as m
      union all select to_jsonb(j)::text from cron.job as j
      union all select to_jsonb(w)::text from public.frost_warnings as w`);
  return [...await catalogOf(url), ...rows.map(({ row }) => row)].sort();
}

for (const grants of ALL_GRANTS) {
  Deno.test(`a rollback leaves a project that grants ${grants} as it was before`, async () => {
    await using owned = await privateCluster();
    const { cluster } = owned;
    await createPlatformDatabase(cluster.address, "project", grants);
    const url = cluster.url("project");
    await connected(url, (sql) => sql.unsafe(FOREIGN).simple());
    const before = await everythingIn(url);
    assert.ok(before.some((line) => line.includes("Members hear of their app")));

    for (const round of [1, 2]) {
      const applied = await migrate(url);
      assert.ok(applied.length >= 20, `Round ${round} installs everything`);
      // As pg_cron would have it, where it is there.
      await connected(url, (sql) =>
        sql`insert into cron.job (jobname)
        values ('permafrost_expire_sessions'), ('permafrost_expire_recovery_requests'),
          ('permafrost_expire_ceremonies')`);
      const installed = await everythingIn(url);
      assert.ok(installed.length > before.length + 300);
      assert.ok(installed.some((line) => line.includes("Members hear of their family's signing")));
      await connected(url, (sql) => sql.unsafe(ROLLBACK).simple());
      assert.deepEqual(await everythingIn(url), before, `Round ${round} leaves nothing`);
    }
  });
}

Deno.test("a rollback where Permafrost is not installed does nothing, whatever has its names", async () => {
  await using owned = await privateCluster();
  const { cluster } = owned;
  await createPlatformDatabase(cluster.address, "project", "nothing");
  const url = cluster.url("project");
  await connected(url, (sql) =>
    sql.unsafe(`
      create table public.frost_key_packages (id int primary key);
      create type public.signing_session_status as enum ('cold');
      create function public.expire_old_frost_signing_sessions() returns integer language sql return 1;
    `).simple());
  const before = await catalogOf(url);
  await connected(url, (sql) => sql.unsafe(ROLLBACK).simple());
  assert.deepEqual(await catalogOf(url), before);
});

Deno.test("a rollback asks before it drops a ledger that has entries, and then changes nothing", async () => {
  await using owned = await privateCluster();
  const url = owned.database.url;
  await connected(url, async (sql) => {
    await sql`
      insert into frost_signing_sessions (session_id, family_id, message_hash, participants, threshold, created_by)
      values ('s', 'f', 'm', array['a', 'b'], 2, 'a')`;
    await sql`
      insert into frost_nonce_commitments (session_id, participant_id, nonce_commitment)
      values ('s', 'a', ${"ab".repeat(33) + "cd".repeat(33)})`;
  });
  const before = await catalogOf(url);
  for (const refused of [ROLLBACK, `set permafrost.drop_ledger = 'no';\n${ROLLBACK}`]) {
    await assert.rejects(
      () => connected(url, (sql) => sql.unsafe(refused).simple()),
      { code: "55006", message: "The nonce ledger is not empty (entries: 1)" },
    );
    assert.deepEqual(await catalogOf(url), before);
  }
  await connected(url, (sql) => sql.unsafe(AGREED + ROLLBACK).simple());
  assert.ok(!(await catalogOf(url)).some((line) => line.includes("permafrost.")));
});

Deno.test("a rollback fails and changes nothing where something of the project's own depends on it", async () => {
  await using owned = await privateCluster();
  const url = owned.database.url;
  await connected(
    url,
    (sql) => sql`create view public.our_sessions as select session_id from frost_signing_sessions`,
  );
  const before = await catalogOf(url);
  await assert.rejects(
    () => connected(url, (sql) => sql.unsafe(ROLLBACK).simple()),
    { code: "2BP01" },
  );
  assert.deepEqual(await catalogOf(url), before);
});
