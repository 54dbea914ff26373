import assert from "node:assert/strict";
import { adoptDefaultDatabase, createPlatformRoles } from "../../local/platform/platform.ts";
import { startCluster } from "../../local/postgres/cluster.ts";
import { asSuperuser } from "../../local/postgres/databases.ts";
import { freshDatabase } from "../support/harness.ts";

Deno.test("a database whose preparation was cut short is prepared by the next start", async () => {
  const cluster = await startCluster();
  const { address } = cluster;
  try {
    await createPlatformRoles(address);
    await asSuperuser(address, "postgres", (sql) =>
      sql.unsafe(`
        create function public.refuse() returns event_trigger language plpgsql as
          $$begin raise 'cut short'; end$$;
        create event trigger refuse on ddl_command_start when tag in ('CREATE PUBLICATION')
          execute function public.refuse();`));
    await assert.rejects(adoptDefaultDatabase(address, "nothing"), { message: "cut short" });
    await asSuperuser(address, "postgres", (sql) => sql`drop event trigger refuse`);
    await adoptDefaultDatabase(address, "nothing");
    const found = await asSuperuser(address, "postgres", (sql) =>
      sql`
        select pubname from pg_publication`);
    assert.deepEqual(found.map(({ pubname }) => pubname), ["supabase_realtime"]);
  } finally {
    await cluster.stop();
  }
});

Deno.test("what a new project grants by default is what the platform leaves", async () => {
  await using database = await freshDatabase();
  await database.sql`create table public.bare (id int generated always as identity)`;
  await database.sql`create function public.bare() returns int language sql as 'select 1'`;
  const rows = await database.sql<{ kind: string; privileges: string[] }[]>`
    select kind, array_agg(privilege_type order by privilege_type) as privileges from (
      select 'table' as kind, relacl as acl from pg_class where oid = 'public.bare'::regclass
      union all select 'sequence', relacl from pg_class where oid = 'public.bare_id_seq'::regclass
      union all select 'function', proacl from pg_proc where oid = 'public.bare()'::regprocedure
    ) as bare, aclexplode(acl) where grantee = 'anon'::regrole group by kind order by kind`;
  assert.deepEqual(rows.map((row) => ({ ...row })), [
    { kind: "sequence", privileges: ["UPDATE"] },
    { kind: "table", privileges: ["MAINTAIN", "REFERENCES", "TRIGGER", "TRUNCATE"] },
  ]);
});
