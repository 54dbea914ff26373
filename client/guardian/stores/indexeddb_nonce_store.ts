/**
 * A nonce store in a browser's IndexedDB; see `DurableDatabase` for what that keeps. Lost nonces cost open sessions,
 * never the key.
 *
 * @module
 */
import { type Codec, DurableDatabase } from "../../storage/durable_database.ts";
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

/**
 * Keeps nonces in IndexedDB; see above for how.
 *
 * @example
 * ```ts
 * import { IndexedDbNonceStore } from "@permafrost/client/guardian";
 *
 * const store = await IndexedDbNonceStore.open("anns-nonces");
 * console.log("Removed", await store.prune(Date.now()), "old records");
 * ```
 */
export class IndexedDbNonceStore implements NonceStore {
  readonly #database: DurableDatabase<NonceRecord>;

  private constructor(database: DurableDatabase<NonceRecord>) {
    this.#database = database;
  }

  /**
   * Opens a store, making it if it is missing. Give each guardian one of its own. Rejects where there is no
   * IndexedDB, or the page may not use it.
   *
   * @param name - Of the database.
   * @param codec - Makes what is stored from a record, encrypted for example, and a record from that; synchronous.
   */
  static async open(
    name = "permafrost-nonces",
    codec?: Codec<NonceRecord>,
  ): Promise<IndexedDbNonceStore> {
    return new IndexedDbNonceStore(await DurableDatabase.open(name, codec));
  }

  /**
   * Closes the database, once what was begun is finished.
   *
   * @param reason - What further operations reject with.
   */
  close(reason?: Error): void {
    this.#database.close(reason);
  }

  async read(slot: string): Promise<NonceRecord | undefined> {
    checkSlot(slot);
    return await this.#database.get(slot);
  }

  async create(slot: string, record: NewRecord): Promise<boolean> {
    checkSlot(slot);
    return await this.#database.write(async (records) => {
      if (await records.get(slot) !== undefined) return false;
      await records.put(record, slot);
      return true;
    });
  }

  async take(slot: string): Promise<HeldRecord | undefined> {
    checkSlot(slot);
    return await this.#database.write(async (records) => {
      const found = await records.get(slot);
      if (!isHeld(found)) return undefined;
      await records.put(spentOf(found), slot);
      return found;
    });
  }

  async release(slot: string, record: ReleasedRecord): Promise<void> {
    checkSlot(slot);
    await this.#database.write(async (records) => {
      if ((await records.get(slot))?.state !== "spent") {
        throw new Error("Keeping a released share failed: its nonces are not spent");
      }
      await records.put(record, slot);
    });
  }

  async pairs(owner: string): Promise<PooledPair[]> {
    return pairsAmong(await this.#database.all(), owner);
  }

  async prune(now: number): Promise<number> {
    return await this.#database.write(async (records) => {
      let count = 0;
      for (const slot of await records.getAllKeys()) {
        const found = await records.get(slot);
        if (found === undefined || found.expires_at > now) continue;
        await records.delete(slot);
        count++;
      }
      return count;
    });
  }
}

function checkSlot(slot: string): void {
  if (!/^[0-9a-f]{64}$/.test(slot)) throw new TypeError("Expected a slot of 64 hex digits");
}
