import { isAbsolute, join, resolve } from "node:path";
import { randomBytes } from "node:crypto";
import { type Binaries, provideBinaries } from "./binaries.ts";
import { createDatabase, type DatabaseOptions, dropDatabase } from "./databases.ts";
import { ownFolder, reachableByOthers, type RunAs, runAs, stateFolder } from "./folders.ts";
import { endLeftover, recordOwner, removeLeftovers } from "./ownership.ts";
import { freePort, isTaken, PortTaken } from "./ports.ts";
import { type Server, serverEnvironment, ServerFailed, startServer } from "./server.ts";
import { type ClusterAddress, databaseUrl, type DatabaseUser, SUPERUSER } from "./address.ts";

/** How to start a cluster. */
export interface ClusterOptions {
  /** The port on 127.0.0.1; a free one if it is not given. */
  readonly port?: number;
  /** A folder that outlives the cluster. Without one, the data is removed when the cluster stops. */
  readonly dataDir?: string;
  /**
   * Whether a power failure may not lose data. By default `fsync` is off, which is faster and still
   * survives `kill()`: what PostgreSQL has written stays with the operating system when it dies.
   */
  readonly durable?: boolean;
  /** Further PostgreSQL settings. */
  readonly settings?: Readonly<Record<string, string>>;
  /** What to call the environment variable that sets the port, in the sentence about a taken one. */
  readonly portVariable?: string;
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
 * died without doing so. Throws `PortTaken` if `port` belongs to another program.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const user = await runAs();
  const clusters = join(await stateFolder(), "clusters");
  await ownFolder(clusters, 0o755);
  await removeLeftovers(clusters);
  const { port: wanted, portVariable = "the option" } = options;
  if (wanted !== undefined && isTaken(wanted)) {
    throw new PortTaken(wanted, "the database", portVariable);
  }
  const folder = options.dataDir === undefined
    ? await newFolder(clusters)
    : await keptFolder(options.dataDir, user);
  let server: Server | undefined;
  try {
    const binaries = await provideBinaries();
    const data = join(folder, "data");
    const password = await initialise(binaries, folder, data, user);
    const settings = {
      ...SETTINGS,
      ...(options.durable ? {} : THROW_AWAY_SETTINGS),
      ...options.settings,
    };
    const launch = (port: number) => startServer({ binaries, folder, data, port, settings, user });

    const started = await onPort(options, launch);
    server = started.server;
    const { port } = started;
    const address: ClusterAddress = { port, superuserPassword: password };
    return {
      port,
      address,
      url: (database, user) => databaseUrl(address, database, user),
      createDatabase: (name, options) => createDatabase(address, name, options),
      dropDatabase: (name) => dropDatabase(address, name),
      async kill() {
        await server?.kill();
        server = undefined;
      },
      async restart() {
        await server?.stop();
        server = undefined;
        server = await launch(port);
      },
      async stop() {
        await server?.stop();
        server = undefined;
        await release(folder, options);
      },
      abandon: () => server?.abandon(),
    };
  } catch (error) {
    await server?.kill();
    await release(folder, options);
    throw error;
  }
}

async function onPort(
  { port }: ClusterOptions,
  launch: (port: number) => Promise<Server>,
): Promise<{ server: Server; port: number }> {
  if (port !== undefined) return { server: await launch(port), port };
  for (let attempt = 1;; attempt++) {
    const candidate = freePort();
    try {
      return { server: await launch(candidate), port: candidate };
    } catch (error) {
      // Another program may have taken the port since.
      if (attempt === 5 || !(error instanceof ServerFailed) || !isTaken(candidate)) throw error;
    }
  }
}

async function newFolder(clusters: string): Promise<string> {
  const id = crypto.randomUUID();
  const draft = join(clusters, `.${id}`);
  await ownFolder(draft, 0o755);
  await recordOwner(draft);
  const folder = join(clusters, id);
  await Deno.rename(draft, folder);
  return folder;
}

async function keptFolder(given: string, user?: RunAs): Promise<string> {
  const folder = isAbsolute(given) ? given : resolve(given);
  await Deno.mkdir(folder, { recursive: true });
  if (user !== undefined && !(await reachableByOthers(folder))) {
    throw new Error(
      `${folder} cannot hold the data: PostgreSQL does not run as root, and its unprivileged user cannot reach that folder.`,
    );
  }
  if (await endLeftover(folder) === "alive") {
    throw new Error(`${folder} is in use by another running stack.`);
  }
  await recordOwner(folder);
  return folder;
}

async function release(folder: string, options: ClusterOptions): Promise<void> {
  if (options.dataDir === undefined) await Deno.remove(folder, { recursive: true });
  else await Deno.remove(join(folder, "owner.json")).catch(() => {});
}

/** Creates the data if there is none, and returns the superuser's password. */
async function initialise(
  binaries: Binaries,
  folder: string,
  data: string,
  user?: RunAs,
): Promise<string> {
  const passwordFile = join(folder, "superuser.password");
  const known = await Deno.readTextFile(passwordFile).catch(() => undefined);
  if (known !== undefined) return known;

  if (await Deno.lstat(data).then(() => true, () => false)) {
    throw new Error(
      `${data} exists, but its creation was never finished. Remove it to start anew.`,
    );
  }

  const password = randomBytes(24).toString("base64url");
  const handover = join(folder, "initdb.password");
  await Deno.writeTextFile(handover, password, { mode: 0o600, createNew: true });
  await Deno.mkdir(data, { mode: 0o700 });
  if (user !== undefined) {
    await Deno.chown(handover, user.uid, user.gid);
    await Deno.chown(data, user.uid, user.gid);
  }
  const { success, stdout, stderr } = await new Deno.Command(binaries.initdb, {
    args: [
      `--pgdata=${data}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${handover}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      // The same on every machine, whatever locales it has.
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--no-sync",
      "--no-instructions",
      // A local connection need not pay for a slow password hash.
      "--set=scram_iterations=1",
    ],
    cwd: data,
    clearEnv: true,
    env: serverEnvironment(),
    ...user,
  }).output();
  await Deno.remove(handover);
  if (!success) {
    const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
    throw new Error(`initdb did not create the database cluster:\n${said}`);
  }
  await Deno.writeTextFile(passwordFile, password, { mode: 0o600 });
  return password;
}
