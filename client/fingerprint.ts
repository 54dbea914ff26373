/**
 * Short forms of keys that people read to each other.
 *
 * @module
 */
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";

/** 25 digits in groups of five, of SHA-256 over a domain and a key (hex). */
export function fingerprintOf(domain: string, key: string): string {
  const prefix = new TextEncoder().encode(domain);
  const digest = sha256(new Uint8Array([...prefix, ...hexToBytes(key)]));
  const digits = (BigInt(`0x${bytesToHex(digest)}`) % 10n ** 25n).toString().padStart(25, "0");
  return digits.match(/.{5}/g)?.join(" ") ?? digits;
}
