import assert from "node:assert/strict";
import { ed25519 } from "@noble/curves/ed25519.js";
import { ed448 } from "@noble/curves/ed448.js";
import { schnorr } from "@noble/curves/secp256k1.js";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import {
  printedSeed,
  seededBytes,
  simulateSession,
} from "../../../tests/support/vectors/simulated_session.ts";
import { parseScalar, scalarToHex } from "./encoding.ts";
import { FrostError, type FrostErrorCode } from "./error.ts";
import { type Ciphersuite, CIPHERSUITES, suiteOf, TAPROOT_CIPHERSUITE } from "./suites.ts";
import { aggregate, prepareVerification, verifyShare, verifySignature } from "./verification.ts";

const refusal = (code: FrostErrorCode) => (error: unknown) =>
  error instanceof FrostError && error.code === code;

/** The verifiers these signatures are meant for, where there are such outside FROST. */
const VERIFIERS: Partial<
  Record<Ciphersuite, (signature: Uint8Array, message: Uint8Array, key: Uint8Array) => boolean>
> = {
  "FROST-secp256k1-SHA256-TR-v1": (s, m, key) => schnorr.verify(s, m, key.subarray(1)),
  "FROST-ED25519-SHA512-v1": (s, m, key) => ed25519.verify(s, m, key, { zip215: false }),
  "FROST-ED448-SHAKE256-v1": (s, m, key) => ed448.verify(s, m, key),
};

function* candidates(ciphersuite: Ciphersuite, valid: string, others: string[], seed: string) {
  const suite = suiteOf(ciphersuite);
  const { Fn } = suite;
  const z = parseScalar(suite, valid, "share_invalid", "A share");
  yield valid;
  yield* others;
  for (
    const scalar of [
      Fn.add(z, 1n),
      Fn.sub(z, 1n),
      Fn.neg(z),
      Fn.add(z, z),
      0n,
      1n,
      Fn.ORDER - 1n,
      Fn.create(1n << BigInt(seededBytes(seed)(1)[0])),
    ]
  ) yield scalarToHex(suite, scalar);
}

