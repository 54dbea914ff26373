/**
 * Encrypting one share, a scalar of any suite, to a guardian's host key: ciphertext = share + pad modulo the
 * suite's order. The pad is a wide hash of the ECDH point of the sender's ephemeral key E and the recipient's
 * host key H. After ChillDKG's EncPedPop, which sends to itself with a pad from the host key likewise.
 *
 * The cipher is malleable, and says nothing of who sent it. That is enough: the share is checked against
 * the sender's commitment, and the message stands under the sender's signature.
 *
 * An ephemeral key is for one ceremony and one polynomial: of two shares under one pad, everyone has the
 * difference.
 *
 * https://github.com/BlockstreamResearch/bip-frost-dkg
 */
import { parseScalar, scalarToHex } from "../frost/encoding.ts";
import type { Suite } from "../frost/suites.ts";
import {
  parseParamsId,
  parsePublicKey,
  parseSecretKey,
  publicKeyOf,
  sharedPoint,
  uint32,
  wideHash,
} from "./host_curve.ts";

/**
 * The pad: SHAKE256 over "permafrost/share", the suite's name, the ECDH point, E and H (33 bytes each), the
 * recipient's index (4 bytes, big-endian) and params_id (32 bytes), each with its length in four bytes
 * before it; Ns + 16 bytes of output, big-endian, modulo the suite's order.
 *
 * @param sharedPoint - h·E = e·H, 33 bytes as lower-case hex, as are `E` and `H`.
 * @param recipientIndex - The recipient's position among the (new) guardians, from 1.
 * @param paramsId - The ceremony's, 32 bytes as lower-case hex.
 * @throws {FrostError} `ceremony_message_invalid` for a point, `invalid_input` for `paramsId`.
 */
export function pad(
  suite: Suite,
  sharedPoint: string,
  E: string,
  H: string,
  recipientIndex: number,
  paramsId: string,
): bigint {
  const points = [
    parsePublicKey(sharedPoint, "The shared point"),
    parsePublicKey(E, "The ephemeral key"),
    parsePublicKey(H, "The host public key"),
  ];
  return padOf(suite, "permafrost/share", [
    ...points.map((point) => point.toBytes()),
    uint32(recipientIndex),
    parseParamsId(paramsId),
  ]);
}

/**
 * The pad of a dealer's share for itself, from its host secret key (32 bytes) in place of the ECDH point and
 * H: as `pad`, over "permafrost/own-share".
 *
 * @param recipientIndex - Its own.
 * @throws {FrostError} `ceremony_message_invalid` for `E`, `invalid_input` for the secret key and `paramsId`.
 */
export function selfPad(
  suite: Suite,
  hostSecretKey: Uint8Array,
  E: string,
  recipientIndex: number,
  paramsId: string,
): bigint {
  parseSecretKey(hostSecretKey, "The host secret key");
  return padOf(suite, "permafrost/own-share", [
    hostSecretKey,
    parsePublicKey(E, "The ephemeral key").toBytes(),
    uint32(recipientIndex),
    parseParamsId(paramsId),
  ]);
}

function padOf(suite: Suite, domain: string, fields: readonly Uint8Array[]): bigint {
  const name = new TextEncoder().encode(suite.name);
  return wideHash(domain, [name, ...fields], suite.scalarBytes + 16, suite.Fn.ORDER);
}

/**
 * The ciphertext of a share, hex of Ns bytes in the suite's encoding of scalars.
 *
 * @param ephemeralSecretKey - 32 random bytes of the sender; E is its public key.
 * @param hostPublicKey - The recipient's.
 * @throws {FrostError} `ceremony_message_invalid` for the public key, `invalid_input` for the rest.
 */
export function encryptShare(
  suite: Suite,
  share: bigint,
  ephemeralSecretKey: Uint8Array,
  hostPublicKey: string,
  recipientIndex: number,
  paramsId: string,
): string {
  const shared = sharedPoint(ephemeralSecretKey, hostPublicKey);
  const E = publicKeyOf(ephemeralSecretKey);
  return seal(suite, share, pad(suite, shared, E, hostPublicKey, recipientIndex, paramsId));
}

/**
 * The share in a ciphertext from another guardian. It is not yet checked: `verifyShare`.
 *
 * @param E - The sender's ephemeral key.
 * @throws {FrostError} `ceremony_message_invalid` for `E` and for a ciphertext that is not a scalar of the
 *   suite, `invalid_input` for the rest.
 */
export function decryptShare(
  suite: Suite,
  ciphertext: string,
  hostSecretKey: Uint8Array,
  E: string,
  recipientIndex: number,
  paramsId: string,
): bigint {
  const shared = sharedPoint(hostSecretKey, E);
  return unseal(
    suite,
    ciphertext,
    pad(suite, shared, E, publicKeyOf(hostSecretKey), recipientIndex, paramsId),
  );
}

/** The ciphertext of a dealer's share for itself; as `encryptShare`, with the pad of `selfPad`. */
export function encryptOwnShare(
  suite: Suite,
  share: bigint,
  hostSecretKey: Uint8Array,
  E: string,
  recipientIndex: number,
  paramsId: string,
): string {
  return seal(suite, share, selfPad(suite, hostSecretKey, E, recipientIndex, paramsId));
}

/** The share in a dealer's ciphertext for itself; errors as of `decryptShare`. */
export function decryptOwnShare(
  suite: Suite,
  ciphertext: string,
  hostSecretKey: Uint8Array,
  E: string,
  recipientIndex: number,
  paramsId: string,
): bigint {
  return unseal(suite, ciphertext, selfPad(suite, hostSecretKey, E, recipientIndex, paramsId));
}

/**
 * The share in a ciphertext whose ECDH point was made known, as by `verifyShared` of `evidence.ts`.
 *
 * @throws {FrostError} `ceremony_message_invalid` for a point, and for a ciphertext that is not a scalar.
 */
export function openShare(
  suite: Suite,
  sharedPoint: string,
  E: string,
  H: string,
  recipientIndex: number,
  paramsId: string,
  ciphertext: string,
): bigint {
  return unseal(suite, ciphertext, pad(suite, sharedPoint, E, H, recipientIndex, paramsId));
}

function seal(suite: Suite, share: bigint, mask: bigint): string {
  return scalarToHex(suite, suite.Fn.add(share, mask));
}

function unseal(suite: Suite, ciphertext: string, mask: bigint): bigint {
  const scalar = parseScalar(suite, ciphertext, "ceremony_message_invalid", "A ciphertext");
  return suite.Fn.sub(scalar, mask);
}
