import assert from "node:assert/strict";
import "fake-indexeddb/auto";
import type { CommittedRecord } from "../guardian/stores/nonce_store.ts";
import { databasesOf, done, dump, refuses } from "./stored_vault.ts";
import { Vault } from "./vault.ts";

// What the encrypted nonce store does as every store does is in nonce_store.test.ts; what is stored, in
// vault_storage.test.ts; passkeys need a browser, and are in supabase/tests/client/vault.test.ts.

const PASSPHRASE = "four words are better";
const SLOT = "ab".repeat(32);
const COMMITTED: CommittedRecord = {
  state: "committed",
  approved: { message: "5a5a5a5a", threshold: 2, participants: ["ada", "bob"] },
  nonce_commitment: "c0ffee",
  hiding_nonce: "11".repeat(32),
  binding_nonce: "22".repeat(32),
  expires_at: 2_000,
};
const BEGUN = { params_id: "33".repeat(32), seed: "44".repeat(32) };

let vaults = 0;
/** A vault of the test's own. */
const newName = () => `vault ${vaults++}`;

Deno.test("a vault is made once, and opens with its passphrase", async () => {
  const name = newName();
  assert.equal(await Vault.exists(name), false);
  await refuses(Vault.open(PASSPHRASE, name), "missing");
  await refuses(Vault.openWithPasskey(name), "missing");
  assert.equal(await Vault.hasPasskey(name), false);
  await assert.rejects(Vault.create("", name), TypeError);
  assert.equal(await Vault.exists(name), false);
  const vault = await Vault.create(PASSPHRASE, name);
  assert.equal(await Vault.exists(name), true);
  await vault.write("host-key", "words");
  const before = await dump(name);
  await refuses(Vault.create("another passphrase", name), "exists");
  await refuses(Vault.open("another passphrase", name), "wrong_passphrase");
  await refuses(Vault.openWithPasskey(name), "missing");
  assert.deepEqual(await dump(name), before);
  assert.equal(await (await Vault.open(PASSPHRASE, name)).read("host-key"), "words");
});

Deno.test("of two tabs that make a vault at once, one does", async () => {
  const name = newName();
  const made = await Promise.allSettled([
    Vault.create("the passphrase of one", name),
    Vault.create("the passphrase of two", name),
  ]);
  const [won, lost] = made[0].status === "fulfilled" ? [0, 1] : [1, 0];
  assert.equal(made[won].status, "fulfilled");
  assert.ok(made[lost].status === "rejected");
  await refuses(Promise.reject(made[lost].reason), "exists");
  const passphrase = ["the passphrase of one", "the passphrase of two"][won];
  assert.ok(await Vault.open(passphrase, name));
});

Deno.test("entries are created once, written over, listed and removed", async () => {
  const vault = await Vault.create(PASSPHRASE, newName());
  assert.equal(await vault.read("share"), undefined);
  assert.deepEqual(await vault.entries(), []);
  assert.equal(await vault.create("share", "first"), true);
  assert.equal(await vault.create("share", "second"), false);
  assert.equal(await vault.read("share"), "first");
  await vault.write("share", "third");
  await vault.write("", "Zoë 🔑");
  assert.equal(await vault.read("share"), "third");
  assert.equal(await vault.read(""), "Zoë 🔑");
  assert.deepEqual(await vault.entries(), ["", "share"]);
  await vault.remove("share");
  await vault.remove("share");
  assert.deepEqual(await vault.entries(), [""]);
  assert.equal(await vault.create("share", ""), true);
  assert.equal(await vault.read("share"), "");
});

Deno.test("lock() ends everything of the vault, and another opening goes on", async () => {
  const name = newName();
  const vault = await Vault.create(PASSPHRASE, name);
  const nonces = await vault.nonces("ada");
  const ceremonies = await vault.ceremonies();
  await vault.write("a", "of a");
  await nonces.create(SLOT, COMMITTED);
  vault.lock();
  vault.lock();
  const works: (() => Promise<unknown>)[] = [
    () => vault.read("a"),
    () => vault.read("nowhere"),
    () => vault.write("a", "another"),
    () => vault.create("a", "another"),
    () => vault.remove("a"),
    () => vault.entries(),
    () => vault.nonces("ada"),
    () => vault.nonces("bob"),
    () => vault.ceremonies(),
    () => vault.changePassphrase("another"),
    () => vault.addPasskey("ada"),
    () => vault.removePasskey(),
    () => nonces.read(SLOT),
    () => nonces.read("00".repeat(32)),
    () => nonces.take(SLOT),
    () => nonces.create("00".repeat(32), COMMITTED),
    () => nonces.pairs("ada"),
    () => nonces.prune(2_000),
    () => ceremonies.read("the-ceremony", "begun"),
    () => ceremonies.create("the-ceremony", "begun", BEGUN),
    () => ceremonies.remove("the-ceremony", "begun"),
  ];
  for (const work of works) await refuses(work(), "locked");
  const again = await Vault.open(PASSPHRASE, name);
  assert.equal(await again.read("a"), "of a");
  assert.deepEqual(await (await again.nonces("ada")).take(SLOT), COMMITTED);
});

