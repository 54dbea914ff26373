import assert from "node:assert/strict";
import { ED25519_TORSION_SUBGROUP } from "@noble/curves/ed25519.js";
import { hexToBytes } from "@noble/curves/utils.js";
import { Random } from "../../../tests/support/random.ts";
import {
  simulateKey,
  simulateRoundOne,
  simulateShare,
} from "../../../tests/support/vectors/simulated_session.ts";
import { elementToHex, parseScalar, scalarToHex } from "./encoding.ts";
import { FrostError } from "./error.ts";
import { faultsAmong, faultsOfShares, type SubmittedShare } from "./several_shares.ts";
import { type Ciphersuite, CIPHERSUITES, type Element, type Suite, suiteOf } from "./suites.ts";
import { prepareVerification, verifyShare } from "./verification.ts";

/** Shares of a key of 3, by all of them or by two, for messages that the seed chooses. */
function sharesOf(ciphersuite: Ciphersuite, sessions: number, random: Random): SubmittedShare[] {
  const seed = random.hex(8);
  const key = simulateKey(ciphersuite, 2, 3, seed);
  return Array.from({ length: sessions }, (_, i) => {
    const roundOne = simulateRoundOne(key, 2 + random.below(2), random.hex(32), `${seed}:${i}`);
    const { signers, ...context } = prepareVerification(roundOne.inputs);
    return signers.map((signer, j) => ({
      context,
      signer,
      signatureShare: simulateShare(key, roundOne, roundOne.guardians[j]),
    }));
  }).flat();
}

/** What `verifyShare` says, one by one. */
function expected(shares: readonly SubmittedShare[]): (string | undefined)[] {
  return shares.map(({ context, signer, signatureShare }) => {
    try {
      return verifyShare(context, signer, signatureShare)
        ? undefined
        : "The signature share does not verify";
    } catch (error) {
      if (error instanceof FrostError) return error.message;
      throw error;
    }
  });
}

/** A scalar plus the group's order, where its encoding has room for that; else the order itself, or all ones. */
function aboveTheOrder({ Fn, scalarBytes }: Suite, z: bigint): string {
  const large = [z + Fn.ORDER, Fn.ORDER].find((n) => n < 1n << BigInt(8 * scalarBytes));
  const bytes = hexToBytes((large ?? 0n).toString(16).padStart(2 * scalarBytes, "0"));
  const hex = Array.from(Fn.isLE ? bytes.reverse() : bytes, (b) => b.toString(16).padStart(2, "0"));
  return large === undefined ? "ff".repeat(scalarBytes) : hex.join("");
}

/** Ways in which one share, or what it is checked with, may be another. */
const CHANGES: readonly ((
  suite: Suite,
  share: SubmittedShare,
  other: SubmittedShare,
) => Partial<SubmittedShare>)[] = [
  (suite, { signatureShare }) => ({
    signatureShare: scalarToHex(suite, suite.Fn.add(zOf(suite, signatureShare), 1n)),
  }),
  (suite, { signatureShare }) => ({
    signatureShare: scalarToHex(suite, suite.Fn.neg(zOf(suite, signatureShare))),
  }),
  (suite) => ({ signatureShare: scalarToHex(suite, 0n) }),
  (suite, { signatureShare }) => ({
    signatureShare: aboveTheOrder(suite, zOf(suite, signatureShare)),
  }),
  (suite) => ({ signatureShare: aboveTheOrder(suite, 0n) }),
  (suite) => ({ signatureShare: "ff".repeat(suite.scalarBytes) }),
  (_, { signatureShare }) => ({ signatureShare: signatureShare.slice(2) }),
  (_, { signatureShare }) => ({ signatureShare: signatureShare.toUpperCase() + "A" }),
  (_, _share, { signatureShare }) => ({ signatureShare }),
  (_, _share, { signer }) => ({ signer }),
  (_, _share, { context }) => ({ context }),
  (suite, { signer }) => ({
    signer: { ...signer, commitment_share: elementToHex(suite.Point.BASE) },
  }),
  (_, { signer }) => ({
    signer: { ...signer, commitment_share: signer.commitment_share.toUpperCase() + "00" },
  }),
  (suite, { signer }) => ({
    signer: { ...signer, verifying_share: elementToHex(suite.Point.BASE) },
  }),
];

