import assert from "node:assert/strict";
import type { FrostPublic } from "@noble/curves/abstract/frost.js";
import { printedSeed, seededBytes } from "../../../tests/support/vectors/simulated_session.ts";
import { elementToHex } from "../frost/encoding.ts";
import { FrostError } from "../frost/error.ts";
import { isNegated } from "../frost/group_commitment.ts";
import { verifyKeyPackage } from "../frost/key_package.ts";
import {
  CIPHERSUITES,
  type Element,
  type Suite,
  suiteOf,
  TAPROOT_CIPHERSUITE,
} from "../frost/suites.ts";
import { deal, verifyDealing, verifyShare } from "./dealing.ts";
import {
  groupPublicKey,
  type PublicKeys,
  sumCommitments,
  tweakAfterDkg,
  tweakShareAfterDkg,
  verifyingShares,
} from "./group_key.ts";
import { expectedConstantTerm, lagrange, type ReshareDealer, verifyReshare } from "./resharing.ts";

type Bytes = ReturnType<typeof seededBytes>;

/** A key with all its shares, in one place as only a test has it. */
interface Key {
  readonly threshold: number;
  readonly keys: PublicKeys;
  readonly shares: readonly bigint[];
}

const scalars = (suite: Suite, count: number, random: Bytes) =>
  Array.from({ length: count }, () => suite.Fn.fromBytes(suite.frost.utils.randomScalar(random)));

/** What every guardian does at the end: sum what was dealt to it, each part checked. */
function sumShares(
  suite: Suite,
  dealt: readonly { readonly shares: readonly bigint[]; readonly points: readonly Element[] }[],
  count: number,
): bigint[] {
  return Array.from({ length: count }, (_, j) =>
    dealt.reduce((sum, { shares, points }) => {
      assert.ok(verifyShare(suite, points, j + 1, shares[j]));
      return suite.Fn.add(sum, shares[j]);
    }, 0n));
}

function generate(suite: Suite, threshold: number, count: number, random: Bytes): Key {
  const dealt = Array.from({ length: count }, (_, i) => {
    const [nonce, ...coefficients] = scalars(suite, threshold + 1, random);
    const dealing = deal(suite, i + 1, coefficients, nonce, count);
    return {
      shares: dealing.shares,
      points: verifyDealing(suite, i + 1, threshold, dealing, "It"),
    };
  });
  const commitment = sumCommitments(suite, dealt.map(({ points }) => points));
  const keys = { commitment, verifyingShares: verifyingShares(commitment, count) };
  const shares = sumShares(suite, dealt, count)
    .map((share) => tweakShareAfterDkg(suite, groupPublicKey(commitment), share));
  return { threshold, keys: tweakAfterDkg(suite, keys), shares };
}

function dealersOf(
  suite: Suite,
  old: Key,
  identifiers: readonly number[],
  threshold: number,
  count: number,
  random: Bytes,
) {
  return identifiers.map((identifier) => {
    const constant = suite.Fn.mul(
      lagrange(suite, identifiers, identifier),
      old.shares[identifier - 1],
    );
    const [nonce, ...others] = scalars(suite, threshold, random);
    const dealing = deal(suite, identifier, [constant, ...others], nonce, count);
    const points = verifyDealing(suite, identifier, threshold, dealing, "It");
    const dealer: ReshareDealer = {
      identifier,
      verifyingShare: old.keys.verifyingShares[identifier - 1],
      commitment: points,
    };
    return { shares: dealing.shares, points, dealer };
  });
}

function reshare(suite: Suite, old: Key, threshold: number, count: number, random: Bytes): Key {
  const identifiers = chosen(old.shares.length, old.threshold, random);
  const dealt = dealersOf(suite, old, identifiers, threshold, count, random);
  const oldKey = groupPublicKey(old.keys.commitment);
  const commitment = verifyReshare(suite, dealt.map(({ dealer }) => dealer), oldKey);
  return {
    threshold,
    keys: { commitment, verifyingShares: verifyingShares(commitment, count) },
    shares: sumShares(suite, dealt, count),
  };
}

