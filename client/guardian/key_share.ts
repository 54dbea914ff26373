/** A guardian's share of a key, as it is kept on the guardian's device. */
import { hexToBytes } from "@noble/curves/utils.js";
import { elementToHex, parseScalar } from "../../supabase/functions/_shared/frost/encoding.ts";
import { verifyKeyPackage } from "../../supabase/functions/_shared/frost/key_package.ts";
import {
  type Ciphersuite,
  isCiphersuite,
  suiteOf,
} from "../../supabase/functions/_shared/frost/suites.ts";
import { GuardianError } from "../errors.ts";
import { isTextList } from "../shapes.ts";

/** One guardian's share with the public half of its key. Serialises to JSON; keep it secret. */
export interface KeyShare {
  readonly ciphersuite: Ciphersuite;
  readonly participants: readonly string[];
  readonly threshold: number;
  readonly participant_id: string;
  /** The position of `participant_id` in `participants`, from 1. */
  readonly identifier: number;
  /** Secret. A scalar of Ns bytes as lower-case hex. */
  readonly signing_share: string;
  /** As dealt: an encoded point of Ne bytes as lower-case hex. */
  readonly group_public_key: string;
  /** In the order of `participants`. */
  readonly verifying_shares: readonly string[];
}

/**
 * Reads a key share from where it was kept and verifies it: the public half holds together, and the
 * signing share is the one behind this guardian's verifying share (RFC 9591 appendix C.2).
 *
 * @param value - Parsed JSON.
 * @throws {GuardianError} `key_share_invalid`.
 */
export function parseKeyShare(value: unknown): KeyShare {
  const share = shapeOf(value);
  if (share === undefined) throw invalid("The key share is malformed");
  if (share.participants[share.identifier - 1] !== share.participant_id) {
    throw invalid("The key share's identifier is not its participant's position");
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
  if (typeof value !== "object" || value === null) return undefined;
  const {
    ciphersuite,
    participants,
    threshold,
    participant_id,
    identifier,
    signing_share,
    group_public_key,
    verifying_shares,
  }: Partial<Record<keyof KeyShare, unknown>> = value;
  const valid = typeof ciphersuite === "string" && isCiphersuite(ciphersuite) &&
    isTextList(participants) && isTextList(verifying_shares) && typeof threshold === "number" &&
    typeof participant_id === "string" && typeof identifier === "number" &&
    typeof signing_share === "string" && typeof group_public_key === "string";
  return valid
    ? {
      ciphersuite,
      participants: [...participants],
      threshold,
      participant_id,
      identifier,
      signing_share,
      group_public_key,
      verifying_shares: [...verifying_shares],
    }
    : undefined;
}

function invalid(message: string, options?: ErrorOptions): GuardianError {
  return new GuardianError("key_share_invalid", message, options);
}
