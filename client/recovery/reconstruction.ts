/**
 * Interpolates a group secret from its Shamir shares, and signs with it: the one place where a whole key
 * exists. RFC 9591 appendix C.1 (secret_share_combine).
 *
 * Byte arrays are overwritten after use. That is the most a JavaScript program can do: big integers and
 * texts cannot be overwritten, and the engine may have copied anything. A thief who reads this device's
 * memory at that time has the key, so register a new one afterwards.
 *
 * @module
 */
import { schnorr } from "@noble/curves/secp256k1.js";
import { bytesToHex } from "@noble/curves/utils.js";
import {
  elementToHex,
  parseMessage,
  parseScalar,
} from "../../supabase/functions/_shared/frost/encoding.ts";
import { FrostError } from "../../supabase/functions/_shared/frost/error.ts";
import { interpolationCoefficients } from "../../supabase/functions/_shared/frost/polynomial.ts";
import { suiteOf } from "../../supabase/functions/_shared/frost/suites.ts";
import { verifySignature } from "../../supabase/functions/_shared/frost/verification.ts";
import type { KeyPackage } from "../../supabase/functions/_shared/frost/key_package.ts";

/** A guardian's signing share, a scalar of Ns bytes as lower-case hex. */
export interface RecoveredShare {
  readonly guardian: string;
  readonly signingShare: string;
}

/**
 * Checks that a share is the one behind its guardian's verifying share: share·G = Y (appendix C.2).
 *
 * @throws {FrostError} `participants_invalid` unless it is a guardian of the key; `share_invalid`.
 */
export function checkShare(
  keyPackage: KeyPackage,
  { guardian, signingShare }: RecoveredShare,
): void {
  const suite = suiteOf(keyPackage.ciphersuite);
  const position = keyPackage.participants.indexOf(guardian);
  if (position < 0) {
    throw new FrostError("participants_invalid", "The share is not of a guardian of this key");
  }
  const scalar = parseScalar(suite, signingShare, "share_invalid", "A signing share");
  if (
    scalar === 0n ||
    elementToHex(suite.Point.BASE.multiply(scalar)) !== keyPackage.verifying_shares[position]
  ) {
    throw new FrostError("share_invalid", "The share is not the one behind its verifying share");
  }
}

/**
 * Puts the secret together of shares that were checked, signs, and forgets the secret.
 *
 * @param message - Lower-case hex.
 * @returns The signature in the encoding the suite's verifiers expect, lower-case hex.
 * @throws {FrostError} `threshold_invalid` for too few shares; `key_package_invalid` where the secret is not
 *   that of the group key; `message_hash_invalid`.
 */
export function signWithShares(
  keyPackage: KeyPackage,
  shares: readonly RecoveredShare[],
  message: string,
): string {
  const { ciphersuite, participants, threshold, group_public_key } = keyPackage;
  const suite = suiteOf(ciphersuite);
  const bytes = parseMessage(suite, message);
  if (new Set(shares.map(({ guardian }) => guardian)).size < threshold) {
    throw new FrostError("threshold_invalid", `It takes the shares of ${threshold} guardians`);
  }
  const some = shares.slice(0, threshold);
  const identifiers = some.map(({ guardian }) => participants.indexOf(guardian) + 1);
  const lambdas = interpolationCoefficients(suite.Fn, identifiers);
  const secret = some.reduce((sum, { signingShare }, i) => {
    const share = parseScalar(suite, signingShare, "share_invalid", "A signing share");
    return suite.Fn.add(sum, suite.Fn.mul(lambdas[i], share));
  }, 0n);
  if (secret === 0n || elementToHex(suite.Point.BASE.multiply(secret)) !== group_public_key) {
    throw new FrostError("key_package_invalid", "The shares do not make the secret of this key");
  }
  const secretKey = suite.Fn.toBytes(secret);
  try {
    const signature = bytesToHex(
      // BIP-340's signing draws its nonce from the secret too, and so survives bad random numbers. It
      // also signs by the negated secret where the group key, as dealt, has odd y.
      suite.evenY ? schnorr.sign(bytes, secretKey) : suite.frost.sign(bytes, secretKey),
    );
    if (!verifySignature(ciphersuite, group_public_key, message, signature)) {
      throw new Error("The signature of the reconstructed secret does not verify");
    }
    return signature;
  } finally {
    secretKey.fill(0);
  }
}
