/**
 * secp256k1 as ChillDKG uses it: encodings, sums and tagged hashes (BIP 340).
 *
 * https://github.com/bitcoin/bips/blob/master/bip-0340.mediawiki
 */
import { normalizeZ } from "@noble/curves/abstract/curve.js";
import type { WeierstrassPoint } from "@noble/curves/abstract/weierstrass.js";
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import { ChillDkgError } from "./errors.ts";

export const Point = secp256k1.Point;
export type Point = WeierstrassPoint<bigint>;

/** Arithmetic in the field of the scalars. */
export const Fn = Point.Fn;

/** Bytes of a compressed point. */
export const POINT_BYTES = 33;
/** Bytes of a scalar. */
export const SCALAR_BYTES = 32;
/** Bytes of a BIP-340 signature. */
export const SIGNATURE_BYTES = 64;

/** A point that is not infinity from its compressed encoding (33 bytes); `undefined` if it is not one. */
export function decodePoint(bytes: Uint8Array): Point | undefined {
  // noble reads the uncompressed encoding too.
  if (bytes.length !== POINT_BYTES) return undefined;
  try {
    return Point.fromBytes(bytes);
  } catch {
    return undefined;
  }
}

/** As `decodePoint`, but 33 zero bytes are infinity. */
export function decodePointOrInfinity(bytes: Uint8Array): Point | undefined {
  if (bytes.length === POINT_BYTES && bytes.every((byte) => byte === 0)) return Point.ZERO;
  return decodePoint(bytes);
}

/** Compressed encodings (33 bytes each), infinity as 33 zero bytes. One inversion for all points. */
export function encodePoints(points: readonly Point[]): Uint8Array[] {
  return normalizeZ(Point, [...points]).map((point) =>
    point.is0() ? new Uint8Array(POINT_BYTES) : point.toBytes()
  );
}

/** An integer below the group's order, zero included, from 32 bytes; `undefined` if it is not one. */
export function decodeScalar(bytes: Uint8Array): bigint | undefined {
  try {
    return Fn.fromBytes(bytes);
  } catch {
    return undefined;
  }
}

/** An unsigned integer as 4 bytes, the highest first. */
export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** A secret scalar times the generator, in constant time but for zero, which no honest party meets. */
export function publicPointOf(secret: bigint): Point {
  return secret === 0n ? Point.ZERO : Point.BASE.multiply(secret);
}

export function sumOfPoints(points: readonly Point[]): Point {
  return points.reduce((sum, point) => sum.add(point), Point.ZERO);
}

export function sumOfScalars(scalars: readonly bigint[]): bigint {
  return scalars.reduce((sum, scalar) => Fn.add(sum, scalar), 0n);
}

/** BIP 340's tagged hash under "BIP DKG/" (32 bytes). */
export function dkgHash(tag: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return schnorr.utils.taggedHash(`BIP DKG/${tag}`, ...parts);
}

/** A hash as a scalar, reduced by the group's order. */
export function reducedScalar(hash: Uint8Array): bigint {
  return Fn.create(bytesToNumberBE(hash));
}

/**
 * A hash as a scalar, which it is not with a probability below 2^-127.
 *
 * @throws {ChillDkgError} `invalid_input` for zero and a value not below the group's order.
 */
export function hashAsScalar(hash: Uint8Array): bigint {
  const scalar = decodeScalar(hash);
  if (scalar === undefined || scalar === 0n) {
    throw new ChillDkgError("invalid_input", "A hash must be a scalar; try again with other bytes");
  }
  return scalar;
}

/**
 * @param what - What the bytes are, for the error: "The host secret key".
 * @throws {ChillDkgError} `invalid_input` unless these are so many bytes.
 */
export function assertBytes(bytes: Uint8Array, length: number, what: string): void {
  if (!(bytes instanceof Uint8Array) || bytes.length !== length) {
    throw new ChillDkgError("invalid_input", `${what} must be ${length} bytes`);
  }
}

/** @throws {ChillDkgError} `invalid_input` unless the list has an entry for each participant. */
export function assertCount(list: readonly unknown[], count: number, what: string): void {
  if (list.length !== count) {
    throw new ChillDkgError("invalid_input", `${what} must be ${count}, one of each participant`);
  }
}
