import assert from "node:assert/strict";
import { ed25519, ED25519_TORSION_SUBGROUP } from "@noble/curves/ed25519.js";
import { ed448 } from "@noble/curves/ed448.js";
import {
  elementToHex,
  isHex,
  parseElement,
  parseNonceCommitment,
  parseScalar,
  scalarToHex,
} from "./encoding.ts";
import { FrostError } from "./error.ts";
import { type Ciphersuite, CIPHERSUITES, isCiphersuite, suiteOf } from "./suites.ts";

const refused = (error: unknown) =>
  error instanceof FrostError && error.code === "commitment_invalid";
const parse = (ciphersuite: Ciphersuite, hex: string) =>
  parseElement(suiteOf(ciphersuite), hex, "commitment_invalid", "A point");

Deno.test("the lengths are those of RFC 9591 section 6, with BIP-340's signature", () => {
  assert.deepEqual(
    CIPHERSUITES.map((name) => {
      const { elementBytes, scalarBytes, signatureBytes, messageBytes: { min, max } } = suiteOf(
        name,
      );
      return [name, elementBytes, scalarBytes, signatureBytes, min, max];
    }),
    [
      ["FROST-secp256k1-SHA256-TR-v1", 33, 32, 64, 32, 32],
      ["FROST-secp256k1-SHA256-v1", 33, 32, 65, 1, 8192],
      ["FROST-ED25519-SHA512-v1", 32, 32, 64, 1, 8192],
      ["FROST-RISTRETTO255-SHA512-v1", 32, 32, 64, 1, 8192],
      ["FROST-P256-SHA256-v1", 33, 32, 65, 1, 8192],
      ["FROST-ED448-SHAKE256-v1", 57, 57, 114, 1, 8192],
    ],
  );
});

Deno.test("isCiphersuite() knows the names and nothing an object has besides", () => {
  assert.ok(CIPHERSUITES.every(isCiphersuite));
  for (const name of ["toString", "frost-secp256k1-sha256-v1", "", "FROST-P384-SHA384-v1"]) {
    assert.equal(isCiphersuite(name), false);
  }
});

Deno.test("isHex() takes whole bytes in lower case", () => {
  for (const text of ["", "00", "0123456789abcdef"]) assert.ok(isHex(text));
  for (const text of ["0", "AB", "0x00", "0g", " 00", "00\n", "٠٠"]) assert.ok(!isHex(text), text);
  assert.ok(isHex("abcd", 2) && !isHex("abcd", 1));
});

for (const name of CIPHERSUITES) {
  const suite = suiteOf(name);

  Deno.test(`${name}: points and scalars come back as they were`, () => {
    const point = elementToHex(suite.Point.BASE.multiply(12345n));
    assert.equal(elementToHex(parse(name, point)), point);
    for (const scalar of [0n, 1n, suite.Fn.ORDER - 1n]) {
      const hex = scalarToHex(suite, scalar);
      assert.equal(hex.length, 2 * suite.scalarBytes);
      assert.equal(parseScalar(suite, hex, "share_invalid", "A scalar"), scalar);
    }
  });

  Deno.test(`${name}: one point has one spelling`, () => {
    const point = elementToHex(suite.Point.BASE.multiply(12345n));
    const wrong = [
      point.toUpperCase(),
      point.slice(2),
      "00" + point,
      point + "00",
      ` ${point.slice(1)}`,
      "ff".repeat(suite.elementBytes),
      "00".repeat(suite.elementBytes),
      "",
    ];
    for (const hex of wrong) assert.throws(() => parse(name, hex), refused, hex);
    const both = parseNonceCommitment(suite, point + point);
    assert.ok(both.hiding.equals(both.binding));
    for (const hex of wrong) {
      assert.throws(() => parseNonceCommitment(suite, point + hex), refused, hex);
      assert.throws(() => parseNonceCommitment(suite, hex + point), refused, hex);
    }
  });
}

Deno.test("a point in uncompressed or hybrid form is refused", () => {
  const point = suiteOf("FROST-P256-SHA256-v1").Point.BASE.multiply(5n).toAffine();
  const [x, y] = [point.x, point.y].map((n) => n.toString(16).padStart(64, "0"));
  for (const hex of ["04" + x + y, "06" + x + y, "04" + x]) {
    assert.throws(() => parse("FROST-P256-SHA256-v1", hex), refused);
  }
});

Deno.test("an x coordinate that is not reduced, or not on the curve, is refused", () => {
  const p = 2n ** 256n - 2n ** 32n - 977n;
  // x = 1 is on secp256k1, so p + 1 is another spelling of it; x = 5 is not.
  assert.ok(parse("FROST-secp256k1-SHA256-v1", "02" + "01".padStart(64, "0")));
  for (const x of [p + 1n, 5n]) {
    const hex = "02" + x.toString(16).padStart(64, "0");
    assert.throws(() => parse("FROST-secp256k1-SHA256-v1", hex), refused);
  }
});

Deno.test("points outside the prime-order subgroup, and its identity, are refused", () => {
  const good = ed25519.Point.BASE.multiply(7n);
  for (const torsion of ED25519_TORSION_SUBGROUP) {
    assert.throws(() => parse("FROST-ED25519-SHA512-v1", torsion), refused, torsion);
    const point = good.add(ed25519.Point.fromHex(torsion));
    if (point.equals(good)) continue;
    assert.throws(() => parse("FROST-ED25519-SHA512-v1", point.toHex()), refused, torsion);
  }
  // (0, −1) has order 2 on every Edwards curve.
  const { Fp, BASE } = ed448.Point;
  const two = ed448.Point.fromAffine({ x: 0n, y: Fp.neg(1n) });
  assert.throws(() => parse("FROST-ED448-SHAKE256-v1", BASE.add(two).toHex()), refused);
  assert.throws(() => parse("FROST-ED448-SHAKE256-v1", two.toHex()), refused);
});
