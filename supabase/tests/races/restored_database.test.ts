/**
 * The database is put back to yesterday's copy: it has forgotten commitments and shares that were accepted
 * since, and its ledger with them. What the server cannot know any more, the guardians' devices must.
 */
import assert from "node:assert/strict";
import postgres from "postgres";
import { dealKey } from "../../../client/guardian/dealer.ts";
import { GuardianError } from "../../../client/errors.ts";
import { FileNonceStore } from "../../../client/guardian/stores/file_nonce_store.ts";
import { Guardian } from "../../../client/guardian/guardian.ts";
import type { NonceStore } from "../../../client/guardian/stores/nonce_store.ts";
import {
  parseSigningPackage,
  parseSigningSession,
} from "../../../client/guardian/signing_session.ts";
import { prepareVerification, verifyShare } from "../../functions/_shared/frost/verification.ts";
import { privateCluster } from "../support/harness.ts";
import { asMember, asService, type Call, make, type Outcome } from "../support/calls.ts";
import { assertLegal } from "../support/legality.ts";
import { Random } from "../support/random.ts";

const NAMES = ["ada", "bob", "cyd"];
const KEY = dealKey({ familyId: "family", threshold: 2, participants: NAMES });

/** One copy of the database, and what guardians' devices say to it and hear from it. */
class Coordinator {
  constructor(readonly sql: postgres.Sql) {}

  async ask(call: Call | Promise<Call>): Promise<Outcome["answer"]> {
    const { code, answer } = await make(this.sql, await call);
    assert.equal(code, "ok", JSON.stringify(answer));
    return answer;
  }

  async session(random: Random): Promise<string> {
    const { session_id } = await this.ask(asMember("family", "ada", "create_signing_session", {
      p_family_id: "family",
      p_message_hash: random.hex(32),
      p_participants: NAMES,
      p_threshold: 2,
    }));
    return String(session_id);
  }

  async sessionFor(guardian: string, id: string) {
    const call = asMember("family", guardian, "get_signing_session", { p_session_id: id });
    return parseSigningSession(await this.ask(call));
  }

  async packageFor(guardian: string, id: string) {
    const call = asMember("family", guardian, "get_signing_package", { p_session_id: id });
    return parseSigningPackage(await this.ask(call));
  }

  /** As the function does, of which the order of its steps is no part here: a share is verified first. */
  async takeShare(guardian: string, id: string, signatureShare: string): Promise<Outcome> {
    const { key_package, ...rest } = await this.packageFor(guardian, id);
    const { ciphersuite } = KEY.registration;
    const check = prepareVerification({ ...rest, keyPackage: { ...key_package, ciphersuite } });
    const signer = check.signers.find(({ participant }) => participant === guardian);
    assert.ok(signer && verifyShare(check, signer, signatureShare));
    return await make(
      this.sql,
      asService("record_signature_share", {
        p_session_id: id,
        p_participant_id: guardian,
        p_signature_share: signatureShare,
      }),
    );
  }
}

/** A guardian's device: it has one store, and talks to the coordinator there is. */
class Device {
  /** Every share that ever left, by session. */
  readonly released = new Map<string, Set<string>>();

  constructor(readonly name: string, readonly store: NonceStore) {}

