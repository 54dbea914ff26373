import assert from "node:assert/strict";
import { Random } from "../../../tests/support/random.ts";
import { Fn, Point, publicPointOf } from "./group.ts";
import { commitmentTo, publicShareOf, publicSharesOf, secretShareOf, taprootTweak } from "./vss.ts";

const scalar = (random: Random) => Fn.create(BigInt(`0x${random.hex(32)}`));

Deno.test("publicSharesOf() gives what each secret share is the logarithm of", () => {
  const random = Random.printed("public shares");
  for (const [threshold, count] of [[1, 1], [1, 4], [2, 3], [5, 5], [7, 20]]) {
    const coefficients = Array.from({ length: threshold }, () => scalar(random));
    const shares = publicSharesOf(commitmentTo(coefficients), count);
    assert.equal(shares.length, count);
    for (const [i, share] of shares.entries()) {
      assert.ok(share.equals(publicPointOf(secretShareOf(coefficients, i))), `${threshold}, ${i}`);
      assert.ok(share.equals(publicShareOf(commitmentTo(coefficients), i)), `${threshold}, ${i}`);
    }
  }
});

Deno.test("infinity may be among the commitments, and come of them", () => {
  const G = Point.BASE;
  // (x − 1)·(x − 3) and x² have zeros among the coefficients or the shares.
  for (const coefficients of [[3n, Fn.neg(4n), 1n], [0n, 0n, 1n], [0n, 0n, 0n], [5n, 0n, 0n]]) {
    const commitment = commitmentTo(coefficients);
    const expected = coefficients.map((_, i) => secretShareOf(coefficients, i));
    const same = (shares: Point[]) =>
      shares.every((share, i) =>
        share.equals(expected[i] === 0n ? Point.ZERO : G.multiply(expected[i]))
      );
    assert.ok(same(publicSharesOf(commitment, 3)));
    assert.ok(same([0, 1, 2].map((i) => publicShareOf(commitment, i))));
  }
});

Deno.test("taprootTweak() refuses a commitment to no secret", () => {
  assert.throws(() => taprootTweak([Point.ZERO, Point.BASE]), { kind: "invalid_input" });
});
