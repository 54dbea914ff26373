/** For tests: what a vault has stored, read and changed behind its back. Takes the IndexedDB that there is. */
import assert from "node:assert/strict";
import { VaultError, type VaultErrorCode } from "./vault.ts";

/** Checks that a vault refuses, with a code. */
export async function refuses(work: Promise<unknown>, code: VaultErrorCode): Promise<void> {
  await assert.rejects(work, (error: unknown) => {
    assert.ok(error instanceof VaultError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

/** An event of an IndexedDB request as a promise. */
export function done<Answer>(request: IDBRequest<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** The names of a vault's databases, that of its locks first. */
export async function databasesOf(name: string): Promise<string[]> {
  const names = (await indexedDB.databases()).map((database) => database.name ?? "");
  return names.filter((other) => `${other} `.startsWith(`${name} `)).sort();
}

/** Works with what is stored, behind the vault's back. */
export async function behind<Answer>(
  database: string,
  work: (store: IDBObjectStore) => Promise<Answer>,
): Promise<Answer> {
  const connection = await done(indexedDB.open(database));
  try {
    return await work(connection.transaction("records", "readwrite").objectStore("records"));
  } finally {
    connection.close();
  }
}

/** Everything that a vault has stored, by database and key. */
export async function dump(name: string): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  for (const database of await databasesOf(name)) {
    await behind(database, async (store) => {
      const keys = await done(store.getAllKeys());
      const values = await done(store.getAll());
      keys.forEach((key, i) => found.set(`${database}/${key}`, values[i]));
    });
  }
  return found;
}

/** The database of a vault whose name ends so. */
export async function databaseOf(name: string, end: string): Promise<string> {
  const found = (await databasesOf(name)).filter((database) => database.endsWith(end));
  assert.equal(found.length, 1, `${found}`);
  return found[0];
}
