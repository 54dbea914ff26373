import { provideBinaries } from "./binaries.ts";
import { createDatabase, type DatabaseOptions, dropDatabase } from "./databases.ts";
import { runAs } from "./folders.ts";
import { claimHome } from "./homes.ts";
import { provideData } from "./initdb.ts";
import { freePort, isTaken, PortTaken } from "./ports.ts";
import { type Server, ServerFailed, startServer } from "./server.ts";
import { type ClusterAddress, databaseUrl, type DatabaseUser } from "./address.ts";

/** How to start a cluster. */
export interface ClusterOptions {
  /** The port on 127.0.0.1; a free one if it is not given. */
  readonly port?: number;
  /** A folder that outlives the cluster. Without one, the data is removed when the cluster stops. */
  readonly dataDir?: string;
  /**
   * Whether a power failure may not lose data; if not given, whether there is a `dataDir`. Otherwise
   * `fsync` is off, which is faster and still survives `kill()`: what PostgreSQL has written stays with
   * the operating system when it dies.
   */
  readonly durable?: boolean;
  /**
   * Whether PostgreSQL is out of reach of the terminal, whose Ctrl-C otherwise ends it beneath its user.
   * Only for a process that stops the cluster itself on every signal that a terminal sends.
   */
  readonly shielded?: boolean;
  /** Further PostgreSQL settings. */
  readonly settings?: Readonly<Record<string, string>>;
  /** What to call the environment variable that sets the port, in the sentence about a taken one. */
  readonly portVariable?: string;
  /** Is called when PostgreSQL has ended though this cluster did not end it. */
  readonly onDeath?: () => void;
}

/** A running PostgreSQL cluster, as `initdb` leaves it but for its superuser, `supabase_admin`. */
export interface Cluster {
  readonly port: number;
  readonly address: ClusterAddress;
  /** The connection string for a database; the user is `postgres` if not given. */
  url(database: string, user?: DatabaseUser): string;
  createDatabase(name: string, options?: DatabaseOptions): Promise<void>;
  dropDatabase(name: string): Promise<void>;
  /** Ends PostgreSQL as a crash would, with SIGKILL. The data stays, for `restart()`. */
  kill(): Promise<void>;
  /** Starts PostgreSQL again on the same data and port, after ending it if it still runs. */
  restart(): Promise<void>;
  /** Ends PostgreSQL, and removes the data unless it lives in a `dataDir`. */
  stop(): Promise<void>;
  /** Tells PostgreSQL to end, without waiting for it: for a process that is about to end. */
  abandon(): void;
}

const SETTINGS = {
  max_connections: "200",
  // There is no replica, and this makes a new database cheaper.
  wal_level: "minimal",
  max_wal_senders: "0",
  timezone: "UTC",
  log_timezone: "UTC",
};

const THROW_AWAY_SETTINGS = {
  fsync: "off",
  full_page_writes: "off",
  // Must stay on: otherwise a commit may be in PostgreSQL's own memory only when it is killed.
  synchronous_commit: "on",
};

/**
 * Starts a PostgreSQL cluster on the loopback address, and first ends and removes those whose owners
 * died without doing so. Throws `PortTaken` if `port` belongs to another program, and `DataInUse` if
 * `dataDir` belongs to another running cluster.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { port: wanted, portVariable = "the option", dataDir } = options;
  const { durable = dataDir !== undefined, shielded = false } = options;
  const user = await runAs();
  const home = await claimHome(dataDir, user);
  let server: Server | undefined;
  try {
    // Only now: the port may have been that of a leftover.
    if (wanted !== undefined && isTaken(wanted)) {
      throw new PortTaken(wanted, "the database", portVariable);
    }
    const binaries = await provideBinaries();
    const data = await provideData({ binaries, folder: home.folder, durable, shielded, user });
    const settings = {
      ...SETTINGS,
      ...(durable ? {} : THROW_AWAY_SETTINGS),
      ...options.settings,
    };
    const launch = async (port: number) => {
      const launched = await startServer({
        binaries,
        data: data.folder,
        port,
        settings,
        shielded,
        user,
        onSpawn: home.record,
      });
      server = launched;
      launched.ended.then(() => {
        if (server === launched) options.onDeath?.();
      });
    };
    /** The server that runs, for an end that is meant: it is nobody's any more. */
    const take = () => {
      const taken = server;
      server = undefined;
      return taken;
    };

    const port = await onPort(options, launch);
    const address: ClusterAddress = { port, superuserPassword: data.superuserPassword };
    return {
      port,
      address,
      url: (database, user) => databaseUrl(address, database, user),
      createDatabase: (name, options) => createDatabase(address, name, options),
      dropDatabase: (name) => dropDatabase(address, name),
      kill: async () => await take()?.kill(),
      async restart() {
        await take()?.stop();
        await launch(port);
      },
      async stop() {
        await take()?.stop();
        await home.release();
      },
      abandon: () => server?.abandon(),
    };
  } catch (error) {
    await server?.kill();
    await home.release();
    throw error;
  }
}

/** Launches on the port that is wanted, or on a free one, and says which. */
async function onPort(
  { port }: ClusterOptions,
  launch: (port: number) => Promise<void>,
): Promise<number> {
  if (port !== undefined) {
    await launch(port);
    return port;
  }
  for (let attempt = 1;; attempt++) {
    const candidate = freePort();
    try {
      await launch(candidate);
      return candidate;
    } catch (error) {
      // Another program may have taken the port since.
      if (attempt === 5 || !(error instanceof ServerFailed) || !isTaken(candidate)) throw error;
    }
  }
}
