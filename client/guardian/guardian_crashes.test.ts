import assert from "node:assert/strict";
import { dealKey } from "./dealer.ts";
import { GuardianError } from "../errors.ts";
import type { GuardianTransport } from "./guardian_transport.ts";
import { MemoryNonceStore } from "./stores/memory_nonce_store.ts";
import type { NonceStore } from "./stores/nonce_store.ts";
import type { SigningPackage } from "./signing_session.ts";
import { SimulatedCoordinator } from "../../supabase/tests/support/simulated_coordinator.ts";
import { answersOf, quorumOf, sessionOf } from "../../supabase/tests/support/simulated_quorums.ts";

const KEY = dealKey({ familyId: "family", threshold: 2, participants: ["ada", "bob", "cyd"] });
const MESSAGE = "5a".repeat(32);

class Crash extends Error {}

/** Lets a number of steps pass and fails the one after them; from then on the process is down. */
class Steps {
  readonly passed: string[] = [];
  #left: number;

  constructor(left: number) {
    this.#left = left;
  }

  pass(step: string): void {
    if (this.#left-- <= 0) throw new Crash(step);
    this.passed.push(step);
  }

  async around<T>(step: string, work: () => Promise<T>): Promise<T> {
    this.pass(`before ${step}`);
    const result = await work();
    this.pass(`after ${step}`);
    return result;
  }

  store(store: NonceStore): NonceStore {
    return {
      read: (slot) => this.around("read", () => store.read(slot)),
      create: (slot, record) => this.around("create", () => store.create(slot, record)),
      take: (slot) => this.around("take", () => store.take(slot)),
      release: (slot, record) => this.around("release", () => store.release(slot, record)),
      pairs: (owner) => this.around("pairs", () => store.pairs(owner)),
      prune: (now) => this.around("prune", () => store.prune(now)),
    };
  }

  transport(transport: GuardianTransport): GuardianTransport {
    return {
      submitNonceCommitment: (id, hex, who) =>
        this.around("publish", () => transport.submitNonceCommitment(id, hex, who)),
      submitSignatureShare: (id, hex, who) =>
        this.around("publish", () => transport.submitSignatureShare(id, hex, who)),
    };
  }
}

/** The same session with another commitment of bob's: under it, ada's nonces would make another share. */
function otherPackage(coordinator: SimulatedCoordinator, other: string): SigningPackage {
  const signingPackage = coordinator.package();
  return { ...signingPackage, commitments: { ...signingPackage.commitments, bob: other } };
}

async function coordinatorWithBob() {
  const coordinator = new SimulatedCoordinator(KEY, MESSAGE);
  await coordinator.guardian(1).commit(coordinator.session);
  const [bob] = coordinator.distinct("bob", "commitment");
  return { coordinator, other: bob.slice(66) + bob.slice(0, 66) };
}

/** Everything ada does from her start on, with retries of each call by the app. */
async function run(
  coordinator: SimulatedCoordinator,
  store: NonceStore,
  packages: () => SigningPackage[],
  steps: Steps,
): Promise<void> {
  const ada = coordinator.guardian(0, {
    store: steps.store(store),
    transport: steps.transport(coordinator.transport("ada")),
  });
  for (
    const call of [
      () => ada.commit(coordinator.session),
      ...[0, 1].map((i) => () => ada.sign(packages()[i])),
    ]
  ) {
    try {
      await call();
    } catch (error) {
      if (!(error instanceof GuardianError)) throw error;
    }
  }
}

Deno.test("a crash between any two steps never makes two shares of one pair of nonces", async () => {
  const outcomes = new Set<string>();
  let crashes = 0;
  for (let left = 0, crashed = true; crashed; left++) {
    const { coordinator, other } = await coordinatorWithBob();
    const store = new MemoryNonceStore();
    const steps = new Steps(left);
    crashed = false;
    try {
      await run(coordinator, store, () => [coordinator.package(), coordinator.package()], steps);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      crashed = true;
      crashes++;
    }
    // Started again over the same store, before a coordinator that tries another package first.
    const both = () => [otherPackage(coordinator, other), coordinator.package()];
    await run(coordinator, store, both, new Steps(Infinity));
    assert.equal(coordinator.distinct("ada", "commitment").length, 1, `${steps.passed}`);
    const shares = coordinator.distinct("ada", "share");
    assert.ok(shares.length <= 1, `${steps.passed}`);
    outcomes.add(`${crashed ? steps.passed.at(-1) : "no crash"}: ${shares.length}`);
  }
  assert.ok(crashes >= 14, `${crashes}`);
  // What a crash costs is as documented: the session, if it falls between taking and keeping.
  assert.ok(outcomes.has("before take: 0"), `${[...outcomes]}`);
  assert.ok(outcomes.has("after release: 1"), `${[...outcomes]}`);
});

Deno.test("a share whose answer was lost is published again, and no other is made", async () => {
  const { coordinator, other } = await coordinatorWithBob();
  const store = new MemoryNonceStore();
  const ada = coordinator.guardian(0, { store });
  await ada.commit(coordinator.session);
  const first = await ada.sign(coordinator.package());
  for (const guardian of [ada, coordinator.guardian(0, { store })]) {
    const again = await guardian.sign(coordinator.package());
    assert.equal(again.signatureShare, first.signatureShare);
    await assert.rejects(
      guardian.sign(otherPackage(coordinator, other)),
      (error: unknown) => error instanceof GuardianError && error.code === "nonces_spent",
    );
    await assert.rejects(
      guardian.commit(coordinator.session),
      (error: unknown) => error instanceof GuardianError && error.code === "nonces_spent",
    );
  }
});

Deno.test("of two calls of sign() at once, for two packages, one releases a share", async () => {
  for (let round = 0; round < 10; round++) {
    const { coordinator, other } = await coordinatorWithBob();
    const store = new MemoryNonceStore();
    const guardians = [coordinator.guardian(0, { store }), coordinator.guardian(0, { store })];
    await guardians[0].commit(coordinator.session);
    const results = await Promise.allSettled([
      guardians[0].sign(coordinator.package()),
      guardians[round % 2].sign(otherPackage(coordinator, other)),
    ]);
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
    assert.equal(coordinator.distinct("ada", "share").length, 1);
  }
});

/** A store with a back door: what a backup, a snapshot or a synchronised folder is. */
class RestoredStore extends MemoryNonceStore {
  #backup?: () => Promise<unknown>;

