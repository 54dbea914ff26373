/**
 * Evidence about one ciphertext: its ECDH point S = h·E, with a proof that S is to E what the recipient's
 * host public key H is to G (Chaum, Pedersen: Wallet Databases with Observers, CRYPTO '92, made
 * non-interactive). Whoever reads it can open that ciphertext, and no other, and see whether its share fits.
 *
 * **S opens everything that is encrypted under E to H.** If a dealer could offer another dealer's E as its
 * own, or E plus a multiple of G, evidence against the one would open the ciphertext of the other, whose
 * polynomial hides a live share in a reshare. So no evidence may be made before the sender has proved that it
 * knows the secret key of its E: `verifyEphemeralKey`.
 */
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToHex, concatBytes, hexToBytes } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { isHex } from "../frost/encoding.ts";
import { FrostError } from "../frost/error.ts";
import {
  type HostPoint,
  parseParamsId,
  parsePublicKey,
  parseSecretKey,
  publicKeyOf,
  uint32,
  wideHash,
} from "./host_curve.ts";

export { openShare } from "./encryption.ts";

/** What opens one ciphertext. */
export interface Evidence {
  /** S, 33 bytes as lower-case hex. */
  readonly sharedPoint: string;
  /** c ‖ z, 64 bytes as lower-case hex. */
  readonly proof: string;
}

/** Bytes from which a scalar is reduced: 128 bits more than the order's 256. */
const WIDE = 48;

/**
 * What evidence is bound to, 40 bytes: params_id ‖ the sender's index ‖ the recipient's index, each index
 * in 4 bytes, big-endian.
 *
 * @throws {FrostError} `invalid_input` unless `paramsId` is 32 bytes of lower-case hex.
 */
export function evidenceContext(
  paramsId: string,
  senderIndex: number,
  recipientIndex: number,
): Uint8Array {
  return concatBytes(parseParamsId(paramsId), uint32(senderIndex), uint32(recipientIndex));
}

/**
 * Makes evidence about what was encrypted under E to this host key.
 *
 * The nonce comes from the secret key, E and the context together with fresh random bytes: with a generator
 * that fails it is still secret, and differs where the statement does.
 *
 * @param hostSecretKey - 32 bytes.
 * @param E - The sender's ephemeral key, 33 bytes as lower-case hex.
 * @param context - From `evidenceContext`.
 * @throws {FrostError} `ceremony_message_invalid` for `E`, `invalid_input` for the secret key.
 */
export function proveShared(hostSecretKey: Uint8Array, E: string, context: Uint8Array): Evidence {
  const { BASE, Fn } = secp256k1.Point;
  const h = parseSecretKey(hostSecretKey, "The host secret key");
  const ephemeral = parsePublicKey(E, "The ephemeral key");
  const fresh = crypto.getRandomValues(new Uint8Array(32));
  const fields = [hostSecretKey, ephemeral.toBytes(), context, fresh];
  const nonce = wideHash("permafrost/evidence/nonce", fields, WIDE, Fn.ORDER);
  const [H, S] = [BASE.multiply(h), ephemeral.multiply(h)];
  const commitments = [BASE.multiply(nonce), ephemeral.multiply(nonce)];
  const c = challengeOf([H, ephemeral, S, ...commitments], context);
  const z = Fn.add(nonce, Fn.mul(c, h));
  return {
    sharedPoint: bytesToHex(S.toBytes()),
    proof: bytesToHex(concatBytes(Fn.toBytes(c), Fn.toBytes(z))),
  };
}

/**
 * Whether S = h·E for the secret key h of H, in this context. `false` as well for whatever is not a valid
 * point or proof.
 *
 * @param H - The recipient's host public key, 33 bytes as lower-case hex, as is `E`.
 */
export function verifyShared(
  H: string,
  E: string,
  context: Uint8Array,
  { sharedPoint, proof }: Evidence,
): boolean {
  const { BASE, Fn } = secp256k1.Point;
  if (!isHex(proof, 64)) return false;
  try {
    const [host, ephemeral, shared] = [H, E, sharedPoint].map((key) =>
      parsePublicKey(key, "A key")
    );
    const c = Fn.fromBytes(hexToBytes(proof.slice(0, 64)));
    const z = Fn.fromBytes(hexToBytes(proof.slice(64)));
    // A1 = z·G − c·H and A2 = z·E − c·S; all public.
    const A1 = BASE.mulAddUnsafe(z, host, Fn.neg(c));
    const A2 = ephemeral.mulAddUnsafe(z, shared, Fn.neg(c));
    return challengeOf([host, ephemeral, shared, A1, A2], context) === c;
  } catch {
    return false;
  }
}

/** Over G, H, E, S, A1, A2 (33 bytes each) and the context. */
function challengeOf(points: readonly HostPoint[], context: Uint8Array): bigint {
  const { BASE, Fn } = secp256k1.Point;
  const fields = [BASE, ...points].map((point) => point.toBytes());
  return wideHash("permafrost/evidence", [...fields, context], WIDE, Fn.ORDER);
}

/**
 * A sender's proof that it knows the secret key of its E: a BIP-340 signature by it, 64 bytes as lower-case
 * hex, the same again for the same inputs. The key is signed along, so the proof serves no other E.
 *
 * @param ephemeralSecretKey - 32 bytes.
 * @param senderIndex - The dealer's identifier, as its proof of knowledge has it.
 * @throws {FrostError} `invalid_input` for the secret key and `paramsId`.
 */
export function proveEphemeralKey(
  ephemeralSecretKey: Uint8Array,
  paramsId: string,
  senderIndex: number,
): string {
  const message = ephemeralKeyMessage(publicKeyOf(ephemeralSecretKey), paramsId, senderIndex);
  // BIP-340 allows zeros for the auxiliary bytes; the nonce is then a hash of key and message.
  return bytesToHex(schnorr.sign(message, ephemeralSecretKey, new Uint8Array(32)));
}

/**
 * Verifies `proveEphemeralKey`'s proof.
 *
 * @param what - Whose key it is, for the error: "The ephemeral key of guardian2".
 * @throws {FrostError} `ceremony_message_invalid` if `E` is not a point or the proof does not verify;
 *   `invalid_input` for `paramsId`.
 */
export function verifyEphemeralKey(
  E: string,
  paramsId: string,
  senderIndex: number,
  proof: string,
  what: string,
): void {
  const key = parsePublicKey(E, what).toBytes();
  const message = ephemeralKeyMessage(E, paramsId, senderIndex);
  if (!isHex(proof, 64) || !schnorr.verify(hexToBytes(proof), message, key.subarray(1))) {
    throw new FrostError(
      "ceremony_message_invalid",
      `${what} must come with a proof that its sender knows its secret key`,
    );
  }
}

/** SHA-256 of "permafrost/ephemeral-key" ‖ E ‖ params_id ‖ the sender's index; all of fixed length. */
function ephemeralKeyMessage(E: string, paramsId: string, senderIndex: number): Uint8Array {
  const domain = new TextEncoder().encode("permafrost/ephemeral-key");
  return sha256(
    concatBytes(domain, hexToBytes(E), parseParamsId(paramsId), uint32(senderIndex)),
  );
}
