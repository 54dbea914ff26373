import postgres from "postgres";
import { type ClusterAddress, databaseUrl, SUPERUSER } from "./address.ts";

/** How to create a database. */
export interface DatabaseOptions {
  /** The database to copy; nobody may be connected to it. */
  readonly template?: string;
}

/** Creates a database that belongs to `postgres`, as a hosted project's does. */
export async function createDatabase(
  address: ClusterAddress,
  name: string,
  { template = "template0" }: DatabaseOptions = {},
): Promise<void> {
  await asSuperuser(
    address,
    "template1",
    (sql) =>
      sql`create database ${sql(name)} template ${sql(template)} owner postgres strategy file_copy`,
  );
}

/** Removes a database, and cuts the connections to it. */
export async function dropDatabase(address: ClusterAddress, name: string): Promise<void> {
  await asSuperuser(
    address,
    "template1",
    (sql) => sql`drop database if exists ${sql(name)} with (force)`,
  );
}

/** Lets nobody connect to a database any more, so that it can be copied at any time. */
export async function sealTemplate(address: ClusterAddress, name: string): Promise<void> {
  await asSuperuser(
    address,
    "template1",
    (sql) => sql`alter database ${sql(name)} with allow_connections false`,
  );
}

/** Runs `work` with one superuser connection to a database, and closes it. */
export async function asSuperuser<T>(
  address: ClusterAddress,
  database: string,
  work: (sql: postgres.Sql) => PromiseLike<T>,
): Promise<T> {
  const sql = postgres(databaseUrl(address, database, SUPERUSER), { max: 1, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}
