/**
 * A signing share on its way from a guardian's device to the requester's: encrypted by NIP-44 v2 from a
 * one-time key to a one-time key, with what it was meant for inside.
 *
 * The text is `permafrost-share-1.<sender>.<payload>`: the sender's x-only public key, 32 bytes as
 * lower-case hex, and the payload of NIP-44, base64. NIP-44 does not say who sent it; that the share is
 * the one behind its guardian's verifying share does.
 *
 * https://github.com/nostr-protocol/nips/blob/master/44.md
 *
 * @module
 */
import { schnorr } from "@noble/curves/secp256k1.js";
import { bytesToHex } from "@noble/curves/utils.js";
import { decrypt, encrypt, getConversationKey } from "nostr-tools/nip44";
import { fingerprintOf } from "../fingerprint.ts";
import { fieldOf } from "../shapes.ts";

/**
 * What a share is encrypted for, and with; each is compared when it is opened. All of it is known on both
 * devices by themselves: an id of the server's in here would let the server make a good share look bad.
 */
export interface SharePurpose {
  readonly guardianId: string;
  /** Of the key that the share is of. */
  readonly keyPackageFingerprint: string;
  /** The requester's one-time key, made for this request: x-only, 32 bytes as lower-case hex. */
  readonly recipientPublicKey: string;
}

/** A ciphertext that the requester cannot use. The message never holds a share. */
export class EnvelopeError extends Error {
  override readonly name = "EnvelopeError";
}

/** The guardian's device holds a share of another key package than the requester was told of. */
export class OtherKeyPackageError extends EnvelopeError {
  constructor() {
    super("The share is of another key package");
  }
}

const PREFIX = "permafrost-share-1";

/** A one-time key pair: a secret scalar of 32 bytes, and its x-only public key as lower-case hex. */
export function oneTimeKey(): { secretKey: Uint8Array; publicKey: string } {
  const { secretKey, publicKey } = schnorr.keygen();
  return { secretKey, publicKey: bytesToHex(publicKey) };
}

/**
 * Encrypts a signing share to the requester.
 *
 * @param signingShare - Lower-case hex.
 * @throws {EnvelopeError} unless the recipient's key is a point of secp256k1.
 */
export function sealShare(purpose: SharePurpose, signingShare: string): string {
  const { secretKey, publicKey } = oneTimeKey();
  const conversationKey = keyBetween(secretKey, purpose.recipientPublicKey);
  const plaintext = JSON.stringify({ ...fieldsOf(purpose), signing_share: signingShare });
  const payload = encrypt(plaintext, conversationKey);
  secretKey.fill(0);
  conversationKey.fill(0);
  return `${PREFIX}.${publicKey}.${payload}`;
}

/**
 * Decrypts a share.
 *
 * @returns The signing share as the guardian wrote it; whether it is one is still to be checked.
 * @throws {EnvelopeError} if it cannot be decrypted, or was encrypted for another purpose;
 *   {OtherKeyPackageError} if the share is of another key package.
 */
export function openShare(
  purpose: SharePurpose,
  secretKey: Uint8Array,
  ciphertext: string,
): string {
  const [prefix, sender, payload, ...more] = ciphertext.split(".");
  if (prefix !== PREFIX || payload === undefined || more.length > 0) {
    throw new EnvelopeError("The ciphertext is malformed");
  }
  const conversationKey = keyBetween(secretKey, sender);
  let message: unknown;
  try {
    message = JSON.parse(decrypt(payload, conversationKey));
  } catch {
    // The parser's message would quote what was decrypted.
    throw new EnvelopeError("The ciphertext cannot be decrypted");
  } finally {
    conversationKey.fill(0);
  }
  for (const [name, value] of Object.entries(fieldsOf(purpose))) {
    if (fieldOf(message, name) !== value) {
      if (name === "key_package_fingerprint") throw new OtherKeyPackageError();
      throw new EnvelopeError(`The ciphertext was made for another purpose: its ${name} differs`);
    }
  }
  const share = fieldOf(message, "signing_share");
  if (typeof share !== "string") throw new EnvelopeError("The ciphertext does not hold a share");
  return share;
}

/**
 * A short form of a requester's key, for guardian and requester to compare by voice: a server between them
 * can show the guardian another key. It has 25 digits; a key with the same ones takes 2^83 attempts.
 */
export function recipientFingerprint(recipientPublicKey: string): string {
  return fingerprintOf("permafrost recovery recipient", recipientPublicKey);
}

function fieldsOf(purpose: SharePurpose) {
  return {
    guardian_id: purpose.guardianId,
    recipient_public_key: purpose.recipientPublicKey,
    key_package_fingerprint: purpose.keyPackageFingerprint,
  };
}

function keyBetween(secretKey: Uint8Array, publicKey: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(publicKey)) throw new EnvelopeError("The public key is malformed");
  try {
    return getConversationKey(secretKey, publicKey);
  } catch {
    throw new EnvelopeError("The public key must be a point of secp256k1");
  }
}
