import { join } from "node:path";
import {
  identify,
  isRunning,
  killFamily,
  type ProcessIdentity,
  processRealm,
} from "./processes.ts";

const RECORD = "owner.json";

interface Record {
  readonly realm: string;
  readonly owner: ProcessIdentity;
  readonly postgres?: ProcessIdentity;
}

/** Notes in a folder that a cluster, and the PostgreSQL that runs it, belong to this process. */
export async function recordOwner(folder: string, postgres?: ProcessIdentity): Promise<void> {
  const owner = await identify(Deno.pid);
  if (owner === undefined) throw new Error("This process is not in the list of processes.");
  const record: Record = { realm: await processRealm(), owner, postgres };
  // Whole or not at all: another process may be reading.
  const draft = join(folder, `${RECORD}.${Deno.pid}`);
  await Deno.writeTextFile(draft, JSON.stringify(record));
  await Deno.rename(draft, join(folder, RECORD));
}

/** Takes the note out of a folder that stays. */
export async function removeRecord(folder: string): Promise<void> {
  await Deno.remove(join(folder, RECORD)).catch(ignoreMissing);
}

/** What became of the process that a cluster's folder belongs to. */
export type Ownership = "none" | "alive" | "dead" | "elsewhere";

/**
 * Says who owns a cluster's folder; if the owner died, ends the PostgreSQL that it left behind. A
 * process that merely has the same id as one of them is not touched.
 */
export async function endLeftover(folder: string): Promise<Ownership> {
  const record = await readRecord(folder);
  if (record === undefined) return "none";
  const realm = await processRealm();
  const here = record.realm === realm;
  // Of another boot nothing can be left; another container's processes cannot be seen from here.
  if (!here && record.realm.split(" ")[0] === realm.split(" ")[0]) return "elsewhere";
  if (here && await isRunning(record.owner)) return "alive";
  if (record.postgres !== undefined) {
    if (here) await killFamily(record.postgres);
    await removeLock(join(folder, "data", "postmaster.pid"), record.postgres);
  }
  return "dead";
}

/**
 * PostgreSQL does not start on data that has the lock file of a process which still has its id. One that
 * was killed keeps that until its parent takes note, which in many containers nobody does.
 */
async function removeLock(file: string, { pid }: ProcessIdentity): Promise<void> {
  const lock = await Deno.readTextFile(file).catch(ignoreMissing);
  // The lock of any other process is PostgreSQL's own to judge.
  if (lock?.split("\n")[0] === String(pid)) await Deno.remove(file).catch(ignoreMissing);
}

/** Ends what dead processes left running below `folder`, and removes their clusters. */
export async function removeLeftovers(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    // A name with a dot at its start is a cluster that does not have its record yet.
    if (name.startsWith(".")) continue;
    const cluster = join(folder, name);
    if (await endLeftover(cluster) !== "dead") continue;
    await Deno.remove(cluster, { recursive: true }).catch(ignoreMissing);
  }
}

async function readRecord(folder: string): Promise<Record | undefined> {
  const text = await Deno.readTextFile(join(folder, RECORD)).catch(ignoreMissing);
  return text === undefined ? undefined : JSON.parse(text);
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
