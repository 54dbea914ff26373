/**
 * Secrets under a passphrase: scrypt (RFC 7914) and AES-256-GCM. The text is
 * `permafrost-<what>-1.<salt>.<nonce>.<ciphertext>`, 16, 12 and n + 16 bytes as lower-case hex; its first part is
 * authenticated along.
 *
 * @module
 */
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { scryptAsync } from "@noble/hashes/scrypt.js";

/** OWASP's for scrypt: 128 MiB, about a second on a phone. */
const COST = { N: 2 ** 17, r: 8, p: 1, dkLen: 32 } as const;

/** What is sealed: a text of one kind is not opened as another. */
export type Sealed = "host-key" | "key-share" | "vault-key";

const labelOf = (what: Sealed) => `permafrost-${what}-1`;

/** The shortest passphrase that people are let choose. */
export const SHORTEST = 12;

/** Why a passphrase is not one to choose, in a sentence; `undefined` if it is. */
export function weaknessOf(passphrase: string): string | undefined {
  return [...passphrase.normalize("NFKC")].length < SHORTEST
    ? `At least ${SHORTEST} characters`
    : undefined;
}

/** Encrypts a secret under a passphrase, which is normalised (NFKC). */
export async function sealSecret(
  what: Sealed,
  secret: Uint8Array,
  passphrase: string,
): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const key = await keyFrom(passphrase, salt);
  const ciphertext = await crypto.subtle.encrypt(
    parameters(what, nonce),
    key,
    new Uint8Array(secret),
  );
  const parts = [salt, nonce, new Uint8Array(ciphertext)].map((bytes) => bytesToHex(bytes));
  return [labelOf(what), ...parts].join(".");
}

/** The secret in a text of `sealSecret`; `undefined` for another passphrase, a changed text, and any other text. */
export async function openSecret(
  what: Sealed,
  sealed: string,
  passphrase: string,
): Promise<Uint8Array | undefined> {
  const [label, ...parts] = sealed.trim().split(".");
  if (label !== labelOf(what) || parts.length !== 3) return undefined;
  try {
    const [salt, nonce, ciphertext] = parts.map((part) => new Uint8Array(hexToBytes(part)));
    const key = await keyFrom(passphrase, salt);
    return new Uint8Array(await crypto.subtle.decrypt(parameters(what, nonce), key, ciphertext));
  } catch {
    return undefined;
  }
}

function parameters(what: Sealed, nonce: Uint8Array<ArrayBuffer>) {
  return {
    name: "AES-GCM",
    iv: nonce,
    additionalData: new TextEncoder().encode(labelOf(what)),
  };
}

/** What Node and Deno have of their own: the same function, in half the time. */
const { process }: {
  process?: { getBuiltinModule?: (id: "node:crypto") => typeof import("node:crypto") | undefined };
} = globalThis;
const native = process?.getBuiltinModule?.("node:crypto")?.scrypt;

function scrypt(passphrase: string, salt: Uint8Array): Promise<Uint8Array> {
  const { dkLen, ...cost } = COST;
  if (native === undefined) return scryptAsync(passphrase, salt, COST);
  return new Promise((resolve, reject) =>
    native(
      passphrase,
      salt,
      dkLen,
      { ...cost, maxmem: 2 ** 28 },
      (error, key) => error === null ? resolve(key) : reject(error),
    )
  );
}

async function keyFrom(passphrase: string, salt: Uint8Array): Promise<CryptoKey> {
  const bytes = new Uint8Array(await scrypt(passphrase.normalize("NFKC"), salt));
  try {
    return await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
  } finally {
    bytes.fill(0);
  }
}
