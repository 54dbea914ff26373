import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { SUPERUSER } from "./address.ts";
import type { Binaries } from "./binaries.ts";
import type { RunAs } from "./folders.ts";
import { serverEnvironment } from "./server.ts";

/** Where to create data, and for whom. */
export interface InitdbOptions {
  readonly binaries: Binaries;
  /** The folder that holds the data's own. */
  readonly folder: string;
  /** Whether a power failure may not lose what was created. */
  readonly durable: boolean;
  /** Whether initdb is out of reach of the terminal's signals. */
  readonly shielded: boolean;
  readonly user?: RunAs;
}

/** The data of a cluster. */
export interface Data {
  readonly folder: string;
  readonly superuserPassword: string;
}

/** The name of data, and of its password, until their creation is finished; a random part follows. */
const DRAFT = ".unfinished-";

/** Creates the data of a cluster in a folder that has none, and returns what is there. */
export async function provideData(options: InitdbOptions): Promise<Data> {
  await removeDrafts(options.folder);
  const data = join(options.folder, "data");
  const passwordFile = join(options.folder, "superuser.password");
  const created = await exists(data);
  const known = await Deno.readTextFile(passwordFile).catch(() => undefined);
  if (created && known === undefined) {
    throw new Error(
      `${data} exists, but the password that belongs to it does not. Remove it to start anew.`,
    );
  }
  if (created && known !== undefined) return { folder: data, superuserPassword: known };

  const superuserPassword = randomBytes(24).toString("base64url");
  // Under its own name only when it is finished: a start that is cut short must not end all later ones.
  const draft = join(options.folder, `${DRAFT}${crypto.randomUUID()}`);
  await initialise(draft, superuserPassword, options);
  await writeSecret(passwordFile, superuserPassword);
  await Deno.rename(draft, data);
  return { folder: data, superuserPassword };
}

async function initialise(
  data: string,
  password: string,
  { binaries, durable, shielded, user }: InitdbOptions,
): Promise<void> {
  const handover = `${data}.password`;
  await writeSecret(handover, password);
  await Deno.mkdir(data, { mode: 0o700 });
  if (user !== undefined) {
    await Deno.chown(handover, user.uid, user.gid);
    await Deno.chown(data, user.uid, user.gid);
  }
  const child = new Deno.Command(binaries.initdb, {
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
      ...(durable ? [] : ["--no-sync"]),
      "--no-instructions",
      // A local connection need not pay for a slow password hash.
      "--set=scram_iterations=1",
    ],
    cwd: data,
    clearEnv: true,
    env: serverEnvironment(),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: shielded,
    ...user,
  }).spawn();
  // Not by `output()` of the command itself, which does not detach.
  const { success, stdout, stderr } = await child.output();
  await Deno.remove(handover);
  if (!success) {
    const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
    throw new Error(`initdb did not create the database cluster:\n${said}`);
  }
}

/** Removes what starts that were cut short left behind. */
async function removeDrafts(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.startsWith(DRAFT)) continue;
    // An initdb that outlived its parent for a moment may still write there; then the next start does it.
    await Deno.remove(join(folder, name), { recursive: true }).catch(() => {});
  }
}

async function writeSecret(path: string, secret: string): Promise<void> {
  await Deno.writeTextFile(path, secret, { mode: 0o600 });
  using file = await Deno.open(path);
  await file.sync();
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
