/**
 * A nonce store in a directory, for Deno and Node. It survives crashes and serves several processes.
 *
 * A slot is up to two files: `<slot>.committed` holds the nonces, in the clear and readable by their owner
 * alone (mode 0600); `<slot>.spent` says that they are not to be used any more. The second one is what
 * decides. It is made by `link`, which fails if the name is taken, so one caller gets the nonces. It is on
 * the disk before they are handed out, and it outlives them. A file is written as `<slot>.<uuid>.draft` and
 * then linked to its name; drafts that a crash left behind have nonces too, and go with them.
 *
 * Deleting a file does not wipe the medium: use an encrypted disk. Needs a file system with hard links.
 */
import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rename, stat, unlink } from "node:fs/promises";
import { basename, join } from "node:path";
import process from "node:process";
import { fieldOf } from "../../shapes.ts";
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
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Opens a store, making the directory if it is missing. Give each guardian one of its own, outside
   * backups and synchronised folders: a store that is put back to an earlier state forgets what it spent.
   */
  static async open(directory: string): Promise<FileNonceStore> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new FileNonceStore(directory);
  }

  async read(slot: string): Promise<NonceRecord | undefined> {
    // In this order: what was spent between the two readings is not found as committed.
    const committed = await this.#read(slot, "committed");
    return await this.#read(slot, "spent") ?? committed;
  }

  async create(slot: string, record: NewRecord): Promise<boolean> {
    if (await this.#read(slot, "spent")) return false;
    if (!await this.#createExclusively(slot, "committed", record)) return false;
    // Spent since it was looked at: these nonces could never be taken, so nothing may be published.
    if (!await this.#read(slot, "spent")) return true;
    await this.#remove(slot, "committed");
    return false;
  }

  async take(slot: string): Promise<HeldRecord | undefined> {
    const found = await this.#read(slot, "committed");
    if (!isHeld(found)) return undefined;
    if (!await this.#createExclusively(slot, "spent", spentOf(found))) return undefined;
    // Read again under the mark: others may have taken, removed and pruned it since the first reading.
    const record = await this.#read(slot, "committed");
    await this.#removeNonces((await this.#files()).get(slot) ?? []);
    return isHeld(record) ? record : undefined;
  }

  async release(slot: string, record: ReleasedRecord): Promise<void> {
    if ((await this.#read(slot, "spent"))?.state !== "spent") {
      throw new Error("Keeping a released share failed: its nonces are not spent");
    }
    const draft = await this.#write(slot, record);
    await rename(draft, this.#path(slot, "spent"));
    await this.#sync();
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
          if (await this.#olderThanADay(file, now)) await this.#unlink(file);
        }
        const record = await this.read(slot);
        if (record === undefined || record.expires_at > now) continue;
        // The mark goes last: nonces without it would be usable again.
        await this.#removeNonces(files);
        await this.#remove(slot, "spent");
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

  #path(slot: string, name: Name): string {
    if (!/^[0-9a-f]{64}$/.test(slot)) throw new TypeError("Expected a slot of 64 hex digits");
    return join(this.#directory, `${slot}.${name}`);
  }

  async #read(slot: string, name: Name): Promise<NonceRecord | undefined> {
    let text: string;
    try {
      text = await readFile(this.#path(slot, name), "utf8");
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
    try {
      return JSON.parse(text);
    } catch {
      // The parser's message quotes the file.
      throw new Error(`Reading a nonce record failed: ${slot}.${name} is damaged`);
    }
  }

  /** The name appears with all of its contents, or not at all; false if it is taken. */
  async #createExclusively(slot: string, name: Name, record: NonceRecord): Promise<boolean> {
    const draft = await this.#write(slot, record);
    try {
      await link(draft, this.#path(slot, name));
      return true;
    } catch (error) {
      // The draft is gone if another caller took the slot meanwhile, and removed its nonces.
      if (codeOf(error) === "EEXIST" || codeOf(error) === "ENOENT") return false;
      throw error;
    } finally {
      await this.#unlink(basename(draft));
      await this.#sync();
    }
  }

  async #write(slot: string, record: NonceRecord): Promise<string> {
    const draft = join(this.#directory, `${slot}.${randomUUID()}.draft`);
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(JSON.stringify(record));
      await file.sync();
    } finally {
      await file.close();
    }
    return draft;
  }

  /** The store's files by slot. Other files in the directory are left alone. */
  async #files(): Promise<Map<string, string[]>> {
    const files = new Map<string, string[]>();
    for (const file of await readdir(this.#directory)) {
      const [, slot] = FILE.exec(file) ?? [];
      if (slot !== undefined) files.set(slot, [...files.get(slot) ?? [], file]);
    }
    return files;
  }

  /** Removes a slot's nonces, under every name: a crash may have left a draft of them too. */
  async #removeNonces(files: readonly string[]): Promise<void> {
    for (const file of files) if (!file.endsWith(".spent")) await this.#unlink(file);
    await this.#sync();
  }

  async #remove(slot: string, name: Name): Promise<void> {
    await this.#unlink(`${slot}.${name}`);
    await this.#sync();
  }

  async #unlink(file: string): Promise<void> {
    try {
      await unlink(join(this.#directory, file));
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
  }

  async #olderThanADay(file: string, now: number): Promise<boolean> {
    try {
      return (await stat(join(this.#directory, file))).mtimeMs < now - 86_400_000;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return false;
      throw error;
    }
  }

  /** Names are as durable as the directory; Windows cannot open one, and writes names through. */
  async #sync(): Promise<void> {
    if (process.platform === "win32") return;
    const directory = await open(this.#directory, "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
}

/** By its shape: a test runner's realm has an Error of its own. */
function codeOf(error: unknown): unknown {
  return fieldOf(error, "code");
}
