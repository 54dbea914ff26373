import { atMost } from "../at_most.ts";
import type { Binaries } from "./binaries.ts";
import { identify, killFamily, type ProcessIdentity } from "./processes.ts";
import type { RunAs } from "./folders.ts";

const READY = "database system is ready to accept connections";
const LINES_KEPT = 50;
const ORPHANS_MS = 5_000;

/** How to run one PostgreSQL server. */
export interface ServerOptions {
  readonly binaries: Binaries;
  readonly data: string;
  readonly port: number;
  readonly settings: Readonly<Record<string, string>>;
  /** Whether it is out of reach of the terminal's signals. */
  readonly shielded: boolean;
  readonly user?: RunAs;
  /** Is told of the process as soon as there is one. */
  readonly onSpawn: (process: ProcessIdentity) => Promise<void>;
}

/** A running PostgreSQL server. */
export interface Server {
  readonly process: ProcessIdentity;
  /** When it has ended, for whatever reason. */
  readonly ended: Promise<unknown>;
  /** Ends it in an orderly way: open connections are cut, what is committed is written. */
  stop(): Promise<void>;
  /** Ends it as a crash would: SIGKILL for the server and all its children. */
  kill(): Promise<void>;
  /** Asks it to end, and does not wait. */
  abandon(): void;
}

/** PostgreSQL ended before it was ready; the message holds what it said. */
export class ServerFailed extends Error {
  override readonly name = "ServerFailed";
}

/** Starts PostgreSQL on existing data and returns when it takes connections. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { binaries, data, port, settings, shielded, user, onSpawn } = options;
  const everything = {
    ...settings,
    port: String(port),
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
  };
  const child = new Deno.Command(binaries.postgres, {
    args: ["-D", data, ...Object.entries(everything).flatMap(([k, v]) => ["-c", `${k}=${v}`])],
    cwd: data,
    clearEnv: true,
    env: serverEnvironment(),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    detached: shielded,
    ...user,
  }).spawn();

  const said: string[] = [];
  const ended = child.status;
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  const reading = (async () => {
    for await (const line of readLines(child.stderr)) {
      said.push(line);
      if (said.length > LINES_KEPT) said.shift();
      if (line.includes(READY)) resolve();
    }
    reject(new ServerFailed(`PostgreSQL did not start:\n${said.join("\n")}`));
  })();

  // Before it is ready: if this process is killed until then, the next one must find that one too.
  const identified = (async () => {
    const process = await identify(child.pid);
    if (process !== undefined) await onSpawn(process);
    return process;
  })();

  const [process] = await Promise.all([identified, ready]).catch(async (error) => {
    signal(child, "SIGKILL");
    await Promise.all([reading, ended]);
    throw error;
  });
  if (process === undefined) throw new ServerFailed("PostgreSQL ended just after it had started.");
  return {
    process,
    ended,
    async stop() {
      // SIGINT asks PostgreSQL for its fast shutdown.
      signal(child, "SIGINT");
      await ended;
      // If it was killed, one of its children may live on for as long as it computes.
      await atMost(ORPHANS_MS, reading);
    },
    async kill() {
      await killFamily(process);
      await Promise.all([ended, reading]);
    },
    abandon: () => signal(child, "SIGINT"),
  };
}

/** The environment of PostgreSQL's programs: nothing of the caller's that could change what they do. */
export function serverEnvironment(): Record<string, string> {
  return { LC_ALL: "C", TZ: "UTC", PATH: "/usr/local/bin:/usr/bin:/bin" };
}

function signal(child: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    child.kill(name);
  } catch (error) {
    const gone = error instanceof Deno.errors.NotFound || error instanceof TypeError;
    if (!gone) throw error;
  }
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
