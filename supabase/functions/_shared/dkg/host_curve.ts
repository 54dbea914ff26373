/**
 * Host keys and ephemeral keys: secp256k1, whatever the suite. Secret keys are 32 bytes, big-endian; public
 * keys 33 bytes, compressed, as lower-case hex.
 */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToHex, bytesToNumberBE, concatBytes, hexToBytes } from "@noble/curves/utils.js";
import { shake256 } from "@noble/hashes/sha3.js";
import { isHex } from "../frost/encoding.ts";
import { FrostError } from "../frost/error.ts";

/** A point of secp256k1, in noble's form. */
export type HostPoint = InstanceType<typeof secp256k1.Point>;

/**
 * The scalar of a secret key.
 *
 * @throws {FrostError} `invalid_input` unless it is 32 bytes, from 1 to the group's order − 1.
 */
export function parseSecretKey(secretKey: Uint8Array, what: string): bigint {
  if (!secp256k1.utils.isValidSecretKey(secretKey)) {
    throw new FrostError(
      "invalid_input",
      `${what} must be 32 bytes, from 1 to the order of secp256k1 − 1`,
    );
  }
  return secp256k1.Point.Fn.fromBytes(secretKey);
}

/** @throws {FrostError} `ceremony_message_invalid` unless it is a compressed point, 33 bytes of lower-case hex. */
export function parsePublicKey(publicKey: string, what: string): HostPoint {
  if (!isHex(publicKey, 33)) {
    throw new FrostError("ceremony_message_invalid", `${what} must be 33 bytes of lower-case hex`);
  }
  try {
    return secp256k1.Point.fromBytes(hexToBytes(publicKey));
  } catch {
    throw new FrostError("ceremony_message_invalid", `${what} must be a valid point of secp256k1`);
  }
}

/** The public key of a secret key; see `parseSecretKey` for what it refuses. */
export function publicKeyOf(secretKey: Uint8Array, what = "The secret key"): string {
  return bytesToHex(secp256k1.Point.BASE.multiply(parseSecretKey(secretKey, what)).toBytes());
}

/**
 * The ECDH point of a secret key and a public key, 33 bytes as lower-case hex: the same for both sides.
 * Constant time in the secret key. Errors as of `parseSecretKey` and `parsePublicKey`.
 */
export function sharedPoint(secretKey: Uint8Array, publicKey: string): string {
  const scalar = parseSecretKey(secretKey, "The secret key");
  return bytesToHex(parsePublicKey(publicKey, "The public key").multiply(scalar).toBytes());
}

/** @throws {FrostError} `invalid_input` unless it is 32 bytes of lower-case hex. */
export function parseParamsId(paramsId: string): Uint8Array {
  if (!isHex(paramsId, 32)) {
    throw new FrostError("invalid_input", "params_id must be 32 bytes of lower-case hex");
  }
  return hexToBytes(paramsId);
}

/** Four bytes, big-endian. */
export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/**
 * A number below `order` from SHAKE256 over a domain and fields, each with its length in four bytes before
 * it. Of the `length` bytes, at least 128 bits more than the order's, the big-endian value is reduced, so
 * that the bias is below 2^−128.
 */
export function wideHash(
  domain: string,
  fields: readonly Uint8Array[],
  length: number,
  order: bigint,
): bigint {
  const all = [new TextEncoder().encode(domain), ...fields];
  const input = concatBytes(...all.flatMap((field) => [uint32(field.length), field]));
  return bytesToNumberBE(shake256(input, { dkLen: length })) % order;
}
