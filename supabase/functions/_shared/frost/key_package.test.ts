import assert from "node:assert/strict";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import {
  printedSeed,
  seededBytes,
  simulateKey,
} from "../../../tests/support/vectors/simulated_session.ts";
import { elementToHex } from "./encoding.ts";
import { FrostError, type FrostErrorCode } from "./error.ts";
import { type KeyPackageInputs, verifyingSharesInOrder, verifyKeyPackage } from "./key_package.ts";
import { evaluate, leadingCoefficients } from "./polynomial.ts";
import { type Ciphersuite, CIPHERSUITES, suiteOf, TAPROOT_CIPHERSUITE } from "./suites.ts";

const refusal = (code: FrostErrorCode) => (error: unknown) =>
  error instanceof FrostError && error.code === code;
const refuse = (
  inputs: KeyPackageInputs,
  what: string,
  code: FrostErrorCode = "key_package_invalid",
) => assert.throws(() => verifyKeyPackage(inputs), refusal(code), what);

/** A package that says it has this threshold, of a polynomial that may be of another. */
function packageOf(
  ciphersuite: Ciphersuite,
  coefficients: readonly bigint[],
  threshold: number,
  count: number,
): KeyPackageInputs {
  const { Point, Fn } = suiteOf(ciphersuite);
  const times = (scalar: bigint) => elementToHex(Point.BASE.multiply(scalar));
  return {
    ciphersuite,
    threshold,
    participants: Array.from({ length: count }, (_, i) => `guardian${i + 1}`),
    groupPublicKey: times(coefficients[0]),
    verifyingShares: Array.from(
      { length: count },
      (_, i) => times(evaluate(Fn, coefficients, BigInt(i + 1))),
    ),
  };
}

for (const ciphersuite of CIPHERSUITES) {
  Deno.test(`${ciphersuite}: a dealt package is accepted, at every threshold`, () => {
    const seed = printedSeed(ciphersuite);
    for (const [threshold, count] of [[2, 2], [2, 3], [3, 3], [3, 5], [5, 5], [2, 7]]) {
      const { inputs } = simulateKey(
        ciphersuite,
        threshold,
        count,
        `${seed}:${threshold}:${count}`,
      );
      verifyKeyPackage(inputs);
      verifyKeyPackage({ ...inputs, vssCommitment: null });
    }
  });

  Deno.test(`${ciphersuite}: one share of another polynomial is found, wherever it is`, () => {
    const { inputs } = simulateKey(ciphersuite, 3, 5, "fixed");
    const other = simulateKey(ciphersuite, 3, 5, "other").inputs;
    for (let i = 0; i < 5; i++) {
      const verifyingShares = inputs.verifyingShares.with(i, other.verifyingShares[i]);
      refuse({ ...inputs, verifyingShares, vssCommitment: null }, `share ${i}`);
      refuse({ ...inputs, verifyingShares }, `share ${i}, with a VSS commitment`);
    }
    refuse({ ...inputs, groupPublicKey: other.groupPublicKey, vssCommitment: null }, "group key");
  });
}

Deno.test("two shares in each other's places are found", () => {
  const { inputs } = simulateKey(TAPROOT_CIPHERSUITE, 2, 4, "fixed");
  const [a, b, ...rest] = inputs.verifyingShares;
  refuse({ ...inputs, verifyingShares: [b, a, ...rest], vssCommitment: null }, "swapped");
});

Deno.test("errors in several shares that cancel in their sum are found", () => {
  const { inputs } = simulateKey(TAPROOT_CIPHERSUITE, 2, 4, "fixed");
  const { Point } = suiteOf(TAPROOT_CIPHERSUITE);
  const shift = (i: number, by: 1 | -1) => {
    const point = Point.fromBytes(hexToBytes(inputs.verifyingShares[i]));
    return elementToHex(by === 1 ? point.add(Point.BASE) : point.subtract(Point.BASE));
  };
  const verifyingShares = inputs.verifyingShares.with(2, shift(2, 1)).with(3, shift(3, -1));
  refuse({ ...inputs, verifyingShares, vssCommitment: null }, "cancelling");
});

Deno.test("errors that a test known beforehand would not see are found", () => {
  const { Fn, Point } = suiteOf(TAPROOT_CIPHERSUITE);
  const { inputs } = simulateKey(TAPROOT_CIPHERSUITE, 2, 4, "fixed");
  const weights = leadingCoefficients(Fn, [0, 1, 2, 3, 4]);
  const shift = (i: number, by: bigint) =>
    elementToHex(
      Point.fromBytes(hexToBytes(inputs.verifyingShares[i])).add(Point.BASE.multiply(by)),
    );
  // Errors e_3 and e_4 with Σ w_i·m(i)·e_i = 0 for this m and, as good as surely, for no other.
  for (const mask of [[1n, 0n, 0n], [0n, 1n, 0n], [0n, 0n, 1n], [1n, 1n, 1n]]) {
    const seen = (i: number) => Fn.mul(weights[i], evaluate(Fn, mask, BigInt(i)));
    const verifyingShares = inputs.verifyingShares
      .with(2, shift(2, seen(4)))
      .with(3, shift(3, Fn.neg(seen(3))));
    refuse({ ...inputs, verifyingShares, vssCommitment: null }, `${mask}`);
  }
});

