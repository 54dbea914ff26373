/**
 * The part of IndexedDB that this library uses, for programs that are checked without a browser's types.
 *
 * https://www.w3.org/TR/IndexedDB-3/
 *
 * @module
 */

interface Target {
  onerror: ((event: never) => unknown) | null;
}

/** An `IDBRequest`. */
export interface DatabaseRequest extends Target {
  readonly result: unknown;
  readonly error: unknown;
  onsuccess: ((event: never) => unknown) | null;
}

/** An `IDBOpenDBRequest`. */
export interface OpenRequest extends Target {
  readonly result: BrowserDatabase;
  readonly error: unknown;
  onsuccess: ((event: never) => unknown) | null;
  onupgradeneeded: ((event: never) => unknown) | null;
  onblocked: ((event: never) => unknown) | null;
}

/** An `IDBObjectStore`. */
export interface ObjectStore {
  get(key: string): DatabaseRequest;
  getAllKeys(): DatabaseRequest;
  put(value: unknown, key: string): DatabaseRequest;
  delete(key: string): DatabaseRequest;
}

/** An `IDBTransaction`. */
export interface Transaction extends Target {
  readonly error: unknown;
  oncomplete: ((event: never) => unknown) | null;
  onabort: ((event: never) => unknown) | null;
  objectStore(name: string): ObjectStore;
  abort(): void;
}

/** An `IDBDatabase`. */
export interface BrowserDatabase {
  onversionchange: ((event: never) => unknown) | null;
  createObjectStore(name: string): unknown;
  transaction(
    store: string,
    mode: "readonly" | "readwrite",
    options?: { readonly durability: "strict" },
  ): Transaction;
  close(): void;
}

/** An `IDBFactory`: `globalThis.indexedDB` of a browser. */
export interface IndexedDb {
  open(name: string, version: number): OpenRequest;
}
