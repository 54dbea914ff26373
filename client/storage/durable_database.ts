/**
 * Records in a browser's IndexedDB. They survive reloads and crashes, and serve all tabs of their origin: each
 * operation is one transaction, and IndexedDB runs those that write one after another. An answer is given when
 * it is on the disk, not when it is on its way there.
 *
 * Records are in the clear, readable by every script of the origin. Browsers may delete what a site keeps; ask
 * `navigator.storage.persist()`.
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
import { fieldOf } from "../shapes.ts";

const STORE = "records";
const VERSION = 1;

interface Schema<Value> extends DBSchema {
  readonly [STORE]: { readonly key: string; readonly value: Value };
}

type Mode = "readonly" | "readwrite";

/** The records within a transaction that may write. */
export type Records<Value> = IDBPObjectStore<
  Schema<Value>,
  [typeof STORE],
  typeof STORE,
  "readwrite"
>;

/**
 * A database with one object store. A browser may close the connection: it evicted the data, the user cleared them, or
 * another tab opened a newer version. The next operation opens it again.
 */
export class DurableDatabase<Value> {
  readonly #name: string;
  #database: Promise<IDBPDatabase<Schema<Value>>> | undefined;
  #closed = false;

  private constructor(name: string) {
    this.#name = name;
  }

  /** Opens a database, making it if it is missing. Rejects where the page may not use IndexedDB. */
  static async open<Value>(name: string): Promise<DurableDatabase<Value>> {
    const database = new DurableDatabase<Value>(name);
    await database.#connect();
    return database;
  }

  /** Closes the database, once what was begun is finished. Further operations reject. */
  close(): void {
    this.#closed = true;
    void this.#database?.then((database) => database.close(), () => {});
  }

  /** The record of a key; `undefined` if there is none. */
  async get(key: string): Promise<Value | undefined> {
    const transaction = await this.#begin("readonly");
    const [value] = await Promise.all([transaction.store.get(key), transaction.done]);
    return value;
  }

  /** All records. */
  async all(): Promise<Value[]> {
    const transaction = await this.#begin("readonly");
    const [values] = await Promise.all([transaction.store.getAll(), transaction.done]);
    return values;
  }

  /**
   * Runs one transaction that may write; its answer is given when it is on the disk.
   */
  async write<Answer>(work: (records: Records<Value>) => Promise<Answer>): Promise<Answer> {
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
  async #begin<M extends Mode>(
    mode: M,
  ): Promise<IDBPTransaction<Schema<Value>, [typeof STORE], M>> {
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
  #connect(): Promise<IDBPDatabase<Schema<Value>>> {
    if (this.#closed) {
      return Promise.reject(new Error("Using a store failed: it was closed"));
    }
    if (this.#database !== undefined) return this.#database;
    const connection = connect<Value>(this.#name);
    connection.catch(() => this.#forget(connection));
    this.#database = connection;
    return connection;
  }

  /** Drops this connection, unless another call has replaced it already. */
  #forget(connection: Promise<IDBPDatabase<Schema<Value>>>): void {
    if (this.#database === connection) this.#database = undefined;
  }
}

function connect<Value>(name: string): Promise<IDBPDatabase<Schema<Value>>> {
  // What throws in here rejects: where IndexedDB is denied, reaching for it throws.
  return new Promise((resolve, reject) => {
    if (Reflect.get(globalThis, "indexedDB") === undefined) {
      throw new TypeError("Opening a store failed: there is no IndexedDB here");
    }
    let database: IDBPDatabase<Schema<Value>> | undefined;
    let blocked = false;
    openDB<Schema<Value>>(name, VERSION, {
      upgrade: (upgraded) => void upgraded.createObjectStore(STORE),
      blocked() {
        blocked = true;
        reject(new Error("Opening a store failed: another version of it is in use"));
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