Deno.test("a polynomial of a higher degree is refused: no threshold of signers could sign", () => {
  for (const count of [3, 4, 6]) {
    refuse(packageOf(TAPROOT_CIPHERSUITE, [11n, 22n, 33n], 2, count), `2 of ${count}`);
    verifyKeyPackage(packageOf(TAPROOT_CIPHERSUITE, [11n, 22n, 33n], 3, count));
  }
  // With as many shares as the threshold, a wrong group key is all that could be higher.
  const full = packageOf(TAPROOT_CIPHERSUITE, [11n, 22n, 33n], 3, 3);
  const groupPublicKey = packageOf(TAPROOT_CIPHERSUITE, [12n, 22n], 2, 2).groupPublicKey;
  refuse({ ...full, groupPublicKey }, "3 of 3");
});

Deno.test("a polynomial of a lower degree is refused: fewer than the threshold could sign", () => {
  refuse(packageOf(TAPROOT_CIPHERSUITE, [11n, 22n], 3, 5), "degree 1, threshold 3");
  refuse(packageOf(TAPROOT_CIPHERSUITE, [11n], 2, 5), "degree 0, threshold 2");
  refuse(packageOf(TAPROOT_CIPHERSUITE, [11n, 22n], 3, 3), "degree 1, 3 of 3");
  refuse(packageOf(TAPROOT_CIPHERSUITE, [11n, 22n, 0n, 0n], 4, 5), "leading coefficients of zero");
});

Deno.test("a VSS commitment of a lower degree has no encoding for its leading coefficient", () => {
  const inputs = packageOf("FROST-ED25519-SHA512-v1", [11n, 22n], 3, 4);
  const { Point } = suiteOf(inputs.ciphersuite);
  const points = [11n, 22n, 0n].map((a) => bytesToHex(Point.BASE.multiplyUnsafe(a).toBytes()));
  const verify = (vssCommitment: string[]) => () => verifyKeyPackage({ ...inputs, vssCommitment });
  assert.throws(verify(points), /A VSS commitment must be a valid point/);
  assert.throws(verify(points.slice(0, 2)), /as many points as the threshold/);
});

Deno.test("a VSS commitment of another polynomial is refused", () => {
  const { inputs } = simulateKey(TAPROOT_CIPHERSUITE, 3, 5, "fixed");
  const other = simulateKey(TAPROOT_CIPHERSUITE, 3, 5, "other").inputs.vssCommitment;
  const own = inputs.vssCommitment;
  for (
    const vssCommitment of [
      other,
      own.with(0, other[0]),
      own.with(1, other[1]),
      own.with(2, other[2]),
      [own[0], own[2], own[1]],
      own.slice(0, 2),
      [...own, other[0]],
      [],
      own.with(1, "00".repeat(33)),
    ]
  ) refuse({ ...inputs, vssCommitment }, `${vssCommitment}`);
});

Deno.test("a VSS commitment that begins with another key is told from one that differs later", () => {
  const { inputs } = simulateKey(TAPROOT_CIPHERSUITE, 2, 3, "fixed");
  const [own, rest] = inputs.vssCommitment;
  const verify = (vssCommitment: string[]) => () => verifyKeyPackage({ ...inputs, vssCommitment });
  assert.throws(verify([rest, rest]), /begin with the group public key/);
  assert.throws(verify([own, own]), /not that of the verifying shares/);
});

Deno.test("an invalid point is refused, also as a share", () => {
  const { inputs } = simulateKey("FROST-ED25519-SHA512-v1", 2, 3, "fixed");
  const identity = "01" + "00".repeat(31);
  refuse({ ...inputs, groupPublicKey: identity }, "group key");
  refuse({ ...inputs, verifyingShares: inputs.verifyingShares.with(1, identity) }, "share");
  refuse({ ...inputs, groupPublicKey: inputs.groupPublicKey.toUpperCase() }, "upper case");
});

Deno.test("thresholds and participants out of range have codes of their own", () => {
  const { inputs } = simulateKey(TAPROOT_CIPHERSUITE, 2, 3, "fixed");
  for (const threshold of [0, 1, 4, 2.5, NaN]) {
    refuse({ ...inputs, threshold }, `${threshold}`, "threshold_invalid");
  }
  const names = Array.from({ length: 256 }, (_, i) => `${i}`);
  for (const participants of [[], ["a", "b", "a"], names]) {
    refuse({ ...inputs, participants }, `${participants.length}`, "participants_invalid");
  }
  refuse({ ...inputs, verifyingShares: inputs.verifyingShares.slice(1) }, "too few shares");
  refuse({ ...inputs, participants: ["a", "b"] }, "too many shares");
});

Deno.test("255 participants are checked like three", () => {
  const random = seededBytes("255");
  const coefficients = Array.from({ length: 170 }, () => BigInt(`0x${bytesToHex(random(16))}`));
  const inputs = packageOf("FROST-RISTRETTO255-SHA512-v1", coefficients, 170, 255);
  verifyKeyPackage(inputs);
  refuse(
    { ...inputs, verifyingShares: inputs.verifyingShares.with(254, inputs.groupPublicKey) },
    "last",
  );
  refuse({ ...inputs, threshold: 169 }, "threshold too low");
  refuse({ ...inputs, threshold: 171 }, "threshold too high");
});

Deno.test("verifyingSharesInOrder() wants a share of each participant and of nobody else", () => {
  assert.deepEqual(verifyingSharesInOrder(["b", "a"], { a: "1", b: "2" }), ["2", "1"]);
  const wrong: Record<string, string>[] = [{ a: "1" }, { a: "1", b: "2", c: "3" }, {
    a: "1",
    c: "3",
  }];
  for (const shares of wrong) {
    assert.throws(() => verifyingSharesInOrder(["a", "b"], shares), refusal("key_package_invalid"));
  }
  assert.throws(() => verifyingSharesInOrder(["toString"], {}), refusal("key_package_invalid"));
});
