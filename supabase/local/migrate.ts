import postgres from "postgres";

/** A migration file. */
export interface Migration {
  readonly version: string;
  readonly name: string;
  readonly path: string;
}

const FOLDER = new URL("../migrations/", import.meta.url);

/** A migration did not run. The message says which file, where in it, and why. */
export class MigrationFailed extends Error {
  override readonly name = "MigrationFailed";
}

/** The migrations of a folder, in the order in which they run. */
export async function listMigrations(folder: URL = FOLDER): Promise<Migration[]> {
  const found: Migration[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const [, version, name] = /^(\d+)_(.+)\.sql$/.exec(entry.name) ?? [];
    if (version !== undefined) found.push({ version, name, path: entry.name });
  }
  return found.sort((a, b) => a.path < b.path ? -1 : 1);
}

/**
 * Applies the migrations that a database does not have yet, as `postgres`, each file in a transaction
 * of its own. They are recorded where the Supabase CLI records them, which therefore knows them too.
 */
export async function migrate(url: string, folder: URL = FOLDER): Promise<Migration[]> {
  return await connected(url, async (sql) => {
    await sql.unsafe(`
      create schema if not exists supabase_migrations;
      create table if not exists supabase_migrations.schema_migrations (
        version text primary key, statements text[], name text
      );`);
    const rows = await sql<{ version: string }[]>`
      select version from supabase_migrations.schema_migrations`;
    const known = new Set(rows.map(({ version }) => version));
    const pending = (await listMigrations(folder)).filter(({ version }) => !known.has(version));
    for (const migration of pending) await apply(sql, migration, folder);
    return pending;
  });
}

/** Applies every migration again, whatever is recorded: each must be able to run twice. */
export async function migrateAgain(url: string, folder: URL = FOLDER): Promise<Migration[]> {
  return await connected(url, async (sql) => {
    const all = await listMigrations(folder);
    for (const migration of all) await apply(sql, migration, folder);
    return all;
  });
}

async function apply(sql: postgres.Sql, migration: Migration, folder: URL): Promise<void> {
  const text = await Deno.readTextFile(new URL(migration.path, folder));
  await sql.begin(async (transaction) => {
    try {
      await transaction.unsafe(text);
    } catch (error) {
      throw error instanceof postgres.PostgresError ? explain(error, migration, text) : error;
    }
    await transaction`
      insert into supabase_migrations.schema_migrations (version, name, statements)
      values (${migration.version}, ${migration.name}, ${[text]})
      on conflict (version) do nothing`;
  });
}

function explain(error: postgres.PostgresError, { path }: Migration, text: string): Error {
  const before = error.position === undefined
    ? undefined
    // The server counts characters, not UTF-16 units.
    : [...text].slice(0, Number(error.position) - 1).join("").split("\n");
  const place = before && `:${before.length}:${before[before.length - 1].length + 1}`;
  const more = [error.detail, error.hint && `hint: ${error.hint}`, error.where].filter(Boolean);
  return new MigrationFailed(
    [`${path}${place ?? ""}: ${error.message} (${error.code})`, ...more].join("\n  "),
    { cause: error },
  );
}

async function connected<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}
