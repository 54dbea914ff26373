import assert from "node:assert/strict";
import type { DKG_Round1, DKG_Round2 } from "@noble/curves/abstract/frost.js";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { printedSeed, seededBytes } from "../../../tests/support/vectors/simulated_session.ts";
import { elementToHex, scalarToHex } from "../frost/encoding.ts";
import { FrostError } from "../frost/error.ts";
import { type Ciphersuite, CIPHERSUITES, suiteOf, TAPROOT_CIPHERSUITE } from "../frost/suites.ts";
import {
  deal,
  drawCoefficients,
  drawNonce,
  type PublicDealing,
  verifyDealing,
  verifyShare,
} from "./dealing.ts";
import {
  groupPublicKey,
  sumCommitments,
  tweakAfterDkg,
  tweakShareAfterDkg,
  verifyingShares,
} from "./group_key.ts";

const WHAT = "The dealing of guardian2";

function refuse(act: () => unknown, message: RegExp, code = "ceremony_message_invalid") {
  assert.throws(
    act,
    (error) => error instanceof FrostError && error.code === code && message.test(error.message),
    String(message),
  );
}

/** A point of order 2 on the curves that have one: (0, −1). */
const TORSION: Partial<Record<Ciphersuite, string>> = {
  "FROST-ED25519-SHA512-v1": "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "FROST-ED448-SHAKE256-v1": "feffffffffffffffffffffffffffffffffffffffffffffffffffffff" +
    "feffffffffffffffffffffffffffffffffffffffffffffffffffffff00",
};

