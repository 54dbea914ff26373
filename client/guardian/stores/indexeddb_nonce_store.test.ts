import assert from "node:assert/strict";
import "fake-indexeddb/auto";
import { forceCloseDatabase, IDBDatabase, IDBFactory, IDBObjectStore } from "fake-indexeddb";
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

type Factory = InstanceType<typeof IDBFactory>;
type Database = InstanceType<typeof IDBDatabase>;
type Objects = InstanceType<typeof IDBObjectStore>;

let databases = 0;
/** A database of the test's own. */
const newName = () => `nonces ${databases++}`;

/** Replaces a member of an object while `work` runs. */
async function replacing(
  target: object,
  name: string,
  value: PropertyDescriptor,
  work: () => Promise<void>,
): Promise<void> {
  const before = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, { configurable: true, ...value });
  try {
    await work();
  } finally {
    if (before === undefined) Reflect.deleteProperty(target, name);
    else Object.defineProperty(target, name, before);
  }
}

/** Notes every connection that is opened while `work` runs. */
async function connections(work: (opened: Database[]) => Promise<void>): Promise<void> {
  const opened: Database[] = [];
  const { open } = IDBFactory.prototype;
  const noting = function (this: Factory, ...args: Parameters<Factory["open"]>) {
    const request = open.apply(this, args);
    request.addEventListener("success", () => opened.push(request.result));
    return request;
  };
  await replacing(IDBFactory.prototype, "open", { value: noting }, () => work(opened));
}

Deno.test("IndexedDB store: of several tabs that take at once, one gets the nonces", async () => {
  const name = newName();
  const tabs = await Promise.all(
    Array.from({ length: 8 }, () => IndexedDbNonceStore.open(name)),
  );
  await tabs[0].create(SLOT, COMMITTED);
  const taken = await Promise.all(tabs.map((tab) => tab.take(SLOT)));
  assert.deepEqual(taken.filter((record) => record !== undefined), [COMMITTED]);
  const later = await IndexedDbNonceStore.open(name);
  assert.deepEqual(await later.read(SLOT), { state: "spent", expires_at: 2_000 });
});

Deno.test("IndexedDB store: guardians with stores of their own do not meet", async () => {
  const [ann, bob] = [
    await IndexedDbNonceStore.open(newName()),
    await IndexedDbNonceStore.open(newName()),
  ];
  await ann.create(SLOT, COMMITTED);
  assert.equal(await bob.read(SLOT), undefined);
});

Deno.test("IndexedDB store: what is written is on the disk before it is used", async () => {
  const asked: unknown[] = [];
  const { transaction } = IDBDatabase.prototype;
  const noting = function (
    this: Database,
    ...[stores, mode, options]: Parameters<Database["transaction"]>
  ) {
    if (mode === "readwrite") asked.push([mode, options]);
    return transaction.call(this, stores, mode, options);
  };
  await replacing(IDBDatabase.prototype, "transaction", { value: noting }, async () => {
    const store = await IndexedDbNonceStore.open(newName());
    await store.create(SLOT, COMMITTED);
    await store.take(SLOT);
  });
  const strict = ["readwrite", { durability: "strict" }];
  assert.deepEqual(asked, [strict, strict]);
});

Deno.test("IndexedDB store: a transaction that is aborted hands nothing out", async () => {
  const store = await IndexedDbNonceStore.open(newName());
  await store.create(SLOT, COMMITTED);
  const { put } = IDBObjectStore.prototype;
  // The disk is full, say: found out after the work was done.
  const failing = function (this: Objects, ...args: Parameters<Objects["put"]>) {
    const written = put.apply(this, args);
    written.addEventListener("success", () => this.transaction.abort());
    return written;
  };
  await replacing(IDBObjectStore.prototype, "put", { value: failing }, async () => {
    await assert.rejects(store.take(SLOT));
  });
  assert.deepEqual(await store.read(SLOT), COMMITTED);
});

Deno.test("IndexedDB store: a connection that the browser closed is opened again", async () => {
  await connections(async (opened) => {
    const store = await IndexedDbNonceStore.open(newName());
    await store.create(SLOT, COMMITTED);
    const [first] = opened;
    forceCloseDatabase(first);
    assert.deepEqual(await store.read(SLOT), COMMITTED);
    assert.equal(opened.length, 2);
    // A database that cannot be opened for a while is tried again by the next call.
    forceCloseDatabase(opened[1]);
    const deny = () => {
      throw new DOMException("Not now", "UnknownError");
    };
    await replacing(IDBFactory.prototype, "open", { value: deny }, async () => {
      await assert.rejects(store.read(SLOT), { name: "UnknownError" });
    });
    assert.deepEqual(await store.read(SLOT), COMMITTED);
    // Two at once open one connection.
    forceCloseDatabase(opened[2]);
    const taken = await Promise.all([store.take(SLOT), store.take(SLOT)]);
    assert.deepEqual(taken.filter((record) => record !== undefined), [COMMITTED]);
    assert.equal(opened.length, 4);
  });
});

Deno.test("IndexedDB store: data that the browser deleted are gone, and the store goes on", async () => {
  const name = newName();
  const factory: Factory = Reflect.get(globalThis, "indexedDB");
  const store = await IndexedDbNonceStore.open(name);
  await store.create(SLOT, COMMITTED);
  // The store makes way for the deletion, as for a newer version in another tab.
  await new Promise((resolve, reject) => {
    const request = factory.deleteDatabase(name);
    request.onsuccess = resolve;
    request.onerror = reject;
    request.onblocked = () => reject(new Error("The store is in the way"));
  });
  assert.equal(await store.read(SLOT), undefined);
  assert.equal(await store.create(SLOT, COMMITTED), true);
});

Deno.test("IndexedDB store: a closed one is not opened again", async () => {
  const store = await IndexedDbNonceStore.open(newName());
  store.close();
  await assert.rejects(store.read(SLOT), /it was closed/);
});

Deno.test("IndexedDB store: open() rejects where there is no IndexedDB, and where it is denied", async () => {
  await replacing(globalThis, "indexedDB", { value: undefined }, async () => {
    await assert.rejects(IndexedDbNonceStore.open(), /no IndexedDB/);
  });
  const deny = () => {
    throw new DOMException("The operation is insecure", "SecurityError");
  };
  const denied = { name: "SecurityError" };
  await replacing(globalThis, "indexedDB", { get: deny }, async () => {
    await assert.rejects(IndexedDbNonceStore.open(), denied);
  });
  await replacing(IDBFactory.prototype, "open", { value: deny }, async () => {
    await assert.rejects(IndexedDbNonceStore.open(newName()), denied);
  });
});

Deno.test("IndexedDB store: a slot is 64 hex digits", async () => {
  const store = await IndexedDbNonceStore.open(newName());
  for (const slot of ["", "x", "AB".repeat(32)]) {
    await assert.rejects(store.read(slot), TypeError);
    await assert.rejects(store.create(slot, COMMITTED), TypeError);
  }
});
