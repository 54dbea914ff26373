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

/** Notes in a cluster's folder that this process, and the PostgreSQL it started, belong to it. */
export async function recordOwner(folder: string, postgresPid?: number): Promise<void> {
  const owner = await identify(Deno.pid);
  if (owner === undefined) throw new Error("This process is not in the list of processes.");
  const postgres = postgresPid === undefined ? undefined : await identify(postgresPid);
  const record: Record = { realm: await processRealm(), owner, postgres };
  // Whole or not at all: another process may be reading.
  const draft = join(folder, `${RECORD}.${Deno.pid}`);
  await Deno.writeTextFile(draft, JSON.stringify(record));
  await Deno.rename(draft, join(folder, RECORD));
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
  if (record.realm !== realm) {
    // Of another boot nothing can be left; another container's processes cannot be seen from here.
    return record.realm.split(" ")[0] === realm.split(" ")[0] ? "elsewhere" : "dead";
  }
  if (await isRunning(record.owner)) return "alive";
  if (record.postgres !== undefined) await killFamily(record.postgres);
  return "dead";
}

/** Ends what dead processes left running below `folder`, and removes their clusters. */
export async function removeLeftovers(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    // A name with a dot at its start is a cluster that does not have its record yet.
    if (name.startsWith(".")) continue;
    const cluster = join(folder, name);
    if (await endLeftover(cluster) !== "dead") continue;
    await Deno.remove(cluster, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

async function readRecord(folder: string): Promise<Record | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(join(folder, RECORD)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
