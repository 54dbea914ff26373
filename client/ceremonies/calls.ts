/**
 * What else there is to do about ceremonies: host keys, starting one, letting a new key take the old one's place.
 *
 * @module
 */
import {
  type EpochPackage,
  keyPackageDigest,
  type Protocol,
} from "../../supabase/functions/_shared/ceremony/terms.ts";
import type { Ciphersuite } from "../../supabase/functions/_shared/frost/suites.ts";
import { type Result, success } from "../result.ts";
import { fieldOf } from "../shapes.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, invoke, type ParticipantOptions, rpc } from "../transport.ts";
import type { HostKey } from "./host_key.ts";
import { type CeremonyStatus, epochPackageOf } from "./reading.ts";

/**
 * Registers a device's host key in the place of the one before; the family is told.
 *
 * Errors: `not_in_family`, `not_a_participant`; `host_key_invalid` for another guardian's key and a retired one.
 */
export function registerHostKey(
  supabase: Supabase,
  familyId: string,
  participantId: string,
  hostKey: HostKey,
  options: CallOptions = {},
): Promise<Result<{ hostPublicKey: string; registeredAt: number }>> {
  const { publicKey: hostPublicKey } = hostKey;
  const proof = hostKey.proof(familyId, participantId);
  return invoke(supabase, "register-host-key", { familyId, hostPublicKey, proof }, {
    ...options,
    safe: true,
    participantId,
  });
}

/** A host key as the server shows it: to be compared, and believed in nothing. */
export interface ListedHostKey {
  readonly participantId: string;
  /** 33 bytes as lower-case hex. */
  readonly hostPublicKey: string;
  /** Milliseconds since the epoch. */
  readonly registeredAt: number;
  /** Milliseconds since the epoch; null for the one in use. */
  readonly retiredAt: number | null;
}

/** The host keys of a family, retired ones too. Errors: `not_in_family`. */
export async function listHostKeys(
  supabase: Supabase,
  familyId: string,
  options: CallOptions = {},
): Promise<Result<{ hostKeys: ListedHostKey[] }>> {
  const read = (data: unknown) => Array.isArray(data) ? data.flatMap(hostKeyOf) : undefined;
  const listed = await rpc(supabase, "list_host_keys", { p_family_id: familyId }, read, {
    ...options,
    safe: true,
  });
  return listed.success ? success({ hostKeys: listed.answer }) : listed;
}

function hostKeyOf(value: unknown): ListedHostKey[] {
  const participantId = fieldOf(value, "participant_id");
  const hostPublicKey = fieldOf(value, "host_public_key");
  const registeredAt = fieldOf(value, "registered_at");
  const retiredAt = fieldOf(value, "retired_at");
  return typeof participantId === "string" && typeof hostPublicKey === "string" &&
      typeof registeredAt === "number" && (retiredAt === null || typeof retiredAt === "number")
    ? [{ participantId, hostPublicKey, registeredAt, retiredAt }]
    : [];
}

/** What a ceremony is to make. */
export interface CeremonyRequest {
  readonly familyId: string;
  /** `dkg` makes a new key; `reshare` gives the current one new shares. */
  readonly kind: "dkg" | "reshare";
  /** Of a dkg; by default `chilldkg` under `FROST-secp256k1-SHA256-TR-v1`, else `pedersen`. */
  readonly protocol?: Protocol;
  /** Of a dkg; by default `FROST-secp256k1-SHA256-TR-v1`. */
  readonly ciphersuite?: Ciphersuite;
  readonly threshold: number;
  readonly participants: readonly string[];
  /** Of a reshare: guardians of the current key, exactly as many as its threshold. */
  readonly dealers?: readonly string[];
  /** 1 to 604,800; a day by default. */
  readonly expirationSeconds?: number;
}

