/**
 * What a ceremony is for, and what devices hash and sign of it. All hashes are SHA-256 over the UTF-8 of JSON as
 * `JSON.stringify` writes it, 32 bytes as lower-case hex.
 *
 * @module
 */
import { schnorr } from "@noble/curves/secp256k1.js";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { paramsHash, type SessionParams } from "../chilldkg/session.ts";
import { isHex } from "../frost/encoding.ts";
import { FrostError } from "../frost/error.ts";
import type { KeyPackage } from "../frost/key_package.ts";
import type { Ciphersuite } from "../frost/suites.ts";

/** How shares are made. */
export const PROTOCOLS = ["chilldkg", "pedersen", "reshare"] as const;

/** The name of a protocol. */
export type Protocol = (typeof PROTOCOLS)[number];

/** `dkg` makes a new key; `reshare` gives the same group public key new shares. */
export const CEREMONY_KINDS = ["dkg", "reshare"] as const;

/** A key package with its number in the family. */
export interface EpochPackage extends KeyPackage {
  /** Counts a family's keys from 1. */
  readonly epoch: number;
}

/** What is fixed from the start of a ceremony. */
export interface CeremonyTerms {
  readonly ceremonyId: string;
  readonly familyId: string;
  readonly kind: (typeof CEREMONY_KINDS)[number];
  readonly protocol: Protocol;
  readonly ciphersuite: Ciphersuite;
  readonly threshold: number;
  /** Who gets a share; a position, from 1, is an identifier. */
  readonly participants: readonly string[];
  /** The participants' host keys in their order: 33 bytes each as lower-case hex. */
  readonly hostPublicKeys: readonly string[];
  /** Of a reshare: signers of the old package, as many as its threshold; else null. */
  readonly dealers: readonly string[] | null;
  readonly dealerHostPublicKeys: readonly string[] | null;
  /** Of a reshare: the old package; else null. */
  readonly fromPackage: EpochPackage | null;
}

/** The hash of a value's JSON. */
export function hashOfJson(value: unknown): string {
  return hashOfText(JSON.stringify(value));
}

/** The hash of a text. */
export function hashOfText(text: string): string {
  return bytesToHex(sha256(new TextEncoder().encode(text)));
}

/** What guardians of two epochs tell their packages apart by: as `keyPackageFingerprint`, with the epoch. */
export function keyPackageDigest(keyPackage: EpochPackage): string {
  const { epoch, ciphersuite, threshold, participants, group_public_key, verifying_shares } =
    keyPackage;
  return hashOfJson([
    epoch,
    ciphersuite,
    threshold,
    participants,
    group_public_key,
    verifying_shares,
  ]);
}

/** The parameters as ChillDKG has them; its participants count from 0. */
export function chillDkgParams({ hostPublicKeys, threshold }: CeremonyTerms): SessionParams {
  return { hostPublicKeys: hostPublicKeys.map((key) => hexToBytes(key)), threshold };
}

/** What guardians compare before round one. */
export function paramsIdOf(terms: CeremonyTerms): string {
  return hashOfText(paramsOf(terms));
}

/** The JSON of which `paramsIdOf` is the hash. */
export function paramsOf(terms: CeremonyTerms): string {
  return JSON.stringify([
    "permafrost/ceremony",
    terms.ceremonyId,
    terms.familyId,
    terms.kind,
    terms.protocol,
    terms.ciphersuite,
    terms.threshold,
    terms.participants,
    terms.hostPublicKeys,
    terms.dealers,
    terms.dealerHostPublicKeys,
    terms.fromPackage && keyPackageDigest(terms.fromPackage),
    terms.protocol === "chilldkg" ? bytesToHex(paramsHash(chillDkgParams(terms))) : null,
  ]);
}

/** Who sends a message in a round, in order: dealers, or participants, or nobody. */
export function sendersOf({ kind, participants, dealers }: CeremonyTerms, round: number) {
  if (kind !== "reshare" || round === 3) return participants;
  return round === 1 ? dealers ?? [] : [];
}

/** The host key with which somebody signs its message of a round. */
export function hostPublicKeyIn(terms: CeremonyTerms, round: number, sender: string): string {
  const { kind, hostPublicKeys, dealerHostPublicKeys } = terms;
  const keys = kind === "reshare" && round === 1 ? dealerHostPublicKeys ?? [] : hostPublicKeys;
  return keys[sendersOf(terms, round).indexOf(sender)];
}

/** What a guardian signs to register its host key. */
export function hostKeyProofHash(
  familyId: string,
  participantId: string,
  hostPublicKey: string,
): string {
  return hashOfJson(["permafrost/host-key", familyId, participantId, hostPublicKey]);
}

/** What a participant signs when all fits: the same for all. */
export function confirmationHash(paramsId: string, transcriptHash: string, packageDigest: string) {
  return hashOfJson(["permafrost/confirm", paramsId, transcriptHash, packageDigest]);
}

/**
 * Whether a BIP-340 signature (64 bytes as lower-case hex) of a hash is by a host key, of which it sees x alone;
 * `false` as well for what is not a signature.
 */
export function isSignedByHostKey(hash: string, signature: string, hostPublicKey: string): boolean {
  if (!isHex(signature, 64) || !isHex(hostPublicKey, 33)) return false;
  return schnorr.verify(
    hexToBytes(signature),
    hexToBytes(hash),
    hexToBytes(hostPublicKey.slice(2)),
  );
}

/** A message of a ceremony that does not verify. */
export function invalidMessage(sentence: string): FrostError {
  return new FrostError("ceremony_message_invalid", sentence);
}
