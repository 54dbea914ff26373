import assert from "node:assert/strict";
import { schnorr } from "@noble/curves/secp256k1.js";
import { bytesToHex, concatBytes, hexToBytes } from "@noble/curves/utils.js";
import { SIGNING_VECTORS, type SigningVector } from "../../../tests/support/vectors/vectors.ts";
import { elementToHex, parseElement, parseNonceCommitment, parseScalar } from "./encoding.ts";
import { bindingFactorInputs, verificationKey } from "./group_commitment.ts";
import { verifyKeyPackage } from "./key_package.ts";
import { evaluate } from "./polynomial.ts";
import { CIPHERSUITES, suiteOf } from "./suites.ts";
import { aggregate, verificationOf, verifyShare, verifySignature } from "./verification.ts";

const NAMES = ["one", "two", "three"];

function decode(vector: SigningVector) {
  const suite = suiteOf(vector.ciphersuite);
  const scalar = (hex: string) => parseScalar(suite, hex, "share_invalid", "A scalar of a vector");
  const point = (hex: string) => parseElement(suite, hex, "key_package_invalid", "A point");
  const verifyingShares = vector.shares.map((hex) => suite.Point.BASE.multiply(scalar(hex)));
  const signers = vector.signers.map((signer) => ({
    participant: NAMES[signer.identifier - 1],
    identifier: signer.identifier,
    verifyingShare: verifyingShares[signer.identifier - 1],
    commitment: parseNonceCommitment(suite, signer.hiding + signer.binding),
  }));
  const groupPublicKey = point(vector.groupPublicKey);
  return {
    suite,
    scalar,
    groupPublicKey,
    verifyingShares,
    signers,
    message: hexToBytes(vector.message),
  };
}

Deno.test("there is a published vector for every suite", () => {
  assert.deepEqual(
    SIGNING_VECTORS.map(({ ciphersuite }) => ciphersuite).sort(),
    [...CIPHERSUITES].sort(),
  );
});

for (const vector of SIGNING_VECTORS) {
  const name = `${vector.ciphersuite} (${vector.source.split(" at ")[0]})`;

  Deno.test(`${name}: the dealer's polynomial gives the published shares and key`, () => {
    const { suite, scalar, groupPublicKey, verifyingShares } = decode(vector);
    const coefficients = [scalar(vector.groupSecretKey), scalar(vector.coefficient)];
    const commitment = coefficients.map((c) => suite.Point.BASE.multiply(c));
    assert.ok(commitment[0].equals(groupPublicKey));
    for (const [i, share] of vector.shares.entries()) {
      assert.equal(evaluate(suite.Fn, coefficients, BigInt(i + 1)), scalar(share));
    }
    verifyKeyPackage({
      ciphersuite: vector.ciphersuite,
      threshold: vector.threshold,
      participants: NAMES,
      groupPublicKey: vector.groupPublicKey,
      verifyingShares: verifyingShares.map(elementToHex),
      vssCommitment: commitment.map(elementToHex),
    });
  });

  Deno.test(`${name}: the binding factors and their inputs are the published ones`, () => {
    const { suite, groupPublicKey, signers, message } = decode(vector);
    const inputs = bindingFactorInputs(
      suite,
      verificationKey(suite, groupPublicKey),
      signers,
      message,
    );
    assert.deepEqual(
      inputs.map((i) => bytesToHex(i)),
      vector.signers.map((s) => s.bindingFactorInput),
    );
    const { signers: entries } = verificationOf(suite, groupPublicKey, signers, message);
    assert.deepEqual(
      entries.map((entry) => entry.binding_factor),
      vector.signers.map((signer) => signer.bindingFactor),
    );
  });

  Deno.test(`${name}: the published shares verify, each for its signer only`, () => {
    const { suite, groupPublicKey, signers, message } = decode(vector);
    const verification = verificationOf(suite, groupPublicKey, signers, message);
    for (const [i, { signatureShare }] of vector.signers.entries()) {
      for (const [j, entry] of verification.signers.entries()) {
        assert.equal(verifyShare(verification, entry, signatureShare), i === j);
      }
    }
  });

  Deno.test(`${name}: the shares add up to the published signature, and it verifies`, () => {
    const { suite, groupPublicKey, signers, message } = decode(vector);
    const verification = verificationOf(suite, groupPublicKey, signers, message);
    const signature = aggregate(
      verification,
      Object.fromEntries(vector.signers.map((s) => [NAMES[s.identifier - 1], s.signatureShare])),
    );
    assert.equal(signature, vector.signature);
    const verify = (text: string) =>
      verifySignature(vector.ciphersuite, vector.groupPublicKey, text, signature);
    assert.equal(verify(vector.message), true);
    assert.equal(verify("74657375"), false);
    if (suite.evenY) {
      const key = hexToBytes(vector.groupPublicKey).subarray(1);
      assert.ok(schnorr.verify(hexToBytes(signature), message, key));
    }
  });

  Deno.test(`${name}: noble draws the published nonces and signs the published shares`, () => {
    const { suite, message, groupPublicKey, verifyingShares } = decode(vector);
    const { frost } = suite;
    const ids = NAMES.map((_, i) => frost.Identifier.fromNumber(i + 1));
    const drawn = vector.signers.map((signer) => {
      const random = [signer.hidingRandomness, signer.bindingRandomness].map((r) => hexToBytes(r));
      const identifier = ids[signer.identifier - 1];
      const secret = { identifier, signingShare: hexToBytes(vector.shares[signer.identifier - 1]) };
      const nonce = frost.commit(secret, () => random.shift() ?? concatBytes());
      assert.equal(bytesToHex(nonce.nonces.hiding), signer.hidingNonce);
      assert.equal(bytesToHex(nonce.nonces.binding), signer.bindingNonce);
      assert.equal(bytesToHex(nonce.commitments.hiding), signer.hiding);
      assert.equal(bytesToHex(nonce.commitments.binding), signer.binding);
      return { secret, nonce, signer };
    });
    const shares = {
      signers: { min: 2, max: 3 },
      commitments: [groupPublicKey.toBytes()],
      verifyingShares: Object.fromEntries(ids.map((id, i) => [id, verifyingShares[i].toBytes()])),
    };
    const list = drawn.map(({ nonce }) => nonce.commitments);
    for (const { secret, nonce, signer } of drawn) {
      const share = frost.signShare(secret, shares, nonce.nonces, list, message);
      assert.equal(bytesToHex(share), signer.signatureShare);
    }
  });
}