/** Some of the identifiers 1 to `count`, in ascending order. */
function chosen(count: number, some: number, random: Bytes): number[] {
  return Array.from({ length: count }, (_, i) => ({ identifier: i + 1, lot: random(1)[0] }))
    .sort((a, b) => a.lot - b.lot).slice(0, some).map(({ identifier }) => identifier)
    .sort((a, b) => a - b);
}

/** Whether noble's FROST makes a signature under the key with these shares. */
function signs(
  suite: Suite,
  { keys, threshold }: Key,
  held: ReadonlyMap<number, bigint>,
  random: Bytes,
) {
  const { frost, Fn } = suite;
  const id = (identifier: number) => frost.Identifier.fromNumber(identifier);
  const pub: FrostPublic = {
    signers: { min: threshold, max: keys.verifyingShares.length },
    commitments: keys.commitment.map((point) => Uint8Array.from(point.toBytes())),
    verifyingShares: Object.fromEntries(
      keys.verifyingShares.map((point, i) => [id(i + 1), Uint8Array.from(point.toBytes())]),
    ),
  };
  const message = random(32);
  const signers = [...held].map(([identifier, share]) => {
    const secret = { identifier: id(identifier), signingShare: Fn.toBytes(share) };
    return { secret, drawn: frost.commit(secret, random) };
  });
  const list = signers.map(({ drawn }) => drawn.commitments);
  const shares = Object.fromEntries(signers.map(({ secret, drawn }) => [
    secret.identifier,
    frost.signShare(secret, pub, drawn.nonces, list, message),
  ]));
  try {
    const key = groupPublicKey(keys.commitment).toBytes();
    const signature = frost.aggregate(pub, list, message, shares);
    return frost.verify(signature, message, suite.evenY ? key.subarray(1) : key);
  } catch (error) {
    assert.match(String(error), /aggregation failed/);
    return false;
  }
}

function refuse(act: () => unknown, message: RegExp, code = "ceremony_message_invalid") {
  assert.throws(
    act,
    (error) => error instanceof FrostError && error.code === code && message.test(error.message),
    String(message),
  );
}

const CHAINS: readonly (readonly (readonly [threshold: number, count: number])[])[] = [
  [[2, 2], [2, 3], [2, 2], [2, 3]],
  [[3, 5], [4, 7]],
];

