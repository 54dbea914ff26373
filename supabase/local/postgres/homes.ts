import { join, resolve } from "node:path";
import { ownFolder, reachableByOthers, type RunAs, stateFolder } from "./folders.ts";
import { endLeftover, recordOwner, removeLeftovers, removeRecord } from "./ownership.ts";
import type { ProcessIdentity } from "./processes.ts";

/** Where a cluster lives. */
export interface Home {
  /** Holds the data, and what belongs to it. */
  readonly folder: string;
  /** Notes that PostgreSQL runs there, so that it can be ended by others if this process is killed. */
  record(postgres: ProcessIdentity): Promise<void>;
  /** Removes the data unless it is kept, and all notes. */
  release(): Promise<void>;
}

/** The data is another running stack's. The message is a sentence for people. */
export class DataInUse extends Error {
  override readonly name = "DataInUse";

  constructor(folder: string) {
    super(`${folder} is in use by another running stack.`);
  }
}

/**
 * Makes a home for a cluster, in `dataDir` if it is given; first ends and removes what processes that
 * died left behind. Throws `DataInUse` if another process lives in `dataDir`.
 */
export async function claimHome(dataDir?: string, user?: RunAs): Promise<Home> {
  const clusters = join(await stateFolder(), "clusters");
  await ownFolder(clusters, 0o755);
  await removeLeftovers(clusters);
  const kept = dataDir === undefined ? undefined : await vacate(resolve(dataDir), user);
  // Data that is kept has an entry among the others too. PostgreSQL holds a port, and who wants that
  // next may not know of the folder.
  const entry = await newEntry(clusters);
  const folders = kept === undefined ? [entry] : [entry, kept];
  const home: Home = {
    folder: kept ?? entry,
    async record(postgres) {
      for (const folder of folders) await recordOwner(folder, postgres);
    },
    async release() {
      await Deno.remove(entry, { recursive: true });
      if (kept !== undefined) await removeRecord(kept);
    },
  };
  if (kept !== undefined) await recordOwner(kept);
  return home;
}

async function newEntry(clusters: string): Promise<string> {
  const id = crypto.randomUUID();
  const draft = join(clusters, `.${id}`);
  await ownFolder(draft, 0o755);
  await recordOwner(draft);
  const folder = join(clusters, id);
  await Deno.rename(draft, folder);
  return folder;
}

async function vacate(folder: string, user?: RunAs): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  if (user !== undefined && !(await reachableByOthers(folder))) {
    throw new Error(
      `${folder} cannot hold the data: PostgreSQL does not run as root, and its unprivileged user cannot reach that folder.`,
    );
  }
  if (await endLeftover(folder) === "alive") throw new DataInUse(folder);
  return folder;
}
