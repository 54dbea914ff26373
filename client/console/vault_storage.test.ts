import assert from "node:assert/strict";
import "fake-indexeddb/auto";
import type { CommittedRecord } from "../guardian/stores/nonce_store.ts";
import { behind, databaseOf, databasesOf, done, dump, refuses } from "./stored_vault.ts";
import { openSecret } from "../ceremonies/sealed.ts";
import { Vault } from "./vault.ts";

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

Deno.test("nothing that is stored holds a secret, under any key or in any database", async () => {
  const name = newName();
  const vault = await Vault.create(PASSPHRASE, name);
  const { passphrase } = await behind(name, (store) => done(store.get("locks")));
  const mainKey = await openSecret("vault-key", passphrase, PASSPHRASE);
  assert.ok(mainKey !== undefined);
  await vault.write("host-key", "the words of the host key");
  await vault.create("share", JSON.stringify({ signing_share: "55".repeat(32) }));
  await (await vault.nonces("ada smith")).create(SLOT, COMMITTED);
  await (await vault.ceremonies()).create("the-ceremony", "begun", BEGUN);
  await vault.changePassphrase("the next passphrase");
  const stored = await dump(name);
  const { length } = await databasesOf(name);
  assert.deepEqual([stored.size, length], [5, 4], "the locks, two entries, nonces and a ceremony");

  const secrets = [
    ...[PASSPHRASE, "the next passphrase", "the words", "55".repeat(8), "11".repeat(8)],
    ...["22".repeat(8), "44".repeat(8), "33".repeat(8), "5a5a", "c0ffee", "committed", "seed"],
  ].map((text) => new TextEncoder().encode(text));
  const hex = (bytes: Uint8Array) =>
    [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  for (const [place, value] of stored) {
    // As text, and as the bytes that it is or that its hex digits say.
    const text = value instanceof Uint8Array
      ? hex(value)
      : `${JSON.stringify(value)} ${hex(new TextEncoder().encode(JSON.stringify(value)))}`;
    assert.ok(!text.includes(hex(mainKey)), `the main key is in ${place}`);
    for (const secret of secrets) {
      const found = text.includes(hex(secret));
      assert.ok(!found, `${new TextDecoder().decode(secret)} is in ${place}`);
    }
  }
});

Deno.test("a record that was moved, changed or put in the clear is damaged, and no other is", async () => {
  const name = newName();
  const vault = await Vault.create(PASSPHRASE, name);
  await vault.write("a", "of a");
  await vault.write("b", "of b");
  await vault.write("c", "of c");
  const entries = await databaseOf(name, "entries");
  const stored = await behind(entries, (store) => done(store.get("a")));
  assert.ok(stored instanceof Uint8Array);
  await behind(entries, (store) => done(store.put(stored, "b")));
  await refuses(vault.read("b"), "damaged");
  await refuses(vault.create("b", "another"), "damaged");
  for (let i = 0; i < stored.length; i++) {
    const changed = stored.slice();
    changed[i] ^= 1 << (i % 8);
    await behind(entries, (store) => done(store.put(changed, "a")));
    await refuses(vault.read("a"), "damaged");
  }
  for (const value of [stored.slice(0, -1), new Uint8Array(), "of a", { text: "of a" }, null]) {
    await behind(entries, (store) => done(store.put(value, "a")));
    await refuses(vault.read("a"), "damaged");
  }
  assert.equal(await vault.read("c"), "of c");
  assert.deepEqual(await vault.entries(), ["a", "b", "c"]);
  await vault.write("b", "of b again");
  assert.equal(await vault.read("b"), "of b again");

  // The same slot in another scope, and another vault.
  const [ada, bob] = [await vault.nonces("ada"), await vault.nonces("bob")];
  await ada.create(SLOT, COMMITTED);
  await bob.create(SLOT, COMMITTED);
  const nonces = await behind(
    await databaseOf(name, "nonces ada"),
    (store) => done(store.get(SLOT)),
  );
  await behind(await databaseOf(name, "nonces bob"), (store) => done(store.put(nonces, SLOT)));
  assert.deepEqual(await ada.take(SLOT), COMMITTED);
  const works = [bob.read(SLOT), bob.take(SLOT), bob.pairs("bob"), bob.prune(2_000)];
  await Promise.all(works.map((work) => refuses(work, "damaged")));
  const left = await behind(
    await databaseOf(name, "nonces bob"),
    (store) => done(store.get(SLOT)),
  );
  assert.deepEqual(left, nonces, "what cannot be read is left as it is");
});

Deno.test("locks that were changed open nothing, and are not written over", async () => {
  const [name, other] = [newName(), newName()];
  await Vault.create(PASSPHRASE, name);
  await Vault.create(PASSPHRASE, other);
  const locks = await behind(name, (store) => done(store.get("locks")));
  const others = await behind(other, (store) => done(store.get("locks")));
  const put = (value: unknown) => behind(name, (store) => done(store.put(value, "locks")));
  const last = locks.passphrase.at(-1) === "0" ? "1" : "0";
  await put({ ...locks, passphrase: locks.passphrase.slice(0, -1) + last });
  await refuses(Vault.open(PASSPHRASE, name), "wrong_passphrase");
  await put({ ...locks, passphrase: others.passphrase });
  await refuses(Vault.open(PASSPHRASE, name), "damaged");
  for (const value of [null, "locks", {}, { ...locks, passphrase: 1 }, { passphrase: "x" }]) {
    await put(value);
    await refuses(Vault.open(PASSPHRASE, name), "damaged");
    await refuses(Vault.openWithPasskey(name), "damaged");
    await refuses(Vault.create(PASSPHRASE, name), "exists");
    assert.equal(await Vault.exists(name), true);
    assert.equal(await Vault.hasPasskey(name), false);
  }
  // A passkey's lock that is none does not keep the passphrase out.
  await put({ ...locks, passkey: { credential_id: "00", prf_input: 1 } });
  assert.equal(await Vault.hasPasskey(name), false);
  assert.ok(await Vault.open(PASSPHRASE, name));
});
