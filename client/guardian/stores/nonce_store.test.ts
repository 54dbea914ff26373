import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { link, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import "fake-indexeddb/auto";
import { encryptedRecords } from "../../console/encryption.ts";
import { FileNonceStore } from "./file_nonce_store.ts";
import { IndexedDbNonceStore } from "./indexeddb_nonce_store.ts";
import { MemoryNonceStore } from "./memory_nonce_store.ts";
import type { CommittedRecord, NonceStore, ReleasedRecord } from "./nonce_store.ts";

const SLOT = "ab".repeat(32);
const COMMITTED: CommittedRecord = {
  state: "committed",
  approved: { message: "5a", threshold: 2, participants: ["ada", "bob"] },
  nonce_commitment: "c0",
  hiding_nonce: "11".repeat(32),
  binding_nonce: "22".repeat(32),
  expires_at: 2_000,
};
const RELEASED: ReleasedRecord = {
  state: "released",
  package_digest: "d0",
  signature_share: "e0",
  expires_at: 2_000,
};

async function inDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "permafrost-nonces-" });
  try {
    await test(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

const KINDS: Record<string, (test: (store: NonceStore) => Promise<void>) => Promise<void>> = {
  memory: (test) => test(new MemoryNonceStore()),
  file: (test) => inDirectory(async (directory) => test(await FileNonceStore.open(directory))),
  IndexedDB: async (test) => test(await IndexedDbNonceStore.open(crypto.randomUUID())),
  "encrypted IndexedDB": async (test) => {
    const name = crypto.randomUUID();
    const key = crypto.getRandomValues(new Uint8Array(32));
    await test(await IndexedDbNonceStore.open(name, encryptedRecords(() => key, name)));
  },
};

for (const [kind, withStore] of Object.entries(KINDS)) {
  Deno.test(`${kind} store: a record goes from committed to spent to released`, () =>
    withStore(async (store) => {
      assert.equal(await store.read(SLOT), undefined);
      assert.equal(await store.create(SLOT, COMMITTED), true);
      assert.deepEqual(await store.read(SLOT), COMMITTED);
      assert.deepEqual(await store.take(SLOT), COMMITTED);
      assert.deepEqual(await store.read(SLOT), { state: "spent", expires_at: 2_000 });
      await store.release(SLOT, RELEASED);
      assert.deepEqual(await store.read(SLOT), RELEASED);
    }));

  Deno.test(`${kind} store: nothing overwrites a record`, () =>
    withStore(async (store) => {
      const other = { ...COMMITTED, hiding_nonce: "33".repeat(32) };
      await store.create(SLOT, COMMITTED);
      assert.equal(await store.create(SLOT, other), false);
      assert.deepEqual(await store.read(SLOT), COMMITTED);
      await store.take(SLOT);
      assert.equal(await store.create(SLOT, other), false);
      assert.equal(await store.take(SLOT), undefined);
      await store.release(SLOT, RELEASED);
      assert.equal(await store.create(SLOT, other), false);
      assert.equal(await store.take(SLOT), undefined);
      assert.deepEqual(await store.read(SLOT), RELEASED);
    }));

  Deno.test(`${kind} store: of many at once one creates and one takes`, () =>
    withStore(async (store) => {
      const records = Array.from(
        { length: 20 },
        (_, i) => ({ ...COMMITTED, nonce_commitment: `${i}` }),
      );
      const created = await Promise.all(records.map((record) => store.create(SLOT, record)));
      assert.equal(created.filter(Boolean).length, 1);
      assert.deepEqual(await store.read(SLOT), records[created.indexOf(true)]);
      const taken = await Promise.all(records.map(() => store.take(SLOT)));
      assert.deepEqual(taken.filter(Boolean), [records[created.indexOf(true)]]);
    }));

  Deno.test(`${kind} store: a share is kept only where nonces were spent`, () =>
    withStore(async (store) => {
      await assert.rejects(store.release(SLOT, RELEASED), /not spent/);
      await store.create(SLOT, COMMITTED);
      await assert.rejects(store.release(SLOT, RELEASED), /not spent/);
      await store.take(SLOT);
      await store.release(SLOT, RELEASED);
      await assert.rejects(store.release(SLOT, RELEASED), /not spent/);
    }));

  Deno.test(`${kind} store: an unbound pair is listed until it is taken, and what has no nonces stays as it is`, () =>
    withStore(async (store) => {
      const { approved: _, ...pair } = COMMITTED;
      const unbound = { ...pair, state: "unbound", owner: "ada" } as const;
      const [a, b, c, d, e] = ["aa", "bb", "cc", "dd", "ee"].map((byte) => byte.repeat(32));
      await store.create(a, unbound);
      await store.create(b, { ...unbound, owner: "bob" });
      await store.create(c, { ...unbound, session_id: "s1" });
      await store.create(d, { state: "approved", approved: COMMITTED.approved, expires_at: 2_000 });
      await store.create(e, { state: "answered", package_digest: "d0", expires_at: 2_000 });
      assert.deepEqual(await store.pairs("ada"), [{ nonce_commitment: "c0", expires_at: 2_000 }]);
      assert.deepEqual(await store.take(a), unbound);
      assert.deepEqual(await store.pairs("ada"), []);
      for (const slot of [d, e]) {
        assert.equal(await store.take(slot), undefined);
        await assert.rejects(store.release(slot, RELEASED), /not spent/);
      }
      assert.equal((await store.read(d))?.state, "approved");
      assert.equal(await store.prune(2_000), 5);
    }));

  Deno.test(`${kind} store: prune() removes what has expired and nothing else`, () =>
    withStore(async (store) => {
      const [a, b, c] = ["aa", "bb", "cc"].map((byte) => byte.repeat(32));
      await store.create(a, COMMITTED);
      await store.create(b, COMMITTED);
      await store.take(b);
      await store.create(c, { ...COMMITTED, expires_at: 2_001 });
      assert.equal(await store.prune(1_999), 0);
      assert.equal(await store.prune(2_000), 2);
      assert.equal(await store.read(a), undefined);
      assert.equal(await store.read(b), undefined);
      assert.equal((await store.read(c))?.state, "committed");
    }));
}

Deno.test("file store: nonces are readable by their owner alone, and gone once taken", () =>
  inDirectory(async (directory) => {
    const store = await FileNonceStore.open(`${directory}/nonces`);
    const mode = async (path: string) => (await stat(path)).mode & 0o777;
    assert.equal(await mode(`${directory}/nonces`), 0o700);
    await store.create(SLOT, COMMITTED);
    assert.deepEqual(await readdir(`${directory}/nonces`), [`${SLOT}.committed`]);
    assert.equal(await mode(`${directory}/nonces/${SLOT}.committed`), 0o600);
    await store.take(SLOT);
    const files = await readdir(`${directory}/nonces`);
    assert.deepEqual(files, [`${SLOT}.spent`]);
    assert.ok(!(await readFile(`${directory}/nonces/${files[0]}`, "utf8")).includes("1111"));
  }));

Deno.test("file store: another instance finds what the first one left", () =>
  inDirectory(async (directory) => {
    await (await FileNonceStore.open(directory)).create(SLOT, COMMITTED);
    const second = await FileNonceStore.open(directory);
    assert.deepEqual(await second.take(SLOT), COMMITTED);
    assert.equal(await (await FileNonceStore.open(directory)).take(SLOT), undefined);
  }));

Deno.test("file store: nonces that a crash left beside the mark are not handed out", () =>
  inDirectory(async (directory) => {
    const store = await FileNonceStore.open(directory);
    await store.create(SLOT, COMMITTED);
    const nonces = await readFile(`${directory}/${SLOT}.committed`, "utf8");
    await store.take(SLOT);
    // As if the process had gone down after the mark and before the removal.
    await writeFile(`${directory}/${SLOT}.committed`, nonces);
    assert.equal((await store.read(SLOT))?.state, "spent");
    assert.equal(await store.take(SLOT), undefined);
    assert.equal(await store.prune(2_000), 1);
    assert.deepEqual(await readdir(directory), []);
  }));

/** A draft of a slot, as `create` names it. */
function draft(slot: string): string {
  return `${slot}.${randomUUID()}.draft`;
}

Deno.test("file store: what a crash left half written is no record, and is pruned after a day", () =>
  inDirectory(async (directory) => {
    const store = await FileNonceStore.open(directory);
    const [old, recent] = [draft(SLOT), draft(SLOT)];
    await writeFile(`${directory}/${old}`, '{"state":"commi');
    await store.create(SLOT, COMMITTED);
    await rename(`${directory}/${SLOT}.committed`, `${directory}/${recent}`);
    assert.equal(await store.read(SLOT), undefined);
    const now = Date.now();
    await utimes(`${directory}/${old}`, 0, (now - 90_000_000) / 1000);
    await store.prune(now);
    assert.deepEqual(await readdir(directory), [recent]);
  }));

Deno.test("file store: take() leaves the nonces nowhere, not in a draft that a crash left either", () =>
  inDirectory(async (directory) => {
    const store = await FileNonceStore.open(directory);
    const other = "cd".repeat(32);
    for (const slot of [SLOT, other]) {
      await store.create(slot, COMMITTED);
      // As if the process had gone down between giving the draft its name and taking its own away.
      await link(`${directory}/${slot}.committed`, `${directory}/${draft(slot)}`);
    }
    assert.deepEqual(await store.take(SLOT), COMMITTED);
    const left = await readdir(directory);
    assert.deepEqual(left.filter((file) => file.startsWith(SLOT)), [`${SLOT}.spent`]);
    assert.equal(left.filter((file) => file.startsWith(other)).length, 2, "another slot's stay");
    // What expires unanswered goes as a whole, too.
    assert.equal(await store.prune(COMMITTED.expires_at), 2);
    assert.deepEqual(await readdir(directory), []);
  }));

Deno.test("file store: one damaged record, or a file of somebody else's, does not keep prune() from the rest", () =>
  inDirectory(async (directory) => {
    const store = await FileNonceStore.open(directory);
    const damaged = "00".repeat(32);
    await writeFile(`${directory}/${damaged}.spent`, "");
    await writeFile(`${directory}/notes.committed`, "mine");
    await store.create(SLOT, COMMITTED);
    await assert.rejects(store.prune(COMMITTED.expires_at), AggregateError);
    assert.deepEqual((await readdir(directory)).sort(), [`${damaged}.spent`, "notes.committed"]);
  }));

Deno.test("file store: a record that cannot be read is an error without the record in it", () =>
  inDirectory(async (directory) => {
    const store = await FileNonceStore.open(directory);
    await writeFile(`${directory}/${SLOT}.committed`, '{"hiding_nonce":"1111", oops');
    for (const call of [() => store.read(SLOT), () => store.take(SLOT)]) {
      await assert.rejects(
        call,
        (error: Error) => error.message.includes("damaged") && !error.message.includes("1111"),
      );
    }
  }));

Deno.test("file store: a slot is never a path", () =>
  inDirectory(async (directory) => {
    const store = await FileNonceStore.open(directory);
    for (const slot of ["", "../x", "AB".repeat(32), `${SLOT}/..`]) {
      await assert.rejects(store.read(slot), TypeError);
      await assert.rejects(store.create(slot, COMMITTED), TypeError);
    }
  }));

Deno.test("file store: of several processes that take at once, one gets the nonces", () =>
  inDirectory(async (directory) => {
    const store = await FileNonceStore.open(directory);
    const slots = Array.from({ length: 30 }, (_, i) => i.toString(16).padStart(64, "0"));
    for (const slot of slots) await store.create(slot, COMMITTED);
    const program = `
      import { FileNonceStore } from ${
      JSON.stringify(import.meta.resolve("./file_nonce_store.ts"))
    };
      const store = await FileNonceStore.open(Deno.args[0]);
      await new Promise((done) => setTimeout(done, Number(Deno.args[1]) - Date.now()));
      let taken = 0;
      for (let i = 0; i < 30; i++) {
        if (await store.take(i.toString(16).padStart(64, "0"))) taken++;
      }
      console.log(taken);
    `;
    const file = `${directory}/take.ts`;
    await writeFile(file, program);
    // All wait for one moment, so that they meet; if they should not, the outcome is the same.
    const start = `${Date.now() + 1_500}`;
    const outputs = await Promise.all([1, 2, 3].map(() =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-config", "--allow-read", "--allow-write", file, directory, start],
      }).output()
    ));
    const counts = outputs.map(({ stdout, stderr }) => {
      const text = new TextDecoder().decode(stdout).trim();
      assert.match(text, /^\d+$/, new TextDecoder().decode(stderr));
      return Number(text);
    });
    assert.equal(counts.reduce((a, b) => a + b), slots.length, `${counts}`);
  }));
