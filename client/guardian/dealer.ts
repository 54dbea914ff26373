/**
 * A trusted dealer (RFC 9591 appendix C): one device splits a key and hands out the shares. It holds the
 * whole key while it does so; after that, no device does.
 */
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { parseScalar } from "../../supabase/functions/_shared/frost/encoding.ts";
import { FrostError } from "../../supabase/functions/_shared/frost/error.ts";
import {
  keyPackageFingerprint,
  MAX_PARTICIPANTS,
} from "../../supabase/functions/_shared/frost/key_package.ts";
import {
  type Ciphersuite,
  type Suite,
  suiteOf,
  TAPROOT_CIPHERSUITE,
} from "../../supabase/functions/_shared/frost/suites.ts";
import { isIdentifier } from "../../supabase/functions/_shared/identifier.ts";
import type { KeyShare } from "./key_share.ts";

const NAME_RULE = "must be 1 to 255 characters, none of them control characters";

/** What to deal. */
export interface DealOptions {
  readonly familyId: string;
  /** By default `FROST-secp256k1-SHA256-TR-v1`, for Nostr and Taproot. */
  readonly ciphersuite?: Ciphersuite;
  /** How many guardians a signature takes: 2 to the number of participants. */
  readonly threshold: number;
  /** The guardians' ids, at most 255, all different; the order gives them their identifiers. */
  readonly participants: readonly string[];
  /**
   * An existing secret key to split instead of a fresh one: a scalar, not zero, of Ns bytes as lower-case
   * hex. For Nostr that is the secret key itself. An RFC 8032 seed (Ed25519, Ed448) is no scalar.
   */
  readonly secret?: string;
}

/** The body of the edge function `register-key-package`: public. */
export interface KeyPackageRegistration {
  readonly familyId: string;
  readonly ciphersuite: Ciphersuite;
  readonly threshold: number;
  readonly participants: string[];
  readonly groupPublicKey: string;
  readonly verifyingShares: Record<string, string>;
  readonly vssCommitment: string[];
}

/** A dealt key: the part to register, and a secret part for each guardian's device. */
export interface DealtKey {
  readonly registration: KeyPackageRegistration;
  /** In the order of the participants. Each goes to its own guardian, and only there. */
  readonly keyShares: KeyShare[];
  /** Of the key package: what guardians compare, on paper, when they are handed their shares. */
  readonly fingerprint: string;
}

/**
 * Deals a key.
 *
 * The group key of a split Nostr secret has that secret's x-only public key. Its encoding here also says
 * whether y is odd, which a BIP-340 key does not; guardians and coordinator allow for that when they sign.
 *
 * @throws {FrostError} `participants_invalid`, `threshold_invalid`; `invalid_input` for the family's id, the
 *   ciphersuite and the secret.
 *
 * @example
 * ```ts
 * import { dealKey, formatFingerprint } from "@permafrost/client/guardian";
 *
 * declare function save(name: string, text: string): void;
 * const { registration, keyShares, fingerprint } = dealKey({
 *   familyId: "family",
 *   threshold: 2,
 *   participants: ["ann", "bob", "cleo"],
 * });
 * console.log("Write this down:", formatFingerprint(fingerprint));
 * // Public:
 * save("registration", JSON.stringify(registration));
 * // Secret: each for its own guardian, and only there.
 * for (const share of keyShares) save(share.participant_id, JSON.stringify(share));
 * ```
 */
export function dealKey(options: DealOptions): DealtKey {
  const { familyId, threshold, ciphersuite = TAPROOT_CIPHERSUITE } = options;
  const participants = [...options.participants];
  const count = participants.length;
  // The coordinator would refuse these only after the shares were handed out.
  if (!isIdentifier(familyId)) {
    throw new FrostError("invalid_input", `The family's id ${NAME_RULE}`);
  }
  if (!participants.every(isIdentifier)) {
    throw new FrostError("participants_invalid", `A participant's id ${NAME_RULE}`);
  }
  if (count < 2 || count > MAX_PARTICIPANTS) {
    throw new FrostError(
      "participants_invalid",
      `There must be 2 to ${MAX_PARTICIPANTS} participants`,
    );
  }
  if (new Set(participants).size !== count) {
    throw new FrostError("participants_invalid", "The participants must be all different");
  }
  if (!Number.isInteger(threshold) || threshold < 2 || threshold > count) {
    throw new FrostError("threshold_invalid", `The threshold must be from 2 to ${count}`);
  }
  const suite = suiteOf(ciphersuite);
  const { frost } = suite;
  const ids = participants.map((_, i) => frost.Identifier.fromNumber(i + 1));
  const secret = options.secret === undefined ? undefined : parseSecret(suite, options.secret);
  const dealt = frost.trustedDealer({ min: threshold, max: count }, ids, secret);
  const groupPublicKey = bytesToHex(dealt.public.commitments[0]);
  const verifyingShares = ids.map((id) => bytesToHex(dealt.public.verifyingShares[id]));
  const keyPackage = {
    ciphersuite,
    threshold,
    participants,
    group_public_key: groupPublicKey,
    verifying_shares: verifyingShares,
  };
  const fingerprint = keyPackageFingerprint(keyPackage);
  return {
    registration: {
      familyId,
      ciphersuite,
      threshold,
      participants,
      groupPublicKey,
      verifyingShares: Object.fromEntries(participants.map((p, i) => [p, verifyingShares[i]])),
      vssCommitment: dealt.public.commitments.map((point) => bytesToHex(point)),
    },
    keyShares: participants.map((participant_id, i) => ({
      ...keyPackage,
      participant_id,
      identifier: i + 1,
      signing_share: bytesToHex(dealt.secretShares[ids[i]].signingShare),
      key_package_fingerprint: fingerprint,
    })),
    fingerprint,
  };
}

function parseSecret(suite: Suite, hex: string): Uint8Array {
  if (parseScalar(suite, hex, "invalid_input", "The secret to split") === 0n) {
    throw new FrostError("invalid_input", "The secret to split must not be zero");
  }
  return hexToBytes(hex);
}
