/**
 * Proofs of possession (section "DKG Protocol SimplPedPop"): BIP 340's signatures of the participant's
 * number under the secret constant term, with tags of their own.
 */
import { schnorr } from "@noble/curves/secp256k1.js";
import { concatBytes, equalBytes } from "@noble/curves/utils.js";
import { decodeScalar, Fn, Point, reducedScalar, uint32 } from "./group.ts";

const hash = (tag: "aux" | "nonce" | "challenge", ...parts: Uint8Array[]) =>
  schnorr.utils.taggedHash(`BIP DKG/pop message/${tag}`, ...parts);

/**
 * @param secret - The constant term, neither zero nor known to others.
 * @param auxRand - 32 bytes.
 * @returns A proof of 64 bytes.
 */
export function prove(secret: bigint, participant: number, auxRand: Uint8Array): Uint8Array {
  const message = uint32(participant);
  const key = withEvenY(secret);
  const mask = hash("aux", auxRand);
  const masked = Fn.toBytes(key.secret).map((byte, i) => byte ^ mask[i]);
  const nonce = withEvenY(reducedScalar(hash("nonce", masked, key.x, message)));
  const challenge = reducedScalar(hash("challenge", nonce.x, key.x, message));
  return concatBytes(
    nonce.x,
    Fn.toBytes(Fn.add(nonce.secret, Fn.mul(challenge, key.secret))),
  );
}

/** The secret or its negation, whichever has a public point with even y; and that point's x (32 bytes). */
function withEvenY(secret: bigint): { secret: bigint; x: Uint8Array } {
  const bytes = Point.BASE.multiply(secret).toBytes();
  return { secret: hasEvenY(bytes) ? secret : Fn.neg(secret), x: bytes.subarray(1) };
}

const hasEvenY = (compressed: Uint8Array) => compressed[0] === 2;

/**
 * Whether a proof (64 bytes) shows that the participant knows the secret of its commitment.
 *
 * @param commitment - The commitment to the secret; infinity has no valid proof.
 */
export function isValidProof(proof: Uint8Array, commitment: Point, participant: number): boolean {
  if (commitment.is0()) return false;
  const bytes = commitment.toBytes();
  const key = hasEvenY(bytes) ? commitment : commitment.negate();
  const nonce = proof.subarray(0, 32);
  const response = decodeScalar(proof.subarray(32));
  if (response === undefined) return false;
  const challenge = reducedScalar(
    hash("challenge", nonce, bytes.subarray(1), uint32(participant)),
  );
  const point = Point.BASE.mulAddUnsafe(response, key, Fn.neg(challenge));
  if (point.is0()) return false;
  const encoded = point.toBytes();
  return hasEvenY(encoded) && equalBytes(encoded.subarray(1), nonce);
}
