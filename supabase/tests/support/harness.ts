/**
 * What the TypeScript tests stand on. The cluster is the runner's; a test that is run alone
 * (`deno test -A supabase/tests/…`) starts its own when this module is loaded.
 */
import postgres from "postgres";
import { migrate } from "../../local/migrate.ts";
import {
  createPlatformDatabase,
  createPlatformRoles,
  type DefaultGrants,
  NEW_PROJECT,
} from "../../local/platform/platform.ts";
import {
  type ClusterAddress,
  databaseUrl,
  type DatabaseUser,
} from "../../local/postgres/address.ts";
import { type Cluster, startCluster } from "../../local/postgres/cluster.ts";
import { createDatabase, dropDatabase } from "../../local/postgres/databases.ts";
import { type ServedStack, serveStack, type StackOptions } from "../../local/stack.ts";
import { userId } from "../../local/token.ts";
import { clusterOfRunner, startTestCluster, templateOf, uniqueName } from "./cluster.ts";

const address: ClusterAddress = clusterOfRunner() ?? (await ownCluster()).address;

/** A database of a test's own. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  /** The connection string, as `postgres`. */
  readonly url: string;
  /** Connections as `postgres`, which owns what the migrations created. */
  readonly sql: postgres.Sql;
  /** Further connections, as another user or with other options; `drop()` closes them too. */
  connect(user?: DatabaseUser, options?: postgres.Options<never>): postgres.Sql;
  /** As `connect`, for a user that the test has made. */
  connectTo(url: string, options?: postgres.Options<never>): postgres.Sql;
  drop(): Promise<void>;
}

/** Whom to act as in the database. */
export interface Caller {
  readonly participant?: string;
  readonly family?: string;
  /** The database role; `authenticated` if not given. */
  readonly role?: "anon" | "authenticated" | "service_role";
  /** Further claims, or other values for those that follow from the above. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** Creates a migrated database for one test, with the default privileges of a new project if none are named. */
export async function freshDatabase(
  { grants = NEW_PROJECT }: { grants?: DefaultGrants } = {},
): Promise<TestDatabase> {
  const name = uniqueName("test");
  await createDatabase(address, name, { template: templateOf(grants) });
  return openDatabase(address, name, () => dropDatabase(address, name));
}

/** Runs `work` with a stack over a fresh database, and removes both. */
export async function withStack<T>(
  work: (stack: ServedStack & { readonly database: TestDatabase }) => Promise<T>,
  options: { grants?: DefaultGrants } & Pick<StackOptions, "apiPort" | "functions"> = {},
): Promise<T> {
  await using database = await freshDatabase(options);
  const stack = await serveStack(address, database.name, options);
  try {
    return await work({ ...stack, database });
  } finally {
    await stack.stop();
  }
}

/**
 * Runs `work` in a transaction as a caller of the data API: with the claims of a token and the role
 * set. Commits, unless `work` throws.
 */
export async function claims<T>(
  sql: postgres.Sql,
  caller: Caller,
  work: (transaction: postgres.TransactionSql) => Promise<T>,
): Promise<T> {
  const { participant, family, role = "authenticated" } = caller;
  const payload = {
    role,
    ...(participant === undefined ? {} : { sub: await userId(participant) }),
    ...(role === "authenticated"
      ? { app_metadata: { family_id: family, participant_id: participant } }
      : {}),
    ...caller.claims,
  };
  // An object around it, because the driver unwraps a promise of an array.
  const { result } = await sql.begin(async (transaction) => {
    await transaction`select set_config('request.jwt.claims', ${JSON.stringify(payload)}, true)`;
    await transaction`select set_config('role', ${role}, true)`;
    return { result: await work(transaction) };
  });
  return result;
}

/** A cluster of a test's own, for those that kill it, with a migrated database. */
export interface PrivateCluster extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly database: TestDatabase;
}

/** Starts a cluster that a test may kill and restart. */
export async function privateCluster(): Promise<PrivateCluster> {
  const cluster = await startCluster();
  try {
    await createPlatformRoles(cluster.address);
    await createPlatformDatabase(cluster.address, "test", NEW_PROJECT);
    await migrate(cluster.url("test"));
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  const database = openDatabase(cluster.address, "test", () => Promise.resolve());
  return {
    cluster,
    database,
    async [Symbol.asyncDispose]() {
      await database.drop();
      await cluster.stop();
    },
  };
}

function openDatabase(
  address: ClusterAddress,
  name: string,
  remove: () => Promise<void>,
): TestDatabase {
  const open: postgres.Sql[] = [];
  const connectTo: TestDatabase["connectTo"] = (url, options) => {
    const sql = postgres(url, { max: 8, onnotice: () => {}, ...options });
    open.push(sql);
    return sql;
  };
  const connect: TestDatabase["connect"] = (user, options) =>
    connectTo(databaseUrl(address, name, user), options);
  const drop = async () => {
    await Promise.all(open.map((sql) => sql.end({ timeout: 1 })));
    await remove();
  };
  return {
    name,
    url: databaseUrl(address, name),
    sql: connect(),
    connect,
    connectTo,
    drop,
    [Symbol.asyncDispose]: drop,
  };
}

async function ownCluster(): Promise<Cluster> {
  const cluster = await startTestCluster();
  // Nothing asynchronous can run any more then. What this leaves, the next cluster cleans up.
  globalThis.addEventListener("unload", () => cluster.abandon());
  return cluster;
}