  /** As it is after a restart. */
  #guardian(coordinator: Coordinator): Guardian<Outcome, Outcome> {
    return new Guardian({
      keyShare: KEY.keyShares[NAMES.indexOf(this.name)],
      store: this.store,
      transport: {
        submitNonceCommitment: (id, hex) =>
          make(
            coordinator.sql,
            asService("record_nonce_commitment", {
              p_session_id: id,
              p_participant_id: this.name,
              p_nonce_commitment: hex,
            }),
          ),
        submitSignatureShare: (id, hex) => {
          this.released.set(id, (this.released.get(id) ?? new Set()).add(hex));
          return coordinator.takeShare(this.name, id, hex);
        },
      },
    });
  }

  async commit(coordinator: Coordinator, id: string): Promise<string> {
    const session = await coordinator.sessionFor(this.name, id);
    return (await this.#guardian(coordinator).commit(session)).answer.code;
  }

  async sign(coordinator: Coordinator, id: string): Promise<string> {
    const signingPackage = await coordinator.packageFor(this.name, id);
    return (await this.#guardian(coordinator).sign(signingPackage)).answer.code;
  }
}

const isSpent = (error: unknown) => error instanceof GuardianError && error.code === "nonces_spent";

Deno.test("after a restore no device answers twice for one nonce, and the family can sign", async () => {
  const random = Random.printed("a restored database");
  const directory = await Deno.makeTempDir();
  await using server = await privateCluster();
  const { cluster, database } = server;
  const today = new Coordinator(postgres(cluster.url("test"), { onnotice: () => {} }));
  const yesterday = new Coordinator(postgres(cluster.url("yesterday"), { onnotice: () => {} }));
  try {
    const { registration } = KEY;
    await make(
      database.sql,
      asService("register_key_package", {
        p_family_id: "family",
        p_ciphersuite: registration.ciphersuite,
        p_threshold: 2,
        p_participants: NAMES,
        p_group_public_key: registration.groupPublicKey,
        p_verifying_shares: NAMES.map((name) => registration.verifyingShares[name]),
      }),
    );
    const stores = await Promise.all(
      NAMES.map((name) => FileNonceStore.open(`${directory}/${name}`)),
    );
    const [ada, bob, cyd] = NAMES.map((name, i) => new Device(name, stores[i]));
    const live = new Coordinator(database.sql);
    const [untouched, begun, signing, split, race] = [
      await live.session(random),
      await live.session(random),
      await live.session(random),
      await live.session(random),
      await live.session(random),
    ];
    await ada.commit(live, begun);
    for (const device of [ada, bob]) await device.commit(live, signing);

    // Nobody may be connected to what is copied.
    await database.sql.end();
    await cluster.createDatabase("yesterday", { template: "test" });
    // A copy that is found out is a matter of incarnations.test.ts; this one passes for the database it was.
    await yesterday.sql`select permafrost.accept_incarnation()`;

    // The day that will be forgotten.
    for (const device of [ada, bob]) await device.commit(today, untouched);
    await bob.commit(today, begun);
    for (const id of [untouched, begun]) {
      for (const device of [ada, bob]) assert.equal(await device.sign(today, id), "ok");
    }
    assert.equal(await ada.sign(today, signing), "ok");
    for (const id of [split, race]) {
      for (const device of [ada, bob]) assert.equal(await device.commit(today, id), "ok");
    }

    // Nothing of it is known here. Who has signed does not even commit again.
    await assert.rejects(ada.commit(yesterday, untouched), isSpent);
    // Ada's commitment stands, and other company for it can be found; her nonces are gone.
    assert.equal(await cyd.commit(yesterday, begun), "ok");
    assert.deepEqual((await yesterday.packageFor("ada", begun)).signers, ["ada", "cyd"]);
    await assert.rejects(ada.sign(yesterday, begun), isSpent);
    // The very same package gets the very same share, and can be finished.
    for (const device of [ada, bob]) assert.equal(await device.sign(yesterday, signing), "ok");
    // A commitment that has answered nothing yet is the same one here, and answers in one world.
    assert.equal(await ada.commit(yesterday, split), "ok");
    assert.equal(await cyd.commit(yesterday, split), "ok");
    assert.equal(await ada.sign(yesterday, split), "ok");
    await assert.rejects(ada.sign(today, split), isSpent);
    // Both worlds at once: one of them.
    assert.equal(await ada.commit(yesterday, race), "ok");
    assert.equal(await cyd.commit(yesterday, race), "ok");
    const both = await Promise.allSettled([ada.sign(yesterday, race), ada.sign(today, race)]);
    const refused = both.filter((result) => result.status === "rejected");
    assert.ok(refused.length === 1 && isSpent(refused[0].reason));

    // What is new is signed as ever.
    const fresh = await yesterday.session(random);
    for (const device of [ada, bob]) assert.equal(await device.commit(yesterday, fresh), "ok");
    for (const device of [ada, bob]) assert.equal(await device.sign(yesterday, fresh), "ok");
    for (const { released } of [ada, bob, cyd]) {
      for (const shares of released.values()) assert.equal(shares.size, 1);
    }
    assert.deepEqual([...ada.released.keys()].length, 6);
    for (const { sql } of [today, yesterday]) await assertLegal(sql);
  } finally {
    await Promise.all([today.sql.end(), yesterday.sql.end()]);
    await Deno.remove(directory, { recursive: true });
  }
});