const zOf = (suite: Suite, hex: string) => parseScalar(suite, hex, "share_invalid", "A share");

for (const ciphersuite of CIPHERSUITES) {
  const suite = suiteOf(ciphersuite);

  Deno.test(`${ciphersuite}: shares together get what verifyShare() says of each`, () => {
    const random = Random.printed(`${ciphersuite}, several shares`);
    const good = sharesOf(ciphersuite, 5, random);
    assert.deepEqual(faultsOfShares([]), []);
    assert.deepEqual(faultsOfShares(good), good.map(() => undefined));
    let refused = 0;
    for (let round = 0; round < (suite.cofactor === 4 ? 8 : 20) || refused <= 10; round++) {
      const some = Array.from({ length: 1 + random.below(12) }, () => random.pick(good));
      const probability = random.pick([0.1, 0.3, 1]);
      const shares = some.map((share) =>
        random.chance(probability)
          ? { ...share, ...random.pick(CHANGES)(suite, share, random.pick(good)) }
          : share
      );
      const faults = expected(shares);
      assert.deepEqual(faultsOfShares(shares), faults);
      refused += faults.filter((fault) => fault !== undefined).length;
    }
  });

  Deno.test(`${ciphersuite}: of many shares every bad one is found, and the first without the others`, () => {
    const random = Random.printed(`${ciphersuite}, bad shares`);
    const good = sharesOf(ciphersuite, suite.cofactor === 4 ? 6 : 12, random);
    for (const count of [1, 2, 5, good.length]) {
      const positions = random.shuffled(good.map((_, i) => i)).slice(0, count).sort((a, b) =>
        a - b
      );
      const shares = positions.reduce(
        (all, i) => all.with(i, { ...all[i], ...CHANGES[0](suite, all[i], all[i]) }),
        good,
      );
      const found = [...faultsAmong(shares)].map(({ position }) => position);
      assert.deepEqual(found, positions);
      const { value } = faultsAmong(shares, true).next();
      assert.deepEqual(value, { position: positions[0], fault: expected(shares)[positions[0]] });
    }
    // Where it is not true that one is bad, none is found.
    assert.deepEqual([...faultsAmong(good, true)], []);
  });
}

Deno.test("shares of all suites are checked in one call", () => {
  const random = Random.printed("several suites");
  const shares = CIPHERSUITES.flatMap((ciphersuite) => sharesOf(ciphersuite, 2, random));
  for (const { signatureShare } of shares.slice(0, 3)) {
    const changed = random.shuffled([...shares, { ...shares[6], signatureShare }]);
    assert.deepEqual(faultsOfShares(changed), expected(changed));
    assert.equal(faultsOfShares(changed).filter((fault) => fault !== undefined).length, 1);
  }
});

Deno.test("one commitment share outside the subgroup is found among those inside, whatever it is moved by", () => {
  const random = Random.printed("outside");
  const point = (suite: Suite, hex: string) => suite.Point.fromBytes(hexToBytes(hex));
  const ed25519 = suiteOf("FROST-ED25519-SHA512-v1");
  const ed448 = suiteOf("FROST-ED448-SHAKE256-v1");
  const small: [Suite, Element[]][] = [
    [ed25519, ED25519_TORSION_SUBGROUP.slice(1).map((hex) => point(ed25519, hex))],
    // (0, −1) of order 2
    [ed448, [point(ed448, "fe" + "ff".repeat(27) + "fe" + "ff".repeat(27) + "00")]],
  ];
  for (const [suite, moves] of small) {
    const good = sharesOf(suite.name, 2, random);
    for (const by of moves) {
      assert.ok(!by.is0() && by.clearCofactor().is0());
      for (const [i, { signer }] of good.entries()) {
        const moved = elementToHex(point(suite, signer.commitment_share).add(by));
        const changed = { ...good[i], signer: { ...signer, commitment_share: moved } };
        const shares = good.with(i, changed);
        assert.deepEqual(faultsOfShares(shares), expected(shares));
        assert.ok(faultsOfShares(shares)[i] !== undefined);
      }
    }
  }
});