/** A ceremony that was started. */
export interface StartedCeremony {
  readonly ceremonyId: string;
  /** What the guardians compare. */
  readonly paramsId: string;
  readonly status: CeremonyStatus;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Starts a ceremony. Not attempted again by itself: sent twice it would be refused.
 *
 * Errors: `not_in_family`; `rate_limited`, also where only operators start a first one; `invalid_transition` while
 * another is open; `participants_invalid` also for a guardian without a host key; `threshold_invalid`,
 * `no_key_package`, `invalid_input`.
 */
export function startCeremony(
  supabase: Supabase,
  request: CeremonyRequest,
  options: ParticipantOptions = {},
): Promise<Result<StartedCeremony>> {
  return invoke(supabase, "create-key-ceremony", { ...request }, { ...options, safe: false });
}

/**
 * Fails an unfinished ceremony of the caller's own making.
 *
 * Errors: `session_not_found`, `not_the_creator`, `invalid_input`, `session_expired`, `session_finished`, `key_retired`.
 */
export async function failCeremony(
  supabase: Supabase,
  ceremonyId: string,
  reason: string,
  options: CallOptions = {},
): Promise<Result<object>> {
  const args = { p_ceremony_id: ceremonyId, p_reason: reason };
  const read = () => ({});
  const failed = await rpc(supabase, "fail_key_ceremony", args, read, { ...options, safe: true });
  return failed.success ? success({}) : failed;
}

/** What a family knows of its current key. */
export interface KeyStatus {
  readonly keyPackage: EpochPackage;
  /** Whether each guardian has signed with it. */
  readonly proven: boolean;
  readonly guardians: readonly {
    readonly participantId: string;
    /** Milliseconds since the epoch, to the hour; null for never. */
    readonly lastProvedAt: number | null;
    /** Commitments left in its pool. */
    readonly pooled: number;
  }[];
  /** What ends when the key is retired. */
  readonly openSessions: number;
  readonly openRecoveries: number;
  readonly pooledCommitments: number;
}

/**
 * Who has proved able to sign with the current key, and what ends with it.
 *
 * Errors: `not_in_family`, `no_key_package`.
 */
export async function readKeyStatus(
  supabase: Supabase,
  familyId: string,
  options: CallOptions = {},
): Promise<Result<{ status: KeyStatus }>> {
  const args = { p_family_id: familyId };
  const read = await rpc(supabase, "get_key_status", args, keyStatusOf, { ...options, safe: true });
  return read.success ? success({ status: read.answer }) : read;
}

function keyStatusOf(value: unknown): KeyStatus | undefined {
  const keyPackage = epochPackageOf(fieldOf(value, "key_package"));
  const proven = fieldOf(value, "proven");
  const guardians = fieldOf(value, "guardians");
  const count = (name: string) => Number(fieldOf(value, name) ?? NaN);
  if (keyPackage === undefined || typeof proven !== "boolean" || !Array.isArray(guardians)) {
    return undefined;
  }
  return {
    keyPackage,
    proven,
    guardians: guardians.map((guardian) => {
      const lastProvedAt = fieldOf(guardian, "last_proved_at");
      return {
        participantId: String(fieldOf(guardian, "participant_id")),
        lastProvedAt: typeof lastProvedAt === "number" ? lastProvedAt : null,
        pooled: Number(fieldOf(guardian, "pooled") ?? 0),
      };
    }),
    openSessions: count("open_sessions"),
    openRecoveries: count("open_recoveries"),
    pooledCommitments: count("pooled_commitments"),
  };
}

/**
 * Starts another ceremony in the place of an open one of the caller's own making: for a dealer who vanished, or a
 * participant who does not come.
 *
 * Errors: those of `startCeremony`; `session_not_found`, `not_the_creator`, `session_finished`.
 */
export async function restartCeremony(
  supabase: Supabase,
  ceremonyId: string,
  request: CeremonyRequest,
  options: ParticipantOptions = {},
): Promise<Result<StartedCeremony>> {
  const reason = "Another ceremony takes its place";
  const ended = await failCeremony(supabase, ceremonyId, reason, options);
  const isOver = ended.success || ended.code === "session_expired" || ended.code === "key_retired";
  return isOver ? await startCeremony(supabase, request, options) : ended;
}

/**
 * Lets the key of a confirming dkg take the place of the family's current one, as one of that one's guardians.
 *
 * @param keyPackage - As this person compared it with the new guardians. The digest is computed here: a server that gave
 * one could have the host key sign whatever it likes.
 *
 * Errors: `session_not_found`, `not_a_participant`, `host_key_invalid`, `session_finished`, `key_retired`.
 */
export function approveKeyPackage(
  supabase: Supabase,
  familyId: string,
  participantId: string,
  hostKey: HostKey,
  keyPackage: EpochPackage,
  options: CallOptions = {},
): Promise<Result<{ ceremonyId: string; status: CeremonyStatus; approvalsMissing: number }>> {
  const digest = keyPackageDigest(keyPackage);
  const signature = hostKey.signHash(digest);
  const body = { familyId, keyPackageDigest: digest, signature };
  return invoke(supabase, "approve-key-package", body, { ...options, safe: true, participantId });
}
