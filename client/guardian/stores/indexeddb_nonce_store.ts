/**
 * A nonce store in a browser's IndexedDB. It survives reloads and crashes, and serves all tabs of its
 * origin: each operation is one transaction, and IndexedDB runs those that write one after another.
 *
 * Nonces are in the clear, readable by every script of the origin. Browsers may delete what a site keeps;
 * ask `navigator.storage.persist()`. Lost nonces cost open sessions, never the key.
 *
 * @module
 */
import type { BrowserDatabase, DatabaseRequest, IndexedDb, ObjectStore } from "./indexeddb.ts";
import type { CommittedRecord, NonceRecord, NonceStore, ReleasedRecord } from "./nonce_store.ts";

const STORE = "nonces";
const VERSION = 1;

/** Keeps nonces in IndexedDB; see above for how. */
export class IndexedDbNonceStore implements NonceStore {
  readonly #database: BrowserDatabase;

  private constructor(database: BrowserDatabase) {
    this.#database = database;
  }

  /**
   * Opens a store, making it if it is missing. Give each guardian one of its own.
   *
   * @param name - Of the database.
   * @param indexedDB - The browser's, if not given.
   */
  static open(
    name = "permafrost-nonces",
    indexedDB: IndexedDb | undefined = Reflect.get(globalThis, "indexedDB"),
  ): Promise<IndexedDbNonceStore> {
    if (indexedDB === undefined) {
      return Promise.reject(new TypeError("Opening a nonce store failed: no IndexedDB here"));
    }
    const request = indexedDB.open(name, VERSION);
    return new Promise((resolve, reject) => {
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      request.onerror = () => reject(request.error);
      request.onblocked = () => reject(new Error("Another version of this store is in use"));
      request.onsuccess = () => {
        const database = request.result;
        // A newer version of the app, in another tab, must not wait for this one.
        database.onversionchange = () => database.close();
        resolve(new IndexedDbNonceStore(database));
      };
    });
  }

  /** Closes the database; what was begun is finished. */
  close(): void {
    this.#database.close();
  }

  async read(slot: string): Promise<NonceRecord | undefined> {
    return await this.#run("readonly", (store, done) => readRecord(store, slot, done));
  }

  async create(slot: string, record: CommittedRecord): Promise<boolean> {
    return await this.#run("readwrite", (store, done) =>
      readRecord(store, slot, (found) => {
        if (found === undefined) store.put(record, slot);
        done(found === undefined);
      }));
  }

  async take(slot: string): Promise<CommittedRecord | undefined> {
    return await this.#run("readwrite", (store, done) =>
      readRecord(store, slot, (found) => {
        if (found?.state !== "committed") return done(undefined);
        store.put({ state: "spent", expires_at: found.expires_at }, slot);
        done(found);
      }));
  }

  async release(slot: string, record: ReleasedRecord): Promise<void> {
    const spent = await this.#run<boolean>(
      "readwrite",
      (store, done) =>
        readRecord(store, slot, (found) => {
          if (found?.state === "spent") store.put(record, slot);
          done(found?.state === "spent");
        }),
    );
    if (!spent) throw new Error("Keeping a released share failed: its nonces are not spent");
  }

  async prune(now: number): Promise<number> {
    return await this.#run("readwrite", (store, done) => {
      let count = 0;
      done(count);
      const slots = store.getAllKeys();
      slots.onsuccess = () => {
        if (!Array.isArray(slots.result)) return;
        for (const slot of slots.result) {
          readRecord(store, slot, (found) => {
            if (found === undefined || found.expires_at > now) return;
            store.delete(slot);
            done(++count);
          });
        }
      };
    });
  }

  /**
   * Runs one transaction. Its answer is given when it is on the disk, not when it is on its way there:
   * nonces that were handed out must not come back after a power cut.
   */
  #run<Answer>(
    mode: "readonly" | "readwrite",
    work: (store: ObjectStore, done: (answer: Answer) => void) => void,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const transaction = this.#database.transaction(STORE, mode, { durability: "strict" });
      let answer: { value: Answer } | undefined;
      const fail = () => reject(transaction.error ?? new Error("The transaction was aborted"));
      transaction.oncomplete = () => answer === undefined ? fail() : resolve(answer.value);
      transaction.onabort = fail;
      work(transaction.objectStore(STORE), (value) => {
        answer = { value };
      });
    });
  }
}

function readRecord(
  store: ObjectStore,
  slot: string,
  then: (record: NonceRecord | undefined) => void,
): void {
  if (!/^[0-9a-f]{64}$/.test(slot)) throw new TypeError("Expected a slot of 64 hex digits");
  const request: DatabaseRequest = store.get(slot);
  request.onsuccess = () => then(isRecord(request.result) ? request.result : undefined);
}

/** Nothing else writes here. */
function isRecord(value: unknown): value is NonceRecord {
  return typeof value === "object" && value !== null && "state" in value;
}
