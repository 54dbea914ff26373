/**
 * Encryption of shares (section "DKG Protocol EncPedPop"): a pad for each recipient is added to its
 * share, so the coordinator can add up ciphertexts. Pads come from ECDH of the sender's nonce and the
 * recipient's host key; for the own share, from a hash of the host secret key.
 */
import { concatBytes } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ChillDkgError } from "./errors.ts";
import {
  decodePoint,
  dkgHash,
  Fn,
  hashAsScalar,
  type Point,
  publicPointOf,
  reducedScalar,
  uint32,
} from "./group.ts";
import { contextOf, type SessionParams } from "./session.ts";

/** What a participant derives for a session from its host secret key and fresh randomness. */
export interface SessionSecrets {
  /** Of the polynomial, 32 bytes. */
  readonly seed: Uint8Array;
  /** Of the proof of possession, 32 bytes. */
  readonly auxRand: Uint8Array;
  readonly nonce: bigint;
  /** 33 bytes. */
  readonly publicNonce: Uint8Array;
}

/** A host key and whose it is. */
export interface HostKey {
  /** 32 bytes. */
  readonly secretKey: Uint8Array;
  readonly participant: number;
}

/** The nonce comes from the seed of the shares, so other shares never get the same pads. */
export function sessionSecrets(
  hostSecretKey: Uint8Array,
  random: Uint8Array,
  params: SessionParams,
): SessionSecrets {
  const seed = dkgHash("encpedpop seed", hostSecretKey, random, contextOf(params));
  const nonce = hashAsScalar(dkgHash("encpedpop secnonce", seed));
  return {
    seed,
    auxRand: dkgHash("simplpedpop aux", seed),
    nonce,
    publicNonce: publicPointOf(nonce).toBytes(),
  };
}

/** The shares with the sender's pads, one for each participant. */
export function encryptShares(
  shares: readonly bigint[],
  sender: HostKey,
  { nonce, publicNonce }: SessionSecrets,
  params: SessionParams,
): bigint[] {
  const context = contextOf(params);
  return params.hostPublicKeys.map((hostPublicKey, recipient) => {
    const recipientContext = concatBytes(uint32(recipient), context);
    if (recipient === sender.participant) {
      return Fn.add(shares[recipient], ownPad(sender.secretKey, publicNonce, recipientContext));
    }
    const recipientKey = decodePoint(hostPublicKey);
    if (recipientKey === undefined) {
      throw new ChillDkgError("host_public_key", "The host public key must be a compressed point", {
        participant: recipient,
      });
    }
    const secret = sharedSecret(nonce, recipientKey);
    return Fn.add(shares[recipient], pad(secret, publicNonce, hostPublicKey, recipientContext));
  });
}

/**
 * The pads of all senders for one recipient.
 *
 * @throws {ChillDkgError} `faulty_participant_or_coordinator` for a public nonce that is not a point.
 */
export function padsFor(
  { secretKey, participant }: HostKey,
  publicNonces: readonly Uint8Array[],
  params: SessionParams,
): bigint[] {
  const context = concatBytes(uint32(participant), contextOf(params));
  const secretScalar = hashAsScalar(secretKey);
  return publicNonces.map((publicNonce, sender) => {
    if (sender === participant) return ownPad(secretKey, publicNonce, context);
    const point = decodePoint(publicNonce);
    if (point === undefined) {
      throw new ChillDkgError(
        "faulty_participant_or_coordinator",
        "The public nonce of a participant must be a compressed point",
        { participant: sender },
      );
    }
    const secret = sharedSecret(secretScalar, point);
    return pad(secret, publicNonce, params.hostPublicKeys[participant], context);
  });
}

/**
 * The pad of a share for a recipient (from 0) from the ECDH point of the sender's public nonce and the recipient's
 * host key, 33 bytes each.
 */
export function padFrom(
  sharedPoint: Uint8Array,
  publicNonce: Uint8Array,
  recipient: number,
  params: SessionParams,
): bigint {
  const context = concatBytes(uint32(recipient), contextOf(params));
  return pad(sha256(sharedPoint), publicNonce, params.hostPublicKeys[recipient], context);
}

/** libsecp256k1's ECDH: SHA-256 of the compressed shared point. */
function sharedSecret(secretScalar: bigint, point: Point): Uint8Array {
  return sha256(point.multiply(secretScalar).toBytes());
}

function pad(
  secret: Uint8Array,
  publicNonce: Uint8Array,
  recipientKey: Uint8Array,
  context: Uint8Array,
): bigint {
  return reducedScalar(dkgHash("encpedpop ecdh", secret, publicNonce, recipientKey, context));
}

function ownPad(hostSecretKey: Uint8Array, publicNonce: Uint8Array, context: Uint8Array): bigint {
  return reducedScalar(dkgHash("encaps_multi self_pad", hostSecretKey, publicNonce, context));
}
