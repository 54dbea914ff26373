/**
 * Encryption with a vault's keys: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a random nonce. A ciphertext is
 * nonce ‖ ciphertext ‖ tag, 24, n and 16 bytes.
 *
 * It is not WebCrypto's AES-GCM because that is asynchronous, and an IndexedDB transaction ends when it waits for it.
 * Of 24 random bytes no two are the same, however much is written.
 *
 * @module
 */
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { managedNonce } from "@noble/ciphers/utils.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Codec } from "../storage/durable_database.ts";
import { VaultError } from "./vault_error.ts";

const cipher = managedNonce(xchacha20poly1305);
const text = new TextEncoder();

/** Encrypts bytes under a key of 32 bytes. */
export function encrypt(
  key: Uint8Array,
  bytes: Uint8Array,
  context: readonly string[],
): Uint8Array {
  return cipher(key, contextBytes(context)).encrypt(bytes);
}

/**
 * The bytes that `encrypt` was given.
 *
 * @throws {VaultError} `damaged`: another key, another context, or a changed ciphertext.
 */
export function decrypt(
  key: Uint8Array,
  ciphertext: Uint8Array,
  context: readonly string[],
): Uint8Array {
  try {
    return cipher(key, contextBytes(context)).decrypt(ciphertext);
  } catch (error) {
    throw new VaultError("damaged", "What this browser keeps was changed, and is not used", {
      cause: error,
    });
  }
}

/**
 * Encrypts the records of a database. The additional data are the names of the database and of the record: a record
 * that was put under another key, or into another database, is refused as `damaged`. An older record under its own
 * key is not: nothing here knows that a store was put back.
 *
 * The keys of records, and the names of databases, stay in the clear, because IndexedDB finds records by them. They are
 * hashes, ids and names of entries; how many there are, and how long, can be seen as well.
 *
 * @param key - Answers the key of 32 bytes, or throws where it may not be used any more.
 */
export function encryptedRecords<Value>(
  key: () => Uint8Array,
  database: string,
): Codec<Value> {
  const contextOf = (record: string) => ["permafrost/vault", database, record];
  return {
    encode: (record, value) =>
      encrypt(key(), text.encode(JSON.stringify(value)), contextOf(record)),
    decode(record, stored) {
      if (!(stored instanceof Uint8Array)) {
        throw new VaultError("damaged", "What this browser keeps was changed, and is not used");
      }
      const bytes = decrypt(key(), stored, contextOf(record));
      return JSON.parse(new TextDecoder().decode(bytes)); // this codec wrote it
    },
  };
}

/** A key, or an id, for one purpose (HKDF-SHA-256, RFC 5869). */
export function derive(
  secret: Uint8Array,
  purpose: string,
  length: number,
  salt?: Uint8Array,
): Uint8Array {
  return hkdf(sha256, secret, salt, text.encode(purpose), length);
}

/** Two lists are never the same bytes. */
function contextBytes(context: readonly string[]): Uint8Array {
  return text.encode(JSON.stringify(context));
}
