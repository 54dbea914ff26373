import assert from "node:assert/strict";
import { ED25519_TORSION_SUBGROUP } from "@noble/curves/ed25519.js";
import { hexToBytes } from "@noble/curves/utils.js";
import { commonSuites, validSuites } from "./commitment_suites.ts";
import { elementToHex } from "./encoding.ts";
import { CIPHERSUITES, type Suite, suiteOf } from "./suites.ts";

/** Commitments of distinct points. */
function commitmentsOf(suite: Suite, count: number): string[] {
  let point = suite.Point.BASE;
  const next = () => elementToHex(point = point.add(suite.Point.BASE));
  return Array.from({ length: count }, () => next() + next());
}

Deno.test("validSuites() tells of each commitment under which suites it is valid, whatever the others are", () => {
  const suites = CIPHERSUITES.map(suiteOf);
  const valid = suites.map((suite) => commitmentsOf(suite, 1)[0]);
  const judged = validSuites([...valid, "", "00", "ff".repeat(66), valid[0].toUpperCase()]);
  for (const [i, suite] of suites.entries()) assert.ok(judged[i].includes(suite.name), suite.name);
  assert.deepEqual(judged[0], CIPHERSUITES.slice(0, 2), "Both are of secp256k1");
  assert.deepEqual(judged[5], ["FROST-ED448-SHAKE256-v1"]);
  assert.deepEqual(judged.slice(6), [[], [], [], []]);
  assert.deepEqual(validSuites([]), []);
});

Deno.test("validSuites() finds the ones with points outside the subgroup, among few and among many", () => {
  const suite = suiteOf("FROST-ED25519-SHA512-v1");
  const small = suite.Point.fromBytes(hexToBytes(ED25519_TORSION_SUBGROUP[1]));
  for (const count of [3, 256]) {
    const commitments = commitmentsOf(suite, count);
    const outside = suite.Point.BASE.double().add(small);
    for (const [i, other] of [[0, small], [2, small.negate()]] as const) {
      const moved = elementToHex(suite.Point.BASE.add(other));
      commitments[i] = i === 0
        ? moved + elementToHex(outside)
        : commitments[1].slice(0, 64) + moved;
    }
    const judged = validSuites(commitments).map((suites) => suites.includes(suite.name));
    assert.deepEqual(judged, commitments.map((_, i) => i !== 0 && i !== 2));
    assert.ok(!commonSuites(commitments).includes(suite.name));
    assert.ok(commonSuites(commitments.filter((_, i) => judged[i])).includes(suite.name));
  }
});