for (const ciphersuite of CIPHERSUITES) {
  const suite = suiteOf(ciphersuite);
  const { frost, Fn, Point } = suite;

  Deno.test(`${ciphersuite}: noble's DKG and ours understand each other and agree`, () => {
    const seed = printedSeed(ciphersuite);
    for (const [threshold, count] of [[2, 2], [2, 3], [3, 4]]) {
      const signers = { min: threshold, max: count };
      const ids = Array.from({ length: count }, (_, i) => frost.Identifier.fromNumber(i + 1));
      const nobles = ids.map((id, i) =>
        frost.DKG.round1(id, signers, undefined, seededBytes(`${seed}:${count}:${i}`))
      );
      const ours = nobles.map(({ secret }, i) =>
        deal(suite, i + 1, secret.coefficients ?? [], drawNonce(suite), count)
      );
      // Each reads the other's messages: noble's are verified by us, ours by noble.
      const commitments = nobles.map(({ public: { commitment, proofOfKnowledge } }, i) =>
        verifyDealing(suite, i + 1, threshold, {
          commitment: commitment.map((point) => bytesToHex(point)),
          proofOfKnowledge: bytesToHex(proofOfKnowledge),
        }, WHAT)
      );
      const packages: DKG_Round1[] = ours.map((dealing, i) => ({
        identifier: ids[i],
        commitment: dealing.commitment.map((hex) => hexToBytes(hex)),
        proofOfKnowledge: hexToBytes(dealing.proofOfKnowledge),
      }));
      const others = (i: number) => packages.filter((_, j) => j !== i);
      const sent = nobles.map(({ secret }, i) => frost.DKG.round2(secret, others(i)));
      for (const [i, shares] of sent.entries()) {
        for (const [j, id] of ids.entries()) {
          if (i === j) continue;
          assert.equal(bytesToHex(shares[id].signingShare), scalarToHex(suite, ours[i].shares[j]));
        }
      }
      const sum = sumCommitments(suite, commitments);
      const keys = tweakAfterDkg(suite, {
        commitment: sum,
        verifyingShares: verifyingShares(sum, count),
      });
      for (const [j, { secret }] of nobles.entries()) {
        const received: DKG_Round2[] = sent.flatMap((shares, i) => i === j ? [] : [shares[ids[j]]]);
        const key = frost.DKG.round3(secret, others(j), received);
        assert.deepEqual(
          key.public.commitments.map((point) => bytesToHex(point)),
          keys.commitment.map(elementToHex),
        );
        assert.deepEqual(
          ids.map((id) => bytesToHex(key.public.verifyingShares[id])),
          keys.verifyingShares.map(elementToHex),
        );
        const share = ours.reduce((total, { shares }) => Fn.add(total, shares[j]), 0n);
        const tweaked = tweakShareAfterDkg(suite, groupPublicKey(sum), share);
        assert.equal(bytesToHex(key.secret.signingShare), scalarToHex(suite, tweaked));
        assert.ok(Point.BASE.multiply(tweaked).equals(keys.verifyingShares[j]));
      }
    }
  });

  Deno.test(`${ciphersuite}: a dealing is the same again, and only its own shares verify`, () => {
    const coefficients = drawCoefficients(suite, 3);
    const nonce = drawNonce(suite);
    const dealing = deal(suite, 4, coefficients, nonce, 5);
    assert.deepEqual(deal(suite, 4, coefficients, nonce, 5), dealing);
    assert.equal(dealing.proofOfKnowledge.length, 2 * suite.signatureBytes);
    const commitment = verifyDealing(suite, 4, 3, dealing, WHAT);
    for (const [i, share] of dealing.shares.entries()) {
      assert.ok(verifyShare(suite, commitment, i + 1, share));
      assert.ok(!verifyShare(suite, commitment, i + 2, share), "of another recipient");
      assert.ok(!verifyShare(suite, commitment, i + 1, Fn.add(share, 1n)), "one more");
    }
    for (const share of [0n, Fn.ORDER, dealing.shares[0] + Fn.ORDER, -1n]) {
      assert.ok(!verifyShare(suite, commitment, 1, share));
    }
  });

  Deno.test(`${ciphersuite}: a share of zero verifies where the polynomial is zero`, () => {
    // f(x) = 1 − x.
    const commitment = verifyDealing(suite, 1, 2, deal(suite, 1, [1n, Fn.neg(1n)], 5n, 2), WHAT);
    assert.ok(verifyShare(suite, commitment, 1, 0n));
    assert.ok(!verifyShare(suite, commitment, 2, 0n));
  });

  Deno.test(`${ciphersuite}: a dealing that is not one is refused, and the refusal says why`, () => {
    const dealing = deal(suite, 2, drawCoefficients(suite, 3), drawNonce(suite), 3);
    const { commitment, proofOfKnowledge } = dealing;
    const other = deal(suite, 2, drawCoefficients(suite, 3), drawNonce(suite), 3);
    const verify = (change: Partial<PublicDealing>, identifier = 2, threshold = 3) => () =>
      verifyDealing(suite, identifier, threshold, { ...dealing, ...change }, WHAT);
    verify({})();

    refuse(verify({}, 2, 4), /must commit to 4 coefficients, the threshold, not to 3/);
    refuse(verify({}, 2, 2), /must commit to 2 coefficients, the threshold, not to 3/);
    refuse(verify({ commitment: [...commitment, other.commitment[1]] }), /to 3 .* not to 4/);
    refuse(verify({ commitment: commitment.slice(0, 2) }), /to 3 .* not to 2/);
    refuse(verify({ commitment: [] }), /not to 0/);

    const at = (i: number, hex: string) => commitment.map((point, k) => k === i ? hex : point);
    for (const i of [0, 1, 2]) {
      const named = new RegExp(`element ${i + 1} of the commitment must be`);
      refuse(verify({ commitment: at(i, commitment[i].toUpperCase() + "00") }), named);
      refuse(verify({ commitment: at(i, "ff".repeat(suite.elementBytes)) }), named);
      refuse(verify({ commitment: at(i, "") }), named);
      if (suite.cofactor > 1 || ciphersuite.includes("RISTRETTO")) {
        // The curves in Edwards form have an encoding of the identity.
        refuse(verify({ commitment: at(i, bytesToHex(Point.ZERO.toBytes())) }), named);
      }
      const torsion = TORSION[ciphersuite];
      if (torsion !== undefined) {
        const moved = Point.fromBytes(hexToBytes(commitment[i]))
          .add(Point.fromBytes(hexToBytes(torsion)));
        refuse(verify({ commitment: at(i, elementToHex(moved)) }), /prime-order subgroup/);
      }
    }

    const z = proofOfKnowledge.slice(-2 * suite.scalarBytes);
    const R = proofOfKnowledge.slice(0, -2 * suite.scalarBytes);
    const otherR = other.proofOfKnowledge.slice(0, -2 * suite.scalarBytes);
    const proof = (hex: string) => verify({ proofOfKnowledge: hex });
    refuse(proof(""), /proof of knowledge must be \d+ bytes/);
    refuse(proof(proofOfKnowledge + "00"), /proof of knowledge must be \d+ bytes/);
    refuse(proof(otherR + z), /does not verify/);
    refuse(proof(other.proofOfKnowledge), /does not verify/);
    refuse(
      proof(R + scalarToHex(suite, Fn.add(Fn.fromBytes(hexToBytes(z)), 1n))),
      /does not verify/,
    );
    refuse(proof(R + "ff".repeat(suite.scalarBytes)), /z of the proof of knowledge must be below/);
    refuse(proof("ff".repeat(R.length / 2) + z), /R of the proof of knowledge must be/);
    refuse(verify({}, 1), /does not verify for identifier 1/);
    refuse(verify({ commitment: at(0, other.commitment[0]) }), /does not verify/);
  });

  Deno.test(`${ciphersuite}: zero and numbers from the order up are not dealt`, () => {
    for (const scalar of [0n, Fn.ORDER, -1n]) {
      refuse(() => deal(suite, 1, [scalar, 1n], 1n, 2), /A coefficient/, "invalid_input");
      refuse(() => deal(suite, 1, [1n, scalar], 1n, 2), /A coefficient/, "invalid_input");
      refuse(() => deal(suite, 1, [1n, 1n], scalar, 2), /The nonce/, "invalid_input");
    }
  });

  Deno.test(`${ciphersuite}: commitments that cancel out, or differ in length, have no sum`, () => {
    const point = (scalar: bigint) => Point.BASE.multiply(scalar);
    const [one, two] = [[point(3n), point(5n)], [point(7n), point(Fn.neg(5n))]];
    refuse(() => sumCommitments(suite, [one, two]), /must not hold the identity/);
    refuse(() => sumCommitments(suite, [one, [...two, point(1n)]]), /same length/);
    refuse(() => sumCommitments(suite, []), /same length/);
  });

  Deno.test(`${ciphersuite}: the verifying shares of 67 guardians, threshold 34, take less than 5 s`, () => {
    const dealing = deal(suite, 67, drawCoefficients(suite, 34), drawNonce(suite), 67);
    const start = performance.now();
    const commitment = verifyDealing(suite, 67, 34, dealing, WHAT);
    const verified = performance.now();
    const points = verifyingShares(commitment, 67);
    const done = performance.now();
    for (const i of [0, 33, 66]) {
      assert.ok(Point.BASE.multiply(dealing.shares[i]).equals(points[i]));
    }
    const [dealingMs, sharesMs] = [verified - start, done - verified].map(Math.round);
    console.log(`${ciphersuite}: verifyDealing ${dealingMs} ms, verifyingShares ${sharesMs} ms`);
    // It takes 50 to 180 ms; the margin is for what runs beside.
    assert.ok(sharesMs < 5_000);
  });
}

Deno.test("Taproot: keys with even and with odd y are tweaked alike for shares and points", () => {
  const suite = suiteOf(TAPROOT_CIPHERSUITE);
  const parities = new Set<boolean>();
  for (let i = 0; i < 64 && parities.size < 2; i++) {
    const coefficients = [BigInt(i + 1), 9n];
    const { commitment: hex, shares } = deal(suite, 1, coefficients, 1n, 3);
    const commitment = hex.map((text) => suite.Point.fromBytes(hexToBytes(text)));
    const key = groupPublicKey(commitment);
    parities.add(key.toAffine().y % 2n === 1n);
    const points = verifyingShares(commitment, 3);
    const tweaked = tweakAfterDkg(suite, { commitment, verifyingShares: points });
    assert.ok(!groupPublicKey(tweaked.commitment).equals(key));
    for (const [j, share] of shares.entries()) {
      const secret = tweakShareAfterDkg(suite, key, share);
      assert.ok(suite.Point.BASE.multiply(secret).equals(tweaked.verifyingShares[j]));
    }
  }
  assert.equal(parities.size, 2);
});
