/** A guardian's share of a key, as it is kept on the guardian's device. */
import { hexToBytes } from "@noble/curves/utils.js";
import { elementToHex, parseScalar } from "../../supabase/functions/_shared/frost/encoding.ts";
import {
  type KeyPackage,
  keyPackageFingerprint,
  verifyKeyPackage,
} from "../../supabase/functions/_shared/frost/key_package.ts";
import { suiteOf } from "../../supabase/functions/_shared/frost/suites.ts";
import { isIdentifier } from "../../supabase/functions/_shared/identifier.ts";
import { GuardianError } from "../errors.ts";
import { keyPackageOf } from "../key_package.ts";
import { fieldOf } from "../shapes.ts";

/** One guardian's share with the public half of its key. Serialises to JSON; keep it secret. */
export interface KeyShare extends KeyPackage {
  readonly participant_id: string;
  /** The position of `participant_id` in `participants`, from 1. */
  readonly identifier: number;
  /** Secret. A scalar of Ns bytes as lower-case hex. */
  readonly signing_share: string;
  /** Of the key package, as dealt; see `keyPackageFingerprint`. 32 bytes as lower-case hex. */
  readonly key_package_fingerprint: string;
}

/** A share with the epoch of its key, as a device keeps it. */
export interface KeptShare {
  readonly keyShare: KeyShare;
  /** Counts a family's keys from 1. */
  readonly epoch: number;
}

/**
 * Reads a key share from where it was kept and verifies it: the public half is as it was dealt and holds
 * together, and the signing share is the one behind this guardian's verifying share (RFC 9591 appendix C.2).
 *
 * @param value - Parsed JSON.
 * @throws {GuardianError} `key_share_invalid`.
 *
 * @example
 * ```ts
 * import { formatFingerprint, parseKeyShare } from "@permafrost/client/guardian";
 *
 * declare const file: string;
 * const share = parseKeyShare(JSON.parse(file));
 * console.log(share.participant_id, formatFingerprint(share.key_package_fingerprint));
 * ```
 */
export function parseKeyShare(value: unknown): KeyShare {
  const share = shapeOf(value);
  if (share === undefined) throw invalid("The key share is malformed");
  if (!share.participants.every(isIdentifier)) {
    throw invalid("A guardian's name must be 1 to 255 characters, none of them control characters");
  }
  if (share.participants[share.identifier - 1] !== share.participant_id) {
    throw invalid("The key share's identifier is not its participant's position");
  }
  if (keyPackageFingerprint(share) !== share.key_package_fingerprint) {
    throw invalid(
      "The key share's public half was changed since it was dealt: its fingerprint differs",
    );
  }
  const suite = suiteOf(share.ciphersuite);
  try {
    verifyKeyPackage({
      ciphersuite: share.ciphersuite,
      threshold: share.threshold,
      participants: share.participants,
      groupPublicKey: share.group_public_key,
      verifyingShares: share.verifying_shares,
    });
    const scalar = parseScalar(suite, share.signing_share, "share_invalid", "A signing share");
    const verifyingShare = elementToHex(suite.Point.BASE.multiply(scalar));
    if (verifyingShare === share.verifying_shares[share.identifier - 1]) return share;
  } catch (cause) {
    throw invalid("The key share does not belong to a valid key package", { cause });
  }
  throw invalid("The signing share is not the one behind its verifying share");
}

/** The share as noble takes it. A copy: noble reads it, and the caller may wipe it. */
export function frostSecretOf(share: KeyShare): { identifier: string; signingShare: Uint8Array } {
  const { frost } = suiteOf(share.ciphersuite);
  return {
    identifier: frost.Identifier.fromNumber(share.identifier),
    signingShare: hexToBytes(share.signing_share),
  };
}

function shapeOf(value: unknown): KeyShare | undefined {
  const keyPackage = keyPackageOf(value);
  const participant_id = fieldOf(value, "participant_id");
  const identifier = fieldOf(value, "identifier");
  const signing_share = fieldOf(value, "signing_share");
  const key_package_fingerprint = fieldOf(value, "key_package_fingerprint");
  const valid = keyPackage !== undefined && typeof participant_id === "string" &&
    typeof identifier === "number" && typeof signing_share === "string" &&
    typeof key_package_fingerprint === "string";
  return valid
    ? { ...keyPackage, participant_id, identifier, signing_share, key_package_fingerprint }
    : undefined;
}

function invalid(message: string, options?: ErrorOptions): GuardianError {
  return new GuardianError("key_share_invalid", message, options);
}
