import { type Api, serveApi } from "./api/api.ts";
import { atMost } from "./at_most.ts";
import { serveConsole } from "./console.ts";
import { type Functions, listFunctions, serveFunctions } from "./functions.ts";
import { PUBLISHABLE_KEY, SECRET_KEY } from "./keys.ts";
import { migrate } from "./migrate.ts";
import {
  adoptDefaultDatabase,
  createPlatformRoles,
  type DefaultGrants,
  NEW_PROJECT,
} from "./platform/platform.ts";
import { type ClusterAddress, databaseUrl } from "./postgres/address.ts";
import type { Cluster } from "./postgres/cluster.ts";
import { isTaken, PortTaken } from "./postgres/ports.ts";
import { startRevivedCluster } from "./postgres/revival.ts";

/** Where a stack can be reached, and with which keys. */
export interface StackAddress {
  /** What a client takes as the project's URL. */
  readonly apiUrl: string;
  /** The database, as `postgres`. */
  readonly dbUrl: string;
  readonly publishableKey: string;
  readonly secretKey: string;
}

/** An API over an existing database. */
export interface ServedStack extends StackAddress {
  stop(): Promise<void>;
}

/** A whole stack: PostgreSQL, the data and auth APIs, and the functions. */
export interface Stack extends ServedStack {
  readonly cluster: Cluster;
  /** Resolves if PostgreSQL died and could not be started again; the stack still has to be stopped. */
  readonly lost: Promise<Error>;
}

/** How to start a stack. */
export interface StackOptions {
  /** Free ports if not given. */
  readonly apiPort?: number;
  readonly dbPort?: number;
  /** Keeps the data there. Without it, the data ends with the stack. */
  readonly dataDir?: string;
  /** The default privileges of the project; those of new projects if not given. */
  readonly grants?: DefaultGrants;
  /** Another folder with functions. */
  readonly functions?: URL;
  /** Is told what is about to be done or was done, in a few words. Ends the start if it throws. */
  readonly onProgress?: (step: string) => void;
  /** Is told in a sentence when PostgreSQL dies after the start, and when it runs again. */
  readonly onOutage?: (sentence: string) => void;
}

/**
 * Starts a stack on 127.0.0.1, with all migrations applied. The process must stop it on every signal
 * that a terminal sends: PostgreSQL does not get them.
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { apiPort, dbPort, dataDir, grants = NEW_PROJECT } = options;
  const { onProgress = () => {}, onOutage = () => {} } = options;
  refuseTaken(apiPort);
  onProgress("Starting PostgreSQL");
  const revived = await startRevivedCluster(
    { port: dbPort, dataDir, shielded: true, portVariable: "PERMAFROST_DB_PORT" },
    onOutage,
  );
  const { cluster, lost } = revived;
  try {
    await createPlatformRoles(cluster.address);
    await adoptDefaultDatabase(cluster.address, grants);
    const applied = await migrate(cluster.url("postgres"));
    onProgress(`Applied ${applied.length} migrations`);
    onProgress(`Serving ${(await listFunctions(options.functions)).length} functions`);
    const served = await serveStack(cluster.address, "postgres", options);
    return {
      ...served,
      cluster,
      lost,
      async stop() {
        await served.stop();
        await revived.stop();
      },
    };
  } catch (error) {
    await revived.stop();
    throw error;
  }
}

/** Serves the APIs and the functions over a database that is there and migrated. */
export async function serveStack(
  address: ClusterAddress,
  database: string,
  { apiPort, functions: folder }: Pick<StackOptions, "apiPort" | "functions"> = {},
): Promise<ServedStack> {
  refuseTaken(apiPort);
  const dbUrl = databaseUrl(address, database);
  const api = serveApi(address, database);
  let functions: Functions | undefined;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: apiPort ?? 0, onListen: () => {} },
    (request) => route(request, api, functions),
  );
  const apiUrl = `http://127.0.0.1:${server.addr.port}`;
  const stop = async () => {
    const shut = server.shutdown();
    await atMost(GRACE_MS, shut);
    // A request that still waits for the database fails with this, and is answered.
    await atMost(GRACE_MS, api.close());
    await atMost(GRACE_MS, shut);
    // What does not end even so does not keep this process from ending.
    server.unref();
    functions?.close();
  };
  try {
    functions = await serveFunctions({ apiUrl, dbUrl, folder });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    apiUrl,
    dbUrl,
    publishableKey: PUBLISHABLE_KEY,
    secretKey: SECRET_KEY,
    stop,
  };
}

/** How long requests may go on when the stack is stopped, and again when their connections are cut. */
const GRACE_MS = 2_000;

async function route(request: Request, api: Api, functions?: Functions): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname.startsWith("/functions/v1/") && functions) return await functions.fetch(request);
  if (/^\/(rest|auth)\/v1(\/|$)/.test(pathname)) return await api.fetch(request);
  if (/^\/console(\/|$)/.test(pathname)) return await serveConsole(request);
  return Response.json({ message: "no Route matched with those values" }, { status: 404 });
}

function refuseTaken(apiPort?: number): void {
  if (apiPort !== undefined && isTaken(apiPort)) {
    throw new PortTaken(apiPort, "the API", "PERMAFROST_API_PORT");
  }
}
