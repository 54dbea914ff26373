/**
 * A nonce store in a directory, for Deno and Node. It survives crashes and serves several processes.
 *
 * A slot is up to two files: `<slot>.committed` holds the nonces, in the clear and readable by their owner
 * alone (mode 0600); `<slot>.spent` says that they are not to be used any more. The second one is what
 * decides. One caller can make it, so one gets the nonces. It is on the disk before they are handed out, and it
 * outlives them. Drafts (see `DurableDirectory`) that a crash left behind have nonces too, and go with them.
 *
 * @module
 */
import { DurableDirectory } from "../../storage/durable_directory.ts";
import {
  type HeldRecord,
  isHeld,
  type NewRecord,
  type NonceRecord,
  type NonceStore,
  pairsAmong,
  type PooledPair,
  type ReleasedRecord,
  spentOf,
} from "./nonce_store.ts";

type Name = "committed" | "spent";

/** The names of this store's files, which begin with their slot. */
const FILE = /^([0-9a-f]{64})\.(?:committed|spent|[0-9a-f-]{36}\.draft)$/;

/**
 * Keeps nonces in files; see above for how.
 *
 * @example
 * ```ts
 * import { FileNonceStore } from "@permafrost/client/file-nonce-store";
 *
 * const store = await FileNonceStore.open("anns-nonces");
 * console.log("Removed", await store.prune(Date.now()), "old records");
 * ```
 */
export class FileNonceStore implements NonceStore {
  readonly #directory: DurableDirectory;

  private constructor(directory: DurableDirectory) {
    this.#directory = directory;
  }

  /**
   * Opens a store, making the directory if it is missing. Give each guardian one of its own, outside
   * backups and synchronised folders: a store that is put back to an earlier state forgets what it spent.
   */
  static async open(directory: string): Promise<FileNonceStore> {
    return new FileNonceStore(await DurableDirectory.open(directory));
  }

  async read(slot: string): Promise<NonceRecord | undefined> {
    // In this order: what was spent between the two readings is not found as committed.
    const committed = await this.#read(slot, "committed");
    return await this.#read(slot, "spent") ?? committed;
  }

  async create(slot: string, record: NewRecord): Promise<boolean> {
    if (await this.#read(slot, "spent")) return false;
    if (!await this.#directory.create(nameOf(slot, "committed"), record)) return false;
    // Spent since it was looked at: these nonces could never be taken, so nothing may be published.
    if (!await this.#read(slot, "spent")) return true;
    await this.#directory.remove(nameOf(slot, "committed"));
    return false;
  }

  async take(slot: string): Promise<HeldRecord | undefined> {
    const found = await this.#read(slot, "committed");
    if (!isHeld(found)) return undefined;
    if (!await this.#directory.create(nameOf(slot, "spent"), spentOf(found))) return undefined;
    // Read again under the mark: others may have taken, removed and pruned it since the first reading.
    const record = await this.#read(slot, "committed");
    await this.#removeNonces((await this.#files()).get(slot) ?? []);
    return isHeld(record) ? record : undefined;
  }

  async release(slot: string, record: ReleasedRecord): Promise<void> {
    if ((await this.#read(slot, "spent"))?.state !== "spent") {
      throw new Error("Keeping a released share failed: its nonces are not spent");
    }
    await this.#directory.replace(nameOf(slot, "spent"), record);
  }

  async pairs(owner: string): Promise<PooledPair[]> {
    const records: NonceRecord[] = [];
    for (const slot of (await this.#files()).keys()) {
      // A damaged one has no nonces any more; prune() tells of it.
      const record = await this.read(slot).catch(() => undefined);
      if (record !== undefined) records.push(record);
    }
    return pairsAmong(records, owner);
  }

  async prune(now: number): Promise<number> {
    let count = 0;
    const slots = await this.#files();
    const damaged: unknown[] = [];
    for (const [slot, files] of slots) {
      try {
        // A crash left it half written; it was never a record.
        for (const file of files.filter((name) => name.endsWith(".draft"))) {
          if (await this.#directory.isOlderThanADay(file, now)) await this.#directory.remove(file);
        }
        const record = await this.read(slot);
        if (record === undefined || record.expires_at > now) continue;
        // The mark goes last: nonces without it would be usable again.
        await this.#removeNonces(files);
        await this.#directory.remove(nameOf(slot, "spent"));
        count++;
      } catch (error) {
        // The others are pruned all the same.
        damaged.push(error);
      }
    }
    if (damaged.length > 0) {
      throw new AggregateError(
        damaged,
        `Pruning failed for ${damaged.length} of ${slots.size} records`,
      );
    }
    return count;
  }

  async #read(slot: string, name: Name): Promise<NonceRecord | undefined> {
    const record = await this.#directory.read(nameOf(slot, name));
    return record as NonceRecord | undefined; // this store wrote it
  }

  /** The store's files by slot. Other files in the directory are left alone. */
  async #files(): Promise<Map<string, string[]>> {
    const files = new Map<string, string[]>();
    for (const file of await this.#directory.names()) {
      const [, slot] = FILE.exec(file) ?? [];
      if (slot !== undefined) files.set(slot, [...files.get(slot) ?? [], file]);
    }
    return files;
  }

  /** Removes a slot's nonces, under every name: a crash may have left a draft of them too. */
  async #removeNonces(files: readonly string[]): Promise<void> {
    await this.#directory.remove(...files.filter((file) => !file.endsWith(".spent")));
  }
}

function nameOf(slot: string, name: Name): string {
  if (!/^[0-9a-f]{64}$/.test(slot)) throw new TypeError("Expected a slot of 64 hex digits");
  return `${slot}.${name}`;
}
