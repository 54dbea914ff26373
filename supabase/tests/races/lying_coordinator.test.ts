/**
 * One lie at a time is `client/guardian/guardian.test.ts`. Here a coordinator tells several, to several devices, in
 * any order and at once, and it does not matter.
 */
import assert from "node:assert/strict";
import { dealKey } from "../../../client/guardian/dealer.ts";
import { GuardianError } from "../../../client/errors.ts";
import { MemoryNonceStore } from "../../../client/guardian/stores/memory_nonce_store.ts";
import type { SigningPackage } from "../../../client/guardian/signing_session.ts";
import { SimulatedCoordinator } from "../support/simulated_coordinator.ts";
import {
  aggregate,
  prepareVerification,
  verifySignature,
} from "../../functions/_shared/frost/verification.ts";
import { answersOf, quorumOf, sessionOf } from "../support/simulated_quorums.ts";
import { Random } from "../support/random.ts";

const NAMES = ["ada", "bob", "cyd", "dan"];
const KEY = dealKey({ familyId: "family", threshold: 2, participants: NAMES });
const OTHER = dealKey({ familyId: "family", threshold: 2, participants: NAMES });

Deno.test("whatever is asked in whatever order, a device answers once for a nonce, and for what was approved", async () => {
  const random = Random.printed("a lying coordinator");
  let answered = 0;
  let refusals = 0;
  for (let round = 0; round < 12; round++) {
    const message = random.hex(32);
    const coordinator = new SimulatedCoordinator(KEY, message);
    const stores = NAMES.map(() => new MemoryNonceStore());
    const device = (index: number) => coordinator.guardian(index, { store: stores[index] });
    for (const index of NAMES.keys()) await device(index).commit(coordinator.session);
    const all = coordinator.package();
    const asked = Array.from({ length: 24 }, () => {
      const index = random.below(NAMES.length);
      return { index, signingPackage: lie(random, packageOf(all, index, random)) };
    });
    // Each time as after a restart of the device, several at once.
    const answers: { readonly index: number; readonly signingPackage: SigningPackage }[] = [];
    while (asked.length > 0) {
      const batch = asked.splice(0, 1 + random.below(4));
      await Promise.all(batch.map(async ({ index, signingPackage }) => {
        try {
          await device(index).sign(signingPackage);
          answers.push({ index, signingPackage });
        } catch (error) {
          assert.ok(error instanceof GuardianError, String(error));
          refusals++;
        }
      }));
    }
    for (const [index, name] of NAMES.entries()) {
      const shares = coordinator.distinct(name, "share");
      assert.ok(shares.length <= 1, `${name} answered ${shares.length} times for one nonce`);
      const packages = answers.filter((answer) => answer.index === index)
        .map(({ signingPackage }) => signingPackage);
      // What it answered is one package, however often it was asked for it, and an honest one for itself.
      assert.ok(new Set(packages.map((answer) => JSON.stringify(answer))).size <= 1);
      for (const answer of packages) {
        assert.equal(answer.message, message);
        assert.equal(answer.commitments[name], all.commitments[name]);
        assert.equal(answer.key_package.group_public_key, KEY.registration.groupPublicKey);
      }
      answered += shares.length;
    }
    assertNoForgery(coordinator, all, random.hex(32));
  }
  console.log(`${answered} shares, ${refusals} refusals`);
  assert.ok(answered > 12 && refusals > 100);
});

Deno.test("whatever quorums are offered, each pooled pair answers one package of one approved session", async () => {
  const random = Random.printed("a coordinator that lies of quorums");
  const messages = [random.hex(32), random.hex(32)];
  const sessions = messages.map((message, i) =>
    sessionOf(KEY, message, { session_id: `s${i}`, participants: NAMES.slice(0, 3) })
  );
  const store = new MemoryNonceStore();
  const ada = () => answersOf(KEY, 0, store);
  for (const session of sessions) await ada().approve(session);
  const pools: string[][] = [];
  for (const index of NAMES.keys()) {
    const answers = index === 0 ? ada() : answersOf(KEY, index);
    pools.push([await answers.draw(), await answers.draw(), await answers.draw()]);
  }
  const answered = new Map<string, Set<string>>();
  for (let round = 0; round < 60; round++) {
    const offered = Array.from({ length: 3 }, () => {
      const other = 1 + random.below(NAMES.length - 1);
      const commitments = { ada: random.pick(pools[0]), [NAMES[other]]: random.pick(pools[other]) };
      return lie(random, quorumOf(KEY, random.pick(sessions), commitments));
    });
    await Promise.all(offered.map(async (quorum) => {
      try {
        const share = await ada().shareOf(quorum);
        assert.equal(quorum.message, messages[Number(quorum.session_id.slice(1))]);
        assert.ok(quorum.signers.every((signer) => NAMES.slice(0, 3).includes(signer)));
        const own = quorum.commitments.ada;
        answered.set(own, (answered.get(own) ?? new Set()).add(share));
      } catch (error) {
        assert.ok(error instanceof GuardianError, String(error));
      }
    }));
  }
  assert.ok(answered.size > 0);
  for (const shares of answered.values()) assert.equal(shares.size, 1);
});

/** A package that is good in itself, for a guardian and another one. */
function packageOf(all: SigningPackage, index: number, random: Random): SigningPackage {
  const others = NAMES.filter((_, i) => i !== index);
  const signers = [NAMES[index], random.pick(others)]
    .sort((a, b) => NAMES.indexOf(a) - NAMES.indexOf(b));
  const commitments = Object.fromEntries(signers.map((name) => [name, all.commitments[name]]));
  return { ...all, signers, commitments };
}

/** The package, or one that says something else about somebody. */
function lie(random: Random, truth: SigningPackage): SigningPackage {
  const [first, second] = truth.signers;
  const { [first]: a, [second]: b } = truth.commitments;
  const { registration } = OTHER;
  const lies: Partial<SigningPackage>[] = [
    {},
    {},
    {},
    { message: random.hex(32) },
    { commitments: { [first]: b, [second]: a } },
    { commitments: { [first]: a, [second]: a } },
    { commitments: { [first]: a.slice(66) + a.slice(0, 66), [second]: b } },
    { threshold: 1, signers: [first], commitments: { [first]: a } },
    { signers: [second, first] },
    { session_id: "another session" },
    {
      key_package: {
        ...truth.key_package,
        group_public_key: registration.groupPublicKey,
        verifying_shares: NAMES.map((name) => registration.verifyingShares[name]),
      },
    },
  ];
  return { ...truth, ...random.pick(lies) };
}

/** Of no two shares that were released can a signature for another message be made. */
function assertNoForgery(
  coordinator: SimulatedCoordinator,
  all: SigningPackage,
  message: string,
): void {
  const { ciphersuite, groupPublicKey } = KEY.registration;
  for (const [i, first] of NAMES.entries()) {
    for (const second of NAMES.slice(i + 1)) {
      const shares = [first, second].flatMap((name) => coordinator.distinct(name, "share"));
      if (shares.length < 2) continue;
      const keyPackage = { ...all.key_package, ciphersuite };
      const signers = [first, second];
      const check = prepareVerification({ ...all, keyPackage, signers, message });
      const signature = aggregate(check, { [first]: shares[0], [second]: shares[1] });
      assert.equal(verifySignature(ciphersuite, groupPublicKey, message, signature), false);
    }
  }
}
