import assert from "node:assert/strict";
import { schnorr } from "@noble/curves/secp256k1.js";
import { concatBytes, hexToBytes } from "@noble/curves/utils.js";
import { Random } from "../../../tests/support/random.ts";
import { Fn, Point, reducedScalar, uint32 } from "./group.ts";
import { isValidProof, prove } from "./proof.ts";

Deno.test("a proof is valid for its secret and its participant alone", () => {
  const random = Random.printed("proofs");
  // Enough that both signs of y are among keys and nonces.
  for (let i = 0; i < 8; i++) {
    const secret = reducedScalar(hexToBytes(random.hex(32)));
    const commitment = Point.BASE.multiply(secret);
    const proof = prove(secret, i, hexToBytes(random.hex(32)));
    assert.ok(isValidProof(proof, commitment, i));
    assert.ok(!isValidProof(proof, commitment, i + 1));
    assert.ok(!isValidProof(proof, commitment.double(), i));
    assert.ok(!isValidProof(proof, Point.ZERO, i));
  }
});

Deno.test("a proof whose nonce has odd y is refused, as BIP 340 says", () => {
  // 6·G has odd y; of 1·G, the key here, it is even.
  const validity = [6n, Fn.neg(6n)].map((nonce) => {
    const x = (point: Point) => point.toBytes().subarray(1);
    const nonceX = x(Point.BASE.multiply(nonce));
    const challenge = reducedScalar(schnorr.utils.taggedHash(
      "BIP DKG/pop message/challenge",
      nonceX,
      x(Point.BASE),
      uint32(0),
    ));
    const proof = concatBytes(nonceX, Fn.toBytes(Fn.add(nonce, challenge)));
    return isValidProof(proof, Point.BASE, 0);
  });
  assert.equal(Point.BASE.multiply(6n).toBytes()[0], 3);
  assert.deepEqual(validity, [false, true]);
});
