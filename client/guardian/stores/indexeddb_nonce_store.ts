/**
 * A nonce store in a browser's IndexedDB. It survives reloads and crashes, and serves all tabs of its
 * origin: each operation is one transaction, and IndexedDB runs those that write one after another.
 *
 * Nonces are in the clear, readable by every script of the origin. Browsers may delete what a site keeps;
 * ask `navigator.storage.persist()`. Lost nonces cost open sessions, never the key.
 *
 * https://www.w3.org/TR/IndexedDB-3/
 *
 * @module
 */
import {
  type DBSchema,
  type IDBPDatabase,
  type IDBPObjectStore,
  type IDBPTransaction,
  openDB,
} from "idb";
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

const STORE = "nonces";
const VERSION = 1;

interface Schema extends DBSchema {
  readonly [STORE]: { readonly key: string; readonly value: NonceRecord };
}

type Mode = "readonly" | "readwrite";
type Records = IDBPObjectStore<Schema, [typeof STORE], typeof STORE, "readwrite">;

/**
 * Keeps nonces in IndexedDB; see above for how.
 *
 * A browser may close the connection: it evicted the data, the user cleared them, or another tab opened a
 * newer version. The next operation opens it again.
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
  readonly #name: string;
  #database: Promise<IDBPDatabase<Schema>> | undefined;
  #closed = false;

  private constructor(name: string) {
    this.#name = name;
  }

  /**
   * Opens a store, making it if it is missing. Give each guardian one of its own. Rejects where there is no
   * IndexedDB, or the page may not use it.
   *
   * @param name - Of the database.
   */
  static async open(name = "permafrost-nonces"): Promise<IndexedDbNonceStore> {
    const store = new IndexedDbNonceStore(name);
    await store.#connect();
    return store;
  }

  /** Closes the database, once what was begun is finished. Further operations reject. */
  close(): void {
    this.#closed = true;
    void this.#database?.then((database) => database.close(), () => {});
  }

  async read(slot: string): Promise<NonceRecord | undefined> {
    checkSlot(slot);
    const transaction = await this.#begin("readonly");
    const [record] = await Promise.all([transaction.store.get(slot), transaction.done]);
    return record;
  }

  async create(slot: string, record: NewRecord): Promise<boolean> {
    checkSlot(slot);
    return await this.#write(async (records) => {
      if (await records.get(slot) !== undefined) return false;
      await records.put(record, slot);
      return true;
    });
  }

  async take(slot: string): Promise<HeldRecord | undefined> {
    checkSlot(slot);
    return await this.#write(async (records) => {
      const found = await records.get(slot);
      if (!isHeld(found)) return undefined;
      await records.put(spentOf(found), slot);
      return found;
    });
  }

  async release(slot: string, record: ReleasedRecord): Promise<void> {
    checkSlot(slot);
    await this.#write(async (records) => {
      if ((await records.get(slot))?.state !== "spent") {
        throw new Error("Keeping a released share failed: its nonces are not spent");
      }
      await records.put(record, slot);
    });
  }

  async pairs(owner: string): Promise<PooledPair[]> {
    const transaction = await this.#begin("readonly");
    const [records] = await Promise.all([transaction.store.getAll(), transaction.done]);
    return pairsAmong(records, owner);
  }

  async prune(now: number): Promise<number> {
    return await this.#write(async (records) => {
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

  /**
   * Runs one transaction that may write. Its answer is given when it is on the disk, not when it is on its way there:
   * nonces that were handed out must not come back after a power cut.
   */
  async #write<Answer>(work: (records: Records) => Promise<Answer>): Promise<Answer> {
    const transaction = await this.#begin("readwrite");
    try {
      const answer = await work(transaction.store);
      await transaction.done;
      return answer;
    } catch (error) {
      // Keep nothing of it, also if `work` threw.
      try {
        transaction.abort();
      } catch {
        // It is over already.
      }
      await transaction.done.catch(() => {});
      throw error;
    }
  }

  /** Begins a transaction. If the connection was closed meanwhile, it opens a new one, once. */
  async #begin<M extends Mode>(mode: M): Promise<IDBPTransaction<Schema, [typeof STORE], M>> {
    const connection = this.#connect();
    const database = await connection;
    try {
      return database.transaction(STORE, mode, { durability: "strict" });
    } catch (error) {
      if (fieldOf(error, "name") !== "InvalidStateError") throw error;
    }
    this.#forget(connection);
    return (await this.#connect()).transaction(STORE, mode, { durability: "strict" });
  }

  /** The connection; a new one if it was lost. */
  #connect(): Promise<IDBPDatabase<Schema>> {
    if (this.#closed) {
      return Promise.reject(new Error("Using a nonce store failed: it was closed"));
    }
    if (this.#database !== undefined) return this.#database;
    const connection = connect(this.#name);
    connection.catch(() => this.#forget(connection));
    this.#database = connection;
    return connection;
  }

  /** Drops this connection, unless another call has replaced it already. */
  #forget(connection: Promise<IDBPDatabase<Schema>>): void {
    if (this.#database === connection) this.#database = undefined;
  }
}

function connect(name: string): Promise<IDBPDatabase<Schema>> {
  // What throws in here rejects: where IndexedDB is denied, reaching for it throws.
  return new Promise((resolve, reject) => {
    if (Reflect.get(globalThis, "indexedDB") === undefined) {
      throw new TypeError("Opening a nonce store failed: there is no IndexedDB here");
    }
    let database: IDBPDatabase<Schema> | undefined;
    let blocked = false;
    openDB<Schema>(name, VERSION, {
      upgrade: (upgraded) => void upgraded.createObjectStore(STORE),
      blocked() {
        blocked = true;
        reject(new Error("Opening a nonce store failed: another version of it is in use"));
      },
      // A newer version of the app, in another tab, must not wait for this one.
      blocking: () => database?.close(),
    }).then((opened) => {
      database = opened;
      if (blocked) opened.close();
      else resolve(opened);
    }, reject);
  });
}

function checkSlot(slot: string): void {
  if (!/^[0-9a-f]{64}$/.test(slot)) throw new TypeError("Expected a slot of 64 hex digits");
}
