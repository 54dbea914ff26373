/**
 * Records in a browser's IndexedDB. They survive reloads and crashes, and serve all tabs of their origin: each
 * operation is one transaction, and IndexedDB runs those that write one after another. An answer is given when
 * it is on the disk, not when it is on its way there.
 *
 * Records are in the clear, unless a codec encrypts them, and readable by every script of the origin. Browsers may
 * delete what a site keeps; ask `navigator.storage.persist()`.
 *
 * https://www.w3.org/TR/IndexedDB-3/
 *
 * @module
 */
import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from "idb";
import { fieldOf } from "../shapes.ts";

const STORE = "records";
const VERSION = 1;

interface Schema extends DBSchema {
  readonly [STORE]: { readonly key: string; readonly value: unknown };
}

type Mode = "readonly" | "readwrite";
type Transaction<M extends Mode> = IDBPTransaction<Schema, [typeof STORE], M>;
type WritableStore = Transaction<"readwrite">["store"];

/**
 * Makes what is stored from a record, and a record from what is stored. Both are synchronous: a transaction ends when
 * it waits for anything else, WebCrypto among it.
 */
export interface Codec<Value> {
  encode(key: string, value: Value): unknown;
  /** What it throws reaches who asked for the record. */
  decode(key: string, stored: unknown): Value;
}

/** The records within a transaction that may write. */
export interface Records<Value> {
  get(key: string): Promise<Value | undefined>;
  put(value: Value, key: string): Promise<void>;
  delete(key: string): Promise<void>;
  getAllKeys(): Promise<string[]>;
}

/**
 * A database with one object store. A browser may close the connection: it evicted the data, the user cleared them, or
 * another tab opened a newer version. The next operation opens it again.
 */
export class DurableDatabase<Value> {
  readonly #name: string;
  readonly #codec: Codec<Value>;
  #database: Promise<IDBPDatabase<Schema>> | undefined;
  #closed: Error | undefined;

  private constructor(name: string, codec: Codec<Value>) {
    this.#name = name;
    this.#codec = codec;
  }

  /**
   * Opens a database, making it if it is missing. Rejects where the page may not use IndexedDB.
   *
   * @param codec - Without one, records are stored as they are.
   */
  static async open<Value>(
    name: string,
    codec: Codec<Value> = asTheyAre(),
  ): Promise<DurableDatabase<Value>> {
    const database = new DurableDatabase(name, codec);
    await database.#connect();
    return database;
  }

  /**
   * Closes the database, once what was begun is finished.
   *
   * @param reason - What further operations reject with.
   */
  close(reason = new Error("Using a store failed: it was closed")): void {
    this.#closed ??= reason;
    void this.#database?.then((database) => database.close(), () => {});
  }

  /** The record of a key; `undefined` if there is none. */
  async get(key: string): Promise<Value | undefined> {
    const transaction = await this.#begin("readonly");
    const [stored] = await Promise.all([transaction.store.get(key), transaction.done]);
    return stored === undefined ? undefined : this.#codec.decode(key, stored);
  }

  /** All records. */
  async all(): Promise<Value[]> {
    const { store, done } = await this.#begin("readonly");
    // Both are in the order of the keys.
    const [keys, stored] = await Promise.all([store.getAllKeys(), store.getAll(), done]);
    return keys.map((key, i) => this.#codec.decode(key, stored[i]));
  }

  /** The keys of all records. */
  async keys(): Promise<string[]> {
    const { store, done } = await this.#begin("readonly");
    const [keys] = await Promise.all([store.getAllKeys(), done]);
    return keys;
  }

  /**
   * Runs one transaction that may write; its answer is given when it is on the disk.
   */
  async write<Answer>(work: (records: Records<Value>) => Promise<Answer>): Promise<Answer> {
    const transaction = await this.#begin("readwrite");
    try {
      const answer = await work(this.#records(transaction.store));
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

  /** The records of a transaction as `work` sees them. */
  #records(store: WritableStore): Records<Value> {
    const codec = this.#codec;
    return {
      async get(key) {
        const stored = await store.get(key);
        return stored === undefined ? undefined : codec.decode(key, stored);
      },
      async put(value, key) {
        await store.put(codec.encode(key, value), key);
      },
      delete: (key) => store.delete(key),
      getAllKeys: () => store.getAllKeys(),
    };
  }

  /** Begins a transaction. If the connection was closed meanwhile, it opens a new one, once. */
  async #begin<M extends Mode>(mode: M): Promise<Transaction<M>> {
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
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
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
      throw new TypeError("Opening a store failed: there is no IndexedDB here");
    }
    let database: IDBPDatabase<Schema> | undefined;
    let blocked = false;
    openDB<Schema>(name, VERSION, {
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

function asTheyAre<Value>(): Codec<Value> {
  return {
    encode: (_key, value) => value,
    decode: (_key, stored) => stored as Value, // this store wrote it
  };
}
