import assert from "node:assert/strict";
import { startCluster } from "../../local/postgres/cluster.ts";
import { asSuperuser } from "../../local/postgres/databases.ts";
import { ownFolder, reachableByOthers } from "../../local/postgres/folders.ts";
import { freePort } from "../../local/postgres/ports.ts";
import { privateCluster } from "../support/harness.ts";
import { dataFolder } from "../support/data_folder.ts";

Deno.test("what was committed survives a SIGKILL of PostgreSQL and all its children", async () => {
  await using own = await privateCluster();
  const { cluster, database } = own;
  await database.sql`create table public.kept (id int)`;
  for (let id = 1; id <= 50; id++) await database.sql`insert into public.kept values (${id})`;
  await cluster.kill();
  await cluster.restart();
  const [{ count }] = await database.connect()`select count(*)::int as count from public.kept`;
  assert.equal(count, 50);
});

Deno.test("data that is kept is written through to the disk, and data that is not, is not", async () => {
  await using folder = await dataFolder();
  for (const [dataDir, expected] of [[folder.path, "on"], [undefined, "off"]] as const) {
    const cluster = await startCluster({ dataDir });
    const [settings] = await asSuperuser(cluster.address, "template1", (sql) =>
      sql`
        select current_setting('fsync') as fsync, current_setting('full_page_writes') as pages,
               current_setting('synchronous_commit') as commit`);
    await cluster.stop();
    assert.deepEqual({ ...settings }, { fsync: expected, pages: expected, commit: "on" });
  }
});

Deno.test("a taken port is refused in one sentence that names it and the remedy", async () => {
  const port = freePort();
  using _listener = Deno.listen({ hostname: "127.0.0.1", port });
  await assert.rejects(startCluster({ port, portVariable: "SOME_PORT" }), (error: Error) => {
    assert.match(error.message, new RegExp(`^Port ${port}, .*SOME_PORT.*\\.$`));
    return true;
  });
});

Deno.test("postgres is no superuser and cannot become one, as on a hosted project", async () => {
  await using own = await privateCluster();
  const { sql } = own.database;
  const [role] = await sql`
    select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls from pg_roles where rolname = current_user`;
  assert.deepEqual({ ...role }, {
    rolsuper: false,
    rolcreaterole: true,
    rolcreatedb: true,
    rolbypassrls: true,
  });
  await assert.rejects(sql`alter role postgres superuser`, { code: "42501" });
});

Deno.test("a folder that others can write to is not used", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.chmod(folder, 0o777);
    await assert.rejects(ownFolder(folder, 0o755), /only this user can write to/);
    await Deno.chmod(folder, 0o755);
    await ownFolder(folder, 0o755);
    const link = `${folder}.link`;
    await Deno.symlink(folder, link);
    try {
      await assert.rejects(ownFolder(link, 0o755), /only this user can write to/);
    } finally {
      await Deno.remove(link);
    }
  } finally {
    await Deno.remove(folder);
  }
});

Deno.test("a folder below one that is closed to others is not reachable by them", async () => {
  const closed = await Deno.makeTempDir();
  try {
    await Deno.chmod(closed, 0o700);
    await Deno.mkdir(`${closed}/open`, { mode: 0o755 });
    assert.equal(await reachableByOthers(`${closed}/open`), false);
  } finally {
    await Deno.remove(closed, { recursive: true });
  }
});