for (const ciphersuite of CIPHERSUITES) {
  const slow = ciphersuite === "FROST-ED448-SHAKE256-v1";
  const suite = suiteOf(ciphersuite);

  Deno.test(`${ciphersuite}: verifyShare() judges as noble does, for valid and for false shares`, () => {
    const seed = printedSeed(ciphersuite);
    const sizes = slow ? [[2, 3]] : [[2, 2], [2, 3], [2, 3], [3, 5], [4, 6]];
    const judged = { valid: 0, refused: 0 };
    for (const [round, [threshold, count]] of sizes.entries()) {
      const own = `${seed}:${round}`;
      const { key, roundOne, message, shares } = simulateSession(
        ciphersuite,
        threshold,
        count,
        own,
      );
      const verification = prepareVerification(roundOne.inputs);
      for (const [i, { participant, secret }] of roundOne.guardians.entries()) {
        const others = Object.values(shares).filter((share) => share !== shares[participant]);
        for (const share of candidates(ciphersuite, shares[participant], others, `${own}:${i}`)) {
          for (const [j, entry] of verification.signers.entries()) {
            const expected = suite.frost.verifyShare(
              key.dealt.public,
              roundOne.commitmentList,
              hexToBytes(message),
              roundOne.guardians[j].secret.identifier,
              hexToBytes(share),
            );
            assert.equal(verifyShare(verification, entry, share), expected);
            if (i === j && share === shares[participant]) assert.ok(expected, secret.identifier);
            judged[expected ? "valid" : "refused"]++;
          }
        }
      }
    }
    assert.ok(judged.valid >= 4 && judged.refused > 10 * judged.valid / 3, JSON.stringify(judged));
    console.log(`${ciphersuite}: ${JSON.stringify(judged)}`);
  });

  Deno.test(`${ciphersuite}: the shares add up to a signature that others verify`, () => {
    const seed = printedSeed(ciphersuite);
    for (let round = 0; round < (slow ? 2 : 6); round++) {
      const { key, roundOne, message, shares } = simulateSession(
        ciphersuite,
        2,
        3,
        `${seed}:${round}`,
      );
      const { signers: _, ...context } = prepareVerification(roundOne.inputs);
      const signature = aggregate(context, shares);
      const expected = suite.frost.aggregate(
        key.dealt.public,
        roundOne.commitmentList,
        hexToBytes(message),
        Object.fromEntries(
          roundOne.guardians.map((g) => [g.secret.identifier, hexToBytes(shares[g.participant])]),
        ),
      );
      assert.equal(signature, bytesToHex(expected));
      assert.equal(signature.length, 2 * suite.signatureBytes);
      const { groupPublicKey } = key.inputs;
      assert.ok(verifySignature(ciphersuite, groupPublicKey, message, signature));
      const verifier = VERIFIERS[ciphersuite];
      if (verifier) {
        assert.ok(verifier(expected, hexToBytes(message), hexToBytes(groupPublicKey)));
      }
    }
  });

  Deno.test(`${ciphersuite}: verifySignature() refuses all but the signature`, () => {
    const { key, roundOne, message, shares } = simulateSession(ciphersuite, 2, 2, "fixed");
    const signature = aggregate(prepareVerification(roundOne.inputs), shares);
    const { groupPublicKey } = key.inputs;
    const verify = (sig: string, text = message, public_ = groupPublicKey) =>
      verifySignature(ciphersuite, public_, text, sig);
    assert.equal(verify(signature), true);
    const first = parseInt(signature[1], 16) ^ 1;
    const last = parseInt(signature[signature.length - 1], 16) ^ 1;
    assert.equal(verify(signature[0] + first.toString(16) + signature.slice(2)), false);
    assert.equal(verify(signature.slice(0, -1) + last.toString(16)), false);
    assert.equal(verify(signature.toUpperCase()), false);
    assert.equal(verify(signature + "00"), false);
    assert.equal(verify("00".repeat(suite.signatureBytes)), false);
    assert.equal(verify("ff".repeat(suite.signatureBytes)), false);
    assert.equal(verify(""), false);
    assert.equal(verify(signature, message + "00"), false);
    assert.equal(verify(signature, message, key.inputs.verifyingShares[0]), false);
    assert.equal(verify(signature, message, "ff".repeat(suite.elementBytes)), false);
  });

  Deno.test(`${ciphersuite}: a prepared verification survives JSON, one signer at a time`, () => {
    const { roundOne, shares } = simulateSession(ciphersuite, 2, 3, "fixed");
    const { signers, ...context } = JSON.parse(
      JSON.stringify(prepareVerification(roundOne.inputs)),
    );
    for (const signer of signers) {
      assert.ok(verifyShare(context, signer, shares[signer.participant]));
    }
  });

  Deno.test(`${ciphersuite}: a share without its nonces is false, not an error`, () => {
    const { roundOne } = simulateSession(ciphersuite, 2, 2, "fixed");
    const verification = prepareVerification(roundOne.inputs);
    const { Fn } = suite;
    const [signer] = verification.signers;
    const y = Fn.fromBytes(roundOne.guardians[0].secret.signingShare);
    // Whether the key was negated for BIP-340 or not, one of the two leaves the identity for R.
    const [c, lambda] = [verification.challenge, signer.interpolation]
      .map((hex) => Fn.fromBytes(hexToBytes(hex)));
    const z = Fn.mul(Fn.mul(c, lambda), y);
    for (const share of [z, Fn.neg(z)]) {
      assert.equal(verifyShare(verification, signer, scalarToHex(suite, share)), false);
    }
  });

  Deno.test(`${ciphersuite}: verifyShare() refuses what does not encode a scalar`, () => {
    const { roundOne, shares } = simulateSession(ciphersuite, 2, 2, "fixed");
    const verification = prepareVerification(roundOne.inputs);
    const [signer] = verification.signers;
    const share = shares[signer.participant];
    const bytes = suite.Fn.toBytes(suite.Fn.ORDER - 1n);
    bytes[suite.Fn.isLE ? 0 : bytes.length - 1] += 1;
    for (
      const wrong of [
        "",
        share.slice(2),
        share + "00",
        share.toUpperCase(),
        bytesToHex(bytes),
        "ff".repeat(suite.scalarBytes),
        share.slice(0, -1) + "g",
      ]
    ) {
      assert.throws(
        () => verifyShare(verification, signer, wrong),
        refusal("share_invalid"),
        wrong,
      );
      assert.throws(() => aggregate(verification, { wrong }), refusal("share_invalid"), wrong);
    }
  });
}

Deno.test("BIP-340: every combination of odd and even group key and group commitment verifies", () => {
  const seed = printedSeed("parities");
  const seen = new Set<string>();
  for (let round = 0; seen.size < 4; round++) {
    assert.ok(round < 100, `Only ${[...seen]} came up`);
    const { key, roundOne, message, shares } = simulateSession(
      TAPROOT_CIPHERSUITE,
      2,
      3,
      `${seed}:${round}`,
    );
    const verification = prepareVerification(roundOne.inputs);
    for (const signer of verification.signers) {
      assert.ok(verifyShare(verification, signer, shares[signer.participant]));
    }
    const signature = aggregate(verification, shares);
    const { groupPublicKey } = key.inputs;
    assert.ok(verifySignature(TAPROOT_CIPHERSUITE, groupPublicKey, message, signature));
    seen.add(groupPublicKey.slice(0, 2) + verification.group_commitment.slice(0, 2));
  }
});