  override async take(slot: string) {
    const record = await super.take(slot);
    if (record) this.#backup = () => super.create(slot, record);
    return record;
  }

  async restore(): Promise<void> {
    await this.prune(Infinity);
    await this.#backup?.();
  }
}

Deno.test("a store that is put back under a running guardian does not make it answer twice", async () => {
  const { coordinator, other } = await coordinatorWithBob();
  const store = new RestoredStore();
  const ada = coordinator.guardian(0, { store });
  await ada.commit(coordinator.session);
  await ada.sign(coordinator.package());
  // An app may make a guardian anew for each request.
  for (const guardian of [ada, coordinator.guardian(0, { store })]) {
    await store.restore();
    await assert.rejects(
      guardian.sign(otherPackage(coordinator, other)),
      (error: unknown) => error instanceof GuardianError && error.code === "nonces_spent",
    );
  }
  assert.equal(coordinator.distinct("ada", "share").length, 1);
});

Deno.test("a store that is put back before a restart is harmless once its sessions have expired", async () => {
  const { coordinator, other } = await coordinatorWithBob();
  const store = new RestoredStore();
  const ada = coordinator.guardian(0, { store });
  await ada.commit(coordinator.session);
  await ada.sign(coordinator.package());
  await store.restore();
  // Nothing on this device can tell before that. The coordinator's ledger can; see NonceStore.
  const later = coordinator.guardian(0, { store, now: () => coordinator.session.expires_at });
  await assert.rejects(
    later.sign(otherPackage(coordinator, other)),
    (error: unknown) => error instanceof GuardianError && error.code === "session_expired",
  );
  assert.equal(coordinator.distinct("ada", "share").length, 1);
});

Deno.test("nonces are kept for a week at most, however long the coordinator says", async () => {
  const coordinator = new SimulatedCoordinator(KEY, MESSAGE, { expires_at: 1e15 });
  const store = new MemoryNonceStore();
  let now = 1_800_000_000_000;
  const ada = coordinator.guardian(0, { store, now: () => now });
  await ada.commit(coordinator.session);
  await coordinator.guardian(1).commit(coordinator.session);
  now += 604_800_000 - 1;
  assert.equal(await ada.prune(), 0);
  now += 1;
  await assert.rejects(
    ada.sign(coordinator.package()),
    (error: unknown) => error instanceof GuardianError && error.code === "session_expired",
  );
  assert.equal(await ada.prune(), 1);
});

Deno.test("a crash between any two steps of a quorum never makes two shares of one pooled pair", async () => {
  const session = sessionOf(KEY, MESSAGE);
  const [bob, other] = [await answersOf(KEY, 1).draw(), await answersOf(KEY, 1).draw()];
  const outcomes = new Set<string>();
  for (let left = 0, crashed = true; crashed; left++) {
    const store = new MemoryNonceStore();
    const own = await answersOf(KEY, 0, store).draw();
    const shares = new Set<string>();
    const steps = new Steps(left);
    const answer = async (through: NonceStore, quorums: SigningPackage[]) => {
      const ada = answersOf(KEY, 0, through);
      await ada.approve(session);
      for (const quorum of quorums) {
        try {
          shares.add(await ada.shareOf(quorum));
        } catch (error) {
          if (!(error instanceof GuardianError)) throw error;
        }
      }
    };
    const [asked, bad] = [bob, other].map((hex) => quorumOf(KEY, session, { ada: own, bob: hex }));
    crashed = false;
    try {
      await answer(steps.store(store), [asked, asked]);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      crashed = true;
    }
    await answer(store, [bad, asked]);
    assert.ok(shares.size <= 1, `${steps.passed}`);
    outcomes.add(`${crashed ? steps.passed.at(-1) : "no crash"}: ${shares.size}`);
  }
  assert.ok(outcomes.has("before take: 0"), `${[...outcomes]}`);
  assert.ok(outcomes.has("after take: 0"), `${[...outcomes]}`);
  assert.ok(outcomes.has("after release: 1"), `${[...outcomes]}`);
});

Deno.test("a device that is put back to before it recorded an answer does not answer another quorum", async () => {
  const session = sessionOf(KEY, MESSAGE);
  const store = new RestoredStore();
  const ada = answersOf(KEY, 0, store);
  await ada.approve(session);
  const own = await ada.draw();
  const bobs = [await answersOf(KEY, 1).draw(), await answersOf(KEY, 1).draw()];
  const [first, second] = bobs.map((bob) => quorumOf(KEY, session, { ada: own, bob }));
  await ada.shareOf(first);
  await store.restore();
  await ada.approve(session);
  for (const guardian of [ada, answersOf(KEY, 0, store)]) {
    for (const quorum of [second, first]) {
      await assert.rejects(
        guardian.shareOf(quorum),
        (error: unknown) => error instanceof GuardianError && error.code === "nonces_spent",
      );
    }
  }
});