for (const ciphersuite of CIPHERSUITES) {
  const suite = suiteOf(ciphersuite);

  for (const chain of CHAINS) {
    const name = chain.map((key) => key.join("/")).join(" → ");
    Deno.test(`${ciphersuite}: ${name} keeps the key, new shares sign, mixed ones do not`, () => {
      const random = seededBytes(printedSeed(ciphersuite));
      const [first, ...rest] = chain;
      let key = generate(suite, ...first, random);
      const groupKey = elementToHex(groupPublicKey(key.keys.commitment));
      for (const [threshold, count] of [first, ...rest].slice(1)) {
        const old = key;
        key = reshare(suite, old, threshold, count, random);
        assert.equal(elementToHex(groupPublicKey(key.keys.commitment)), groupKey);
        for (const [i, share] of key.shares.entries()) {
          assert.ok(suite.Point.BASE.multiply(share).equals(key.keys.verifyingShares[i]));
        }
        verifyKeyPackage({
          ciphersuite,
          threshold,
          participants: key.shares.map((_, i) => `guardian${i + 1}`),
          groupPublicKey: groupKey,
          verifyingShares: key.keys.verifyingShares.map(elementToHex),
          vssCommitment: key.keys.commitment.map(elementToHex),
        });
        const signers = chosen(count, threshold, random);
        const held = new Map(signers.map((i) => [i, key.shares[i - 1]]));
        assert.ok(signs(suite, key, held, random), "the new shares");
        // One signer comes with its share of the old key; 1 and 2 are in every key here.
        const mixed = new Map(Array.from({ length: threshold }, (_, i) => [i + 1, key.shares[i]]));
        assert.ok(signs(suite, key, mixed, random), "the first new shares");
        mixed.set(1, old.shares[0]);
        assert.ok(!signs(suite, key, mixed, random), "one old share among the new");
        assert.ok(!signs(suite, old, mixed, random), "under the old package neither");
      }
    });
  }

  Deno.test(`${ciphersuite}: who deals something else than its share of the key is named`, () => {
    const random = seededBytes(printedSeed(ciphersuite));
    const old = generate(suite, 2, 3, random);
    const oldKey = groupPublicKey(old.keys.commitment);
    const [one, three] = dealersOf(suite, old, [1, 3], 2, 3, random).map(({ dealer }) => dealer);
    verifyReshare(suite, [one, three], oldKey);
    verifyReshare(suite, [three, one], oldKey);
    // λ is over exactly the dealers: a dealing for another set does not fit.
    const [, two] = dealersOf(suite, old, [1, 2], 2, 3, random).map(({ dealer }) => dealer);
    refuse(() => verifyReshare(suite, [one, two], oldKey), /Dealer 1 must deal its own share/);
    const raw = deal(suite, 3, [old.shares[2], 5n], 7n, 3);
    const commitment = verifyDealing(suite, 3, 2, raw, "It");
    refuse(
      () => verifyReshare(suite, [one, { ...three, commitment }], oldKey),
      /Dealer 3 must deal its own share/,
    );
    const negated = three.commitment.map((point) => point.negate());
    refuse(
      () => verifyReshare(suite, [one, { ...three, commitment: negated }], oldKey),
      /Dealer 3 must deal its own share/,
    );
    const longer = { ...three, commitment: [...three.commitment, suite.Point.BASE] };
    refuse(() => verifyReshare(suite, [one, longer], oldKey), /same length/);
    refuse(
      () => verifyReshare(suite, [one, three], oldKey.add(suite.Point.BASE)),
      /add up to the old group public key/,
    );
    // Fewer dealers than the threshold, each with its share over these few.
    const [alone] = dealersOf(suite, old, [1], 2, 3, random).map(({ dealer }) => dealer);
    refuse(() => verifyReshare(suite, [alone], oldKey), /add up to the old group public key/);
  });

  Deno.test(`${ciphersuite}: coefficients at zero are those of the interpolation`, () => {
    const { Fn, Point } = suite;
    // Over 2 and 5: λ_2 = 5/3, λ_5 = −2/3.
    assert.equal(Fn.mul(3n, lagrange(suite, [2, 5], 2)), 5n);
    assert.equal(Fn.mul(3n, lagrange(suite, [5, 2], 5)), Fn.neg(2n));
    assert.equal(lagrange(suite, [9], 9), 1n);
    const point = Point.BASE.multiply(11n);
    assert.ok(
      expectedConstantTerm(suite, [2, 5], 2, point)
        .equals(point.multiply(lagrange(suite, [2, 5], 2))),
    );
    for (
      const [identifiers, identifier] of [[[1, 2], 3], [[1, 1], 1], [[0, 1], 1], [[1.5, 1], 1]]
    ) {
      refuse(
        () => lagrange(suite, [identifiers].flat(), Number(identifier)),
        /must be positive, all different/,
        "invalid_input",
      );
    }
  });
}

Deno.test("Taproot: keys with odd y and odd constant terms are reshared as they are", () => {
  const suite = suiteOf(TAPROOT_CIPHERSUITE);
  const random = seededBytes(printedSeed("odd"));
  const seen = new Set<string>();
  for (let i = 0; i < 200 && seen.size < 4; i++) {
    const old = generate(suite, 2, 3, random);
    const oldKey = groupPublicKey(old.keys.commitment);
    const [dealer] = dealersOf(suite, old, [1, 2], 2, 2, random);
    seen.add(`${isNegated(suite, oldKey)} ${isNegated(suite, dealer.points[0])}`);
    const key = reshare(suite, old, 2, 2, random);
    assert.equal(elementToHex(groupPublicKey(key.keys.commitment)), elementToHex(oldKey));
    const held = new Map(key.shares.map((share, j) => [j + 1, share]));
    assert.ok(signs(suite, key, held, random));
  }
  assert.equal(seen.size, 4);
});
