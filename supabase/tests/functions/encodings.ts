/** What is not the encoding of a point or of a scalar, for each ciphersuite, and why. */
import { validSuites } from "../../functions/_shared/frost/commitment_suites.ts";
import { Family } from "../support/family.ts";
import { bytesToHex } from "@noble/curves/utils.js";
import { type Ciphersuite, type Suite, suiteOf } from "../../functions/_shared/frost/suites.ts";

type Named = readonly (readonly [what: string, hex: string])[];

/** Points of edwards25519 outside the prime-order subgroup, and encodings that RFC 8032 forbids. */
export const ED25519 = {
  identity: "01" + "00".repeat(31),
  /** y = p + 1: the identity again. */
  identityUnreduced: "ee" + "ff".repeat(30) + "7f",
  /** x = 0 with the sign bit set. */
  identityNegative: "01" + "00".repeat(30) + "80",
  orderTwo: "ec" + "ff".repeat(30) + "7f",
  orderFour: "00".repeat(32),
  orderEight: "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  /** y = p + 3, a point of the curve if it were reduced. */
  unreduced: "f0" + "ff".repeat(30) + "7f",
} as const;

/** secp256k1 and P-256, compressed: a first byte, then x. */
function sec1(notOnCurve: string, fieldPrime: string, base: string): Named {
  return [
    ["the identity, as one byte", "00"],
    ["the identity, padded", "00".repeat(33)],
    ["x = 0 with a compressed prefix", "02" + "00".repeat(32)],
    ["x of no point of the curve", "02" + notOnCurve],
    ["x = p", "02" + fieldPrime],
    ["x over p", "03" + "ff".repeat(32)],
    ["an unknown prefix", "05" + base.slice(2)],
    ["an uncompressed prefix", "04" + base.slice(2)],
    ["uncompressed", "04" + base.slice(2) + base.slice(2)],
    ["x alone", base.slice(2)],
    ["a byte too many", base + "00"],
    ["a byte too few", base.slice(0, -2)],
  ];
}

const SECP256K1 = sec1(
  "00".repeat(31) + "05",
  "ff".repeat(27) + "fefffffc2f",
  suiteOf("FROST-secp256k1-SHA256-v1").Point.BASE.toHex(),
);

/** 2^448 − 2^224 − 1, little-endian. */
const ED448_PRIME = "ff".repeat(28) + "fe" + "ff".repeat(27);

/** Points that must be refused. */
export const INVALID_POINTS: Readonly<Record<Ciphersuite, Named>> = {
  "FROST-secp256k1-SHA256-TR-v1": SECP256K1,
  "FROST-secp256k1-SHA256-v1": SECP256K1,
  "FROST-P256-SHA256-v1": sec1(
    "00".repeat(31) + "01",
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    suiteOf("FROST-P256-SHA256-v1").Point.BASE.toHex(),
  ).filter(([what]) => !what.startsWith("x = 0")),
  "FROST-ED25519-SHA512-v1": [
    ...Object.entries(ED25519),
    ["y of no point of the curve", "02" + "00".repeat(31)],
    ["a byte too many", suiteOf("FROST-ED25519-SHA512-v1").Point.BASE.toHex() + "00"],
  ],
  "FROST-RISTRETTO255-SHA512-v1": [
    // RFC 9496 appendix A.2 lists encodings to be refused; one of each kind.
    ["the identity", "00".repeat(32)],
    ["not reduced", "00" + "ff".repeat(31)],
    ["s = p", "ed" + "ff".repeat(30) + "7f"],
    ["negative", "01" + "00".repeat(31)],
    ["x² is no square", "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371"],
    ["xy is negative", "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e"],
    ["a byte too few", "00".repeat(31)],
  ],
  "FROST-ED448-SHAKE256-v1": [
    ["the identity", "01" + "00".repeat(56)],
    ["of order two", "fe" + "ff".repeat(27) + "fe" + "ff".repeat(27) + "00"],
    ["of order four", "00".repeat(57)],
    ["y = p", ED448_PRIME + "00"],
    ["unused bits set", "01" + "00".repeat(55) + "01"],
    ["the identity, negative", "01" + "00".repeat(55) + "80"],
    ["a byte too few", "00".repeat(56)],
  ],
};

/** Scalars that must be refused as encodings. */
export function invalidScalars({ Fn, scalarBytes }: Suite): Named {
  const encode = (value: bigint) => {
    const digits = value.toString(16).padStart(2 * scalarBytes, "0");
    return Fn.isLE ? digits.match(/../g)?.reverse().join("") ?? "" : digits;
  };
  const one = bytesToHex(Fn.toBytes(1n));
  return [
    ["the order", encode(Fn.ORDER)],
    ["the order and one", encode(Fn.ORDER + 1n)],
    ["all ones", "ff".repeat(scalarBytes)],
    ["a byte too few", one.slice(2)],
    ["a byte too many", one + "00"],
  ];
}

/** A commitment of P-256 points that is as long as one of secp256k1 and is none: half of all points are on both. */
export function foreignCommitment(): string {
  const elsewhere = new Family({ ciphersuite: "FROST-P256-SHA256-v1" });
  let commitment = elsewhere.freshCommitment();
  while (validSuites([commitment])[0].length > 1) commitment = elsewhere.freshCommitment();
  return commitment;
}
