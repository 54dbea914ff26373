import assert from "node:assert/strict";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { printedSeed, seededBytes } from "../../../tests/support/vectors/simulated_session.ts";
import { FrostError } from "../frost/error.ts";
import { CIPHERSUITES, suiteOf } from "../frost/suites.ts";
import { encryptShare } from "./encryption.ts";
import {
  evidenceContext,
  openShare,
  proveEphemeralKey,
  proveShared,
  verifyEphemeralKey,
  verifyShared,
} from "./evidence.ts";
import { publicKeyOf, sharedPoint } from "./host_curve.ts";

const { Point } = secp256k1;
const { BASE, Fn } = Point;

/** A case of its own: a sender's ephemeral key, a recipient's host key, a stranger's key. */
function drawCase(random: ReturnType<typeof seededBytes>) {
  const [e, h, x] = [random(), random(), random()];
  const id = bytesToHex(random());
  return { e, h, E: publicKeyOf(e), H: publicKeyOf(h), X: publicKeyOf(x), x, id };
}

const hex = (scalar: bigint) => bytesToHex(Fn.toBytes(scalar));
const negated = (key: string) => (key.startsWith("02") ? "03" : "02") + key.slice(2);

Deno.test("evidence shows the ECDH point, to anybody, in its context only", () => {
  const random = seededBytes(printedSeed("evidence"));
  for (let round = 0; round < 10; round++) {
    const { h, E, H, X, id } = drawCase(random);
    const context = evidenceContext(id, 2, 3);
    assert.equal(context.length, 40);
    const evidence = proveShared(h, E, context);
    assert.equal(evidence.sharedPoint, sharedPoint(h, E));
    assert.match(evidence.proof, /^[0-9a-f]{128}$/);
    assert.ok(verifyShared(H, E, context, evidence));

    assert.ok(!verifyShared(H, E, evidenceContext(id, 3, 2), evidence), "sender and recipient");
    assert.ok(!verifyShared(H, E, evidenceContext(id, 2, 4), evidence), "another recipient");
    assert.ok(!verifyShared(H, E, evidenceContext(X.slice(2), 2, 3), evidence), "a ceremony");
    assert.ok(!verifyShared(X, E, context, evidence), "another host key");
    assert.ok(!verifyShared(H, X, context, evidence), "another ephemeral key");
    assert.ok(!verifyShared(E, H, context, evidence), "the keys exchanged");
    assert.ok(!verifyShared(negated(H), E, context, evidence), "the host key's negation");
    assert.ok(!verifyShared(H, negated(E), context, evidence), "the ephemeral key's negation");
  }
});

Deno.test("forged evidence is rejected", () => {
  const random = seededBytes(printedSeed("forged evidence"));
  const { h, E, H, X, x, id } = drawCase(random);
  const context = evidenceContext(id, 2, 3);
  const evidence = proveShared(h, E, context);
  const { sharedPoint: S, proof } = evidence;
  const verify = (change: Partial<typeof evidence>) =>
    verifyShared(H, E, context, { ...evidence, ...change });
  assert.ok(verify({}));
  const other = proveShared(x, E, context);
  for (const point of [X, E, H, negated(S), other.sharedPoint, "", "00", "02" + "ff".repeat(32)]) {
    assert.ok(!verify({ sharedPoint: point }), `S = ${point}`);
  }
  assert.ok(!verifyShared(H, E, context, other), "the point of another secret key");
  const [c, z] = [proof.slice(0, 64), proof.slice(64)];
  const change = (text: string) => hex(Fn.add(Fn.fromBytes(hexToBytes(text)), 1n));
  for (
    const forged of [
      "",
      proof + "00",
      proof.slice(2),
      proof.toUpperCase().replace(/[0-9]/g, "A"),
      change(c) + z,
      c + change(z),
      z + c,
      other.proof,
      hex(0n) + hex(0n),
      hex(0n) + z,
      c + "ff".repeat(32),
      "ff".repeat(32) + z,
    ]
  ) assert.ok(!verify({ proof: forged }), `the proof ${forged}`);

  // The forger knows the host key, and answers for a false S: each equation can be met alone, not both.
  const secret = Fn.fromBytes(h);
  const falseS = BASE.multiply(Fn.fromBytes(x));
  const k = Fn.fromBytes(random());
  for (const guess of [k, Fn.fromBytes(hexToBytes(c))]) {
    const answer = Fn.add(k, Fn.mul(guess, secret));
    assert.ok(
      !verify({ sharedPoint: bytesToHex(falseS.toBytes()), proof: hex(guess) + hex(answer) }),
    );
  }
});

Deno.test("evidence is made with another nonce each time", () => {
  const { h, E, id } = drawCase(seededBytes(printedSeed("nonces")));
  const context = evidenceContext(id, 1, 2);
  const proofs = Array.from({ length: 8 }, () => proveShared(h, E, context).proof);
  assert.equal(new Set(proofs).size, 8);
});

for (const ciphersuite of CIPHERSUITES) {
  Deno.test(`${ciphersuite}: evidence opens its ciphertext, and none to another or of another`, () => {
    const suite = suiteOf(ciphersuite);
    const { e, h, x, E, H, X, id } = drawCase(seededBytes(printedSeed(ciphersuite)));
    const share = 123456789n;
    const { sharedPoint: S } = proveShared(h, E, evidenceContext(id, 1, 2));
    assert.equal(openShare(suite, S, E, H, 2, id, encryptShare(suite, share, e, H, 2, id)), share);
    const toAnother = encryptShare(suite, share, e, X, 3, id);
    assert.notEqual(openShare(suite, S, E, X, 3, id, toAnother), share);
    const ofAnother = encryptShare(suite, share, x, H, 2, id);
    assert.notEqual(openShare(suite, S, X, H, 2, id, ofAnother), share);
  });
}

Deno.test("a sender proves that its ephemeral key is its own, in this ceremony", () => {
  const random = seededBytes(printedSeed("ephemeral keys"));
  const { e, E, X, x, id } = drawCase(random);
  const proof = proveEphemeralKey(e, id, 4);
  assert.equal(proveEphemeralKey(e, id, 4), proof);
  assert.match(proof, /^[0-9a-f]{128}$/);
  verifyEphemeralKey(E, id, 4, proof, "The ephemeral key");
  // What a dealer would want that aims at another's shares: that one's key, or one that differs by r·G.
  const shifted = bytesToHex(Point.fromHex(E).add(BASE.multiply(5n)).toBytes());
  const refused: [key: string, id: string, sender: number, proof: string][] = [
    [E, id, 5, proof],
    [E, X.slice(2), 4, proof],
    [shifted, id, 4, proof],
    [negated(E), id, 4, proof],
    [X, id, 4, proof],
    [E, id, 4, proveEphemeralKey(x, id, 4)],
    [E, id, 4, ""],
    [E, id, 4, proof + "00"],
    [E, id, 4, "ff".repeat(64)],
    ["00", id, 4, proof],
  ];
  for (const [key, params, sender, given] of refused) {
    assert.throws(
      () => verifyEphemeralKey(key, params, sender, given, "The ephemeral key"),
      (error) =>
        error instanceof FrostError && error.code === "ceremony_message_invalid" &&
        error.message.startsWith("The ephemeral key must "),
    );
  }
});