Deno.test("lock() in the middle of a work: a lock never holds a key that is forgotten", async () => {
  const name = newName();
  const vault = await Vault.create(PASSPHRASE, name);
  await vault.write("a", "of a");
  const before = await dump(name);
  const works = [
    vault.changePassphrase("the next passphrase"),
    vault.read("a"),
    vault.write("a", "another"),
    vault.nonces("ada"),
  ];
  vault.lock();
  await Promise.all(works.map((work) => refuses(work, "locked")));
  assert.deepEqual(await dump(name), before);
});

Deno.test("two tabs work on one vault at once", async () => {
  const name = newName();
  const tabs = [await Vault.create(PASSPHRASE, name), await Vault.open(PASSPHRASE, name)];
  const created = await Promise.all(tabs.map((tab, i) => tab.create("share", `of tab ${i}`)));
  assert.equal(created.filter(Boolean).length, 1);
  const text = `of tab ${created.indexOf(true)}`;
  assert.deepEqual(await Promise.all(tabs.map((tab) => tab.read("share"))), [text, text]);
  const [one, two] = await Promise.all(tabs.map((tab) => tab.nonces("ada")));
  await one.create(SLOT, COMMITTED);
  const taken = await Promise.all([one.take(SLOT), two.take(SLOT), one.take(SLOT)]);
  assert.deepEqual(taken.filter((record) => record !== undefined), [COMMITTED]);
  const ceremonies = await Promise.all(tabs.map((tab) => tab.ceremonies()));
  const begun = await Promise.all(
    ceremonies.map((store) => store.create("the-ceremony", "begun", BEGUN)),
  );
  assert.equal(begun.filter(Boolean).length, 1);
  assert.deepEqual(await ceremonies[1].read("the-ceremony", "begun"), BEGUN);
  assert.equal(await ceremonies[1].read("the-ceremony", "finished"), undefined);
  tabs[0].lock();
  assert.equal(await tabs[1].read("share"), text, "the other tab stays open");
});

Deno.test("changePassphrase() is one write, and the old passphrase opens nothing any more", async () => {
  const name = newName();
  const vault = await Vault.create(PASSPHRASE, name);
  await vault.write("a", "of a");
  const { put } = IDBObjectStore.prototype;
  let puts = 0;
  // The disk is full, say: found out after the work was done.
  IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...args: Parameters<typeof put>) {
    puts++;
    const written = put.apply(this, args);
    written.addEventListener("success", () => this.transaction.abort());
    return written;
  };
  try {
    await assert.rejects(vault.changePassphrase("the next passphrase"));
  } finally {
    IDBObjectStore.prototype.put = put;
  }
  assert.equal(puts, 1);
  await refuses(Vault.open("the next passphrase", name), "wrong_passphrase");
  await assert.rejects(vault.changePassphrase(""), TypeError);
  await Vault.open(PASSPHRASE, name);

  await vault.changePassphrase("the next passphrase");
  await refuses(Vault.open(PASSPHRASE, name), "wrong_passphrase");
  assert.equal(await (await Vault.open("the next passphrase", name)).read("a"), "of a");
  assert.equal(await vault.read("a"), "of a", "the tab that changed it stays open");
});

Deno.test("where the data were cleared under an open vault, it writes nothing that nobody could read", async () => {
  const name = newName();
  const stale = await Vault.create(PASSPHRASE, name);
  await stale.write("a", "of a");
  const staleNonces = await stale.nonces("ada");
  for (const database of await databasesOf(name)) await done(indexedDB.deleteDatabase(database));
  const works = [
    stale.read("a"),
    stale.write("a", "another"),
    stale.nonces("ada"),
    stale.changePassphrase("the next passphrase"),
    stale.removePasskey(),
  ];
  await Promise.all(works.map((work) => refuses(work, "missing")));
  // And it leaves a vault alone that another tab has made meanwhile.
  const next = await Vault.create("a passphrase of its own", name);
  await next.write("a", "of the next");
  await refuses(stale.write("a", "another"), "missing");
  await refuses(stale.changePassphrase(PASSPHRASE), "missing");
  assert.equal(await staleNonces.create(SLOT, COMMITTED), true, "a store that was open goes on");
  assert.equal(await (await next.nonces("ada")).read(SLOT), undefined, "in a place of its own");
  const reopened = await Vault.open("a passphrase of its own", name);
  assert.equal(await reopened.read("a"), "of the next");
});
