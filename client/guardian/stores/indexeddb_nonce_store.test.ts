import assert from "node:assert/strict";
import { IDBFactory } from "fake-indexeddb";
import type { IndexedDb } from "./indexeddb.ts";
import { IndexedDbNonceStore } from "./indexeddb_nonce_store.ts";
import type { CommittedRecord } from "./nonce_store.ts";

// What every store does is in nonce_store.test.ts.

const SLOT = "ab".repeat(32);
const COMMITTED: CommittedRecord = {
  state: "committed",
  approved: { message: "5a", threshold: 2, participants: ["ada", "bob"] },
  nonce_commitment: "c0",
  hiding_nonce: "11".repeat(32),
  binding_nonce: "22".repeat(32),
  expires_at: 2_000,
};

Deno.test("IndexedDB store: of several tabs that take at once, one gets the nonces", async () => {
  const indexedDB = new IDBFactory();
  const tabs = await Promise.all(
    Array.from({ length: 8 }, () => IndexedDbNonceStore.open("nonces", indexedDB)),
  );
  await tabs[0].create(SLOT, COMMITTED);
  const taken = await Promise.all(tabs.map((tab) => tab.take(SLOT)));
  assert.deepEqual(taken.filter((record) => record !== undefined), [COMMITTED]);
  const later = await IndexedDbNonceStore.open("nonces", indexedDB);
  assert.deepEqual(await later.read(SLOT), { state: "spent", expires_at: 2_000 });
});

Deno.test("IndexedDB store: guardians with stores of their own do not meet", async () => {
  const indexedDB = new IDBFactory();
  const [ann, bob] = [
    await IndexedDbNonceStore.open("ann", indexedDB),
    await IndexedDbNonceStore.open("bob", indexedDB),
  ];
  await ann.create(SLOT, COMMITTED);
  assert.equal(await bob.read(SLOT), undefined);
});

Deno.test("IndexedDB store: what is written is on the disk before it is used", async () => {
  const asked: unknown[] = [];
  const real = new IDBFactory();
  const indexedDB: IndexedDb = {
    open(name, version) {
      const request = real.open(name, version);
      request.addEventListener("success", () => {
        const database = request.result;
        const transaction = database.transaction.bind(database);
        Object.assign(database, {
          transaction(store: string, mode: "readonly" | "readwrite", options: unknown) {
            asked.push([mode, options]);
            return transaction(store, mode);
          },
        });
      });
      return request;
    },
  };
  const store = await IndexedDbNonceStore.open("nonces", indexedDB);
  await store.create(SLOT, COMMITTED);
  await store.take(SLOT);
  const strict = ["readwrite", { durability: "strict" }];
  assert.deepEqual(asked, [strict, strict]);
});

Deno.test("IndexedDB store: a transaction that is aborted hands nothing out", async () => {
  const real = new IDBFactory();
  const store = await IndexedDbNonceStore.open("nonces", real);
  await store.create(SLOT, COMMITTED);
  const failing: IndexedDb = {
    open(name, version) {
      const request = real.open(name, version);
      request.addEventListener("success", () => {
        const database = request.result;
        const transaction = database.transaction.bind(database);
        Object.assign(database, {
          transaction(name: string, mode: "readonly" | "readwrite") {
            const made = transaction(name, mode);
            const objects = made.objectStore(name);
            const put = objects.put.bind(objects);
            // The disk is full, say: found out after the work was done.
            Object.assign(objects, {
              put(value: unknown, key: string) {
                const written = put(value, key);
                written.addEventListener("success", () => made.abort());
                return written;
              },
            });
            Object.assign(made, { objectStore: () => objects });
            return made;
          },
        });
      });
      return request;
    },
  };
  const broken = await IndexedDbNonceStore.open("nonces", failing);
  await assert.rejects(broken.take(SLOT));
  assert.deepEqual(await store.read(SLOT), COMMITTED);
});

Deno.test("IndexedDB store: open() says so where there is no IndexedDB", async () => {
  assert.equal(Reflect.get(globalThis, "indexedDB"), undefined);
  await assert.rejects(IndexedDbNonceStore.open(), /no IndexedDB/);
});

Deno.test("IndexedDB store: a slot is 64 hex digits", async () => {
  const store = await IndexedDbNonceStore.open("nonces", new IDBFactory());
  for (const slot of ["", "x", "AB".repeat(32)]) {
    await assert.rejects(store.read(slot), TypeError);
    await assert.rejects(store.create(slot, COMMITTED), TypeError);
  }
});
