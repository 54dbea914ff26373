import assert from "node:assert/strict";
import { adoptDefaultDatabase, createPlatformRoles } from "../../local/platform/platform.ts";
import { startCluster } from "../../local/postgres/cluster.ts";
import { asSuperuser } from "../../local/postgres/databases.ts";

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
