import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { migrate, migrateAgain } from "../../local/migrate.ts";
import { ALL_GRANTS } from "../../local/platform/platform.ts";
import { freshDatabase } from "../support/harness.ts";

for (const grants of ALL_GRANTS) {
  Deno.test(`every migration can run again where a project grants ${grants}`, async () => {
    await using database = await freshDatabase({ grants });
    const applied = await migrateAgain(database.url);
    assert.ok(applied.length > 0);
    const rows = await database.sql`
      select version from supabase_migrations.schema_migrations order by version`;
    assert.deepEqual(rows.map(({ version }) => version), applied.map(({ version }) => version));
    assert.deepEqual(await migrate(database.url), []);
  });
}

Deno.test("a migration that fails is named with line, column and reason, and leaves nothing", async () => {
  await using database = await freshDatabase();
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/20990101000000_broken.sql`,
      "create table public.half (id int);\n-- é\nselect nothing_like_it;\n",
    );
    await assert.rejects(migrate(database.url, pathToFileURL(`${folder}/`)), {
      name: "MigrationFailed",
      message: '20990101000000_broken.sql:3:8: column "nothing_like_it" does not exist (42703)',
    });
    const [{ half }] = await database.sql`select to_regclass('public.half') as half`;
    assert.equal(half, null);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
