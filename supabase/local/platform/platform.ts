import type postgres from "postgres";
import { type ClusterAddress, SUPERUSER } from "../postgres/address.ts";
import { asSuperuser, createDatabase } from "../postgres/databases.ts";

/**
 * What the roles of the API may do by default with what a migration creates in `public`: `everything`
 * on projects created before 2026-10-30; on later ones the `remainder`, which the platform does not take
 * back (it cannot read or write a row, but empties a table); `nothing` where the owner took back all.
 */
export type DefaultGrants = keyof typeof GRANTS;

/** What each of them is made of. */
const GRANTS = {
  everything: ["grants_everything.sql"],
  remainder: ["grants_everything.sql", "grants_remainder.sql"],
  nothing: [],
} satisfies Record<string, string[]>;

/** All of them: the migrations must give the same rights on each. */
export const ALL_GRANTS: readonly DefaultGrants[] = ["everything", "remainder", "nothing"];

/** Those of a project that is created today. */
export const NEW_PROJECT: DefaultGrants = "remainder";

/** Creates the roles of a hosted project, once for a cluster. */
export async function createPlatformRoles(address: ClusterAddress): Promise<void> {
  await asSuperuser(address, "template1", async (sql) => {
    const [{ exists }] = await sql<{ exists: boolean }[]>`
      select exists (select from pg_roles where rolname = 'authenticator')`;
    if (!exists) await sql.unsafe(await read("roles.sql"));
  });
}

/** Creates a database with what a hosted project has before its first migration. */
export async function createPlatformDatabase(
  address: ClusterAddress,
  name: string,
  grants: DefaultGrants,
): Promise<void> {
  await createDatabase(address, name);
  await asSuperuser(address, name, (sql) => prepare(sql, grants));
}

/** Installs pgTAP, which a migration owner who is no superuser cannot. */
export async function installPgtap(address: ClusterAddress, name: string): Promise<void> {
  await asSuperuser(address, name, (sql) => sql`create extension pgtap with schema extensions`);
}

/** The database of a hosted project. initdb made it, and {@link SUPERUSER} owns it until now. */
export async function adoptDefaultDatabase(
  address: ClusterAddress,
  grants: DefaultGrants,
): Promise<void> {
  // In one transaction: of data that is kept, the next start goes by the owner.
  const adopt = async (sql: postgres.TransactionSql) => {
    const [{ owner }] = await sql<{ owner: string }[]>`
      select pg_get_userbyid(datdba) as owner from pg_database where datname = 'postgres'`;
    if (owner !== SUPERUSER) return;
    await sql`alter database postgres owner to postgres`;
    await prepare(sql, grants);
  };
  await asSuperuser(address, "postgres", (sql) => sql.begin(adopt));
}

/** Gives an empty database what a hosted project has before its first migration. */
async function prepare(sql: Pick<postgres.Sql, "unsafe">, grants: DefaultGrants): Promise<void> {
  await sql.unsafe(await read("database.sql"));
  for (const file of GRANTS[grants]) await sql.unsafe(await read(file));
}

function read(file: string): Promise<string> {
  return Deno.readTextFile(new URL(file, import.meta.url));
}
