/**
 * Sessions of both kinds as the database tells of them, and reading them.
 *
 * @module
 */
import type { Database } from "../../supabase/functions/_shared/database.types.ts";
import { type Ciphersuite, isCiphersuite } from "../../supabase/functions/_shared/frost/suites.ts";
import type { SigningMethod } from "../../supabase/functions/_shared/methods.ts";
import { failure, type Result, success } from "../result.ts";
import { fieldOf, isTextList } from "../shapes.ts";
import type { SigningPackage } from "../guardian/signing_session.ts";
import { postgrestAnswerOf } from "../answers.ts";
import { selectOne, type Supabase } from "../supabase.ts";
import { call, type CallOptions, rpc } from "../transport.ts";

type Tables = Database["public"]["Tables"];

/** Where a FROST session can be. */
export type FrostStatus = Database["public"]["Enums"]["signing_session_status"];

/** A FROST session: its columns with the status that is true now, and what is missing to finish it. */
export type FrostSession = Tables["frost_signing_sessions"]["Row"] & {
  /** Null in a dry run, as `key_package_id` is. */
  readonly ciphersuite: Ciphersuite | null;
  readonly nonce_commitments: Readonly<Record<string, string>>;
  readonly signature_shares: Readonly<Record<string, string>>;
  readonly missing_commitments: readonly string[];
  readonly missing_signatures: readonly string[];
  readonly can_aggregate: boolean;
  readonly is_expired: boolean;
  readonly signable: boolean;
  readonly signable_reason: string | null;
  /** What members must be told about the key; null for nothing. */
  readonly warning: string | null;
};

const KEY_PACKAGE_COLUMNS = [
  "key_package_id",
  "ciphersuite",
  "threshold",
  "participants",
  "group_public_key",
  "verifying_shares",
] as const;

/** The part of a key package that signatures and shares are checked with. */
export type KeyPackage =
  & Pick<
    Tables["frost_key_packages"]["Row"],
    Exclude<(typeof KEY_PACKAGE_COLUMNS)[number], "ciphersuite">
  >
  & { readonly ciphersuite: Ciphersuite };

/** Where a recovery request can be. */
export type RecoveryStatus = Database["public"]["Enums"]["sss_request_status"];

/** A recovery request: its columns with the status that is true now, and who has done what. */
export type RecoveryRequest = Tables["sss_signing_requests"]["Row"] & {
  readonly ciphersuite: Ciphersuite;
  readonly key_package: KeyPackage;
  readonly submitted_guardians: readonly string[];
  /** Whose share the requester found bad; they may hand in another. */
  readonly rejected_guardians: readonly string[];
  readonly missing_guardians: readonly string[];
  /** Who declined, and why. */
  readonly declined: Readonly<Record<string, string>>;
  readonly is_expired: boolean;
  /** For the requester alone, while they are of use; empty or null for everybody else. */
  readonly encrypted_shares: Readonly<Record<string, string>> | null;
  /** What members must be told about the key; null for nothing. */
  readonly warning: string | null;
};

/** A session of either kind. */
export type AnySession =
  | { readonly method: "frost"; readonly status: FrostStatus; readonly session: FrostSession }
  | { readonly method: "sss"; readonly status: RecoveryStatus; readonly session: RecoveryRequest };

/**
 * Reads a FROST session.
 *
 * Errors: `session_not_found`.
 */
export async function readFrostSession(
  supabase: Supabase,
  sessionId: string,
  options: CallOptions = {},
): Promise<Result<{ session: FrostSession }>> {
  const args = { p_session_id: sessionId };
  const read = await rpc(supabase, "get_signing_session", args, asFrostSession, {
    ...options,
    safe: true,
  });
  return read.success ? success({ session: read.answer }) : read;
}

/**
 * Reads a recovery request.
 *
 * Errors: `session_not_found`.
 */
export async function readRecoveryRequest(
  supabase: Supabase,
  requestId: string,
  options: CallOptions = {},
): Promise<Result<{ request: RecoveryRequest }>> {
  const args = { p_request_id: requestId };
  const read = await rpc(supabase, "get_recovery_request", args, asRecoveryRequest, {
    ...options,
    safe: true,
  });
  return read.success ? success({ request: read.answer }) : read;
}

/**
 * Reads a session of either kind; where the method is not known, looks for both.
 *
 * Errors: `session_not_found`.
 */
export async function readSession(
  supabase: Supabase,
  id: string,
  method?: SigningMethod,
  options: CallOptions = {},
): Promise<Result<AnySession>> {
  if (method !== "sss") {
    const read = await readFrostSession(supabase, id, options);
    if (read.success) {
      return success({ method: "frost", status: read.session.status, session: read.session });
    }
    if (method === "frost" || read.code !== "session_not_found") return read;
  }
  const read = await readRecoveryRequest(supabase, id, options);
  if (!read.success) return read;
  return success({ method: "sss", status: read.request.status, session: read.request });
}

/**
 * Reads the key a session is bound to, from the database.
 *
 * Errors: `no_key_package` for a dry run.
 */
export async function readKeyPackage(
  supabase: Supabase,
  { method, session }: AnySession,
  options: CallOptions = {},
): Promise<Result<{ keyPackage: KeyPackage }>> {
  if (method === "sss") return success({ keyPackage: session.key_package });
  const { key_package_id } = session;
  if (key_package_id === null) {
    return failure("no_key_package", "The session is a dry run: the family had no key package");
  }
  const where = ["key_package_id", key_package_id] as const;
  const read = await call(true, async (signal) =>
    postgrestAnswerOf(
      await selectOne(supabase, "frost_key_packages", KEY_PACKAGE_COLUMNS, where, signal),
      asKeyPackage,
    ), options);
  return read.success ? success({ keyPackage: read.answer }) : read;
}

// What came is checked as far as to know that it is an answer of ours; what is in it, our database says.

/** A FROST session, or nothing. */
export function asFrostSession(data: unknown): FrostSession | undefined {
  return isFrostSession(data) ? data : undefined;
}

function isFrostSession(data: unknown): data is FrostSession {
  return typeof fieldOf(data, "session_id") === "string" &&
    typeof fieldOf(data, "status") === "string" &&
    typeof fieldOf(data, "expires_at") === "number";
}

/** A signing package, or nothing; whether it is in order is for `Guardian.sign` to say. */
export function asSigningPackage(data: unknown): SigningPackage | undefined {
  return isSigningPackage(data) ? data : undefined;
}

function isSigningPackage(data: unknown): data is SigningPackage {
  return typeof fieldOf(data, "session_id") === "string" &&
    isKeyPackage(fieldOf(data, "key_package"));
}

/** Several FROST sessions, or nothing. */
export function asFrostSessions(data: unknown): FrostSession[] | undefined {
  return Array.isArray(data) && data.every(isFrostSession) ? data : undefined;
}

/** A recovery request, or nothing. */
export function asRecoveryRequest(data: unknown): RecoveryRequest | undefined {
  return isRecoveryRequest(data) ? data : undefined;
}

function isRecoveryRequest(data: unknown): data is RecoveryRequest {
  return typeof fieldOf(data, "request_id") === "string" &&
    typeof fieldOf(data, "status") === "string" &&
    typeof fieldOf(data, "expires_at") === "number" && isKeyPackage(fieldOf(data, "key_package"));
}

/** Several recovery requests, or nothing. */
export function asRecoveryRequests(data: unknown): RecoveryRequest[] | undefined {
  return Array.isArray(data) && data.every(isRecoveryRequest) ? data : undefined;
}

function asKeyPackage(data: unknown): KeyPackage | undefined {
  return isKeyPackage(data) ? data : undefined;
}

function isKeyPackage(data: unknown): data is KeyPackage {
  const ciphersuite = fieldOf(data, "ciphersuite");
  return typeof ciphersuite === "string" && isCiphersuite(ciphersuite) &&
    typeof fieldOf(data, "key_package_id") === "string" &&
    typeof fieldOf(data, "threshold") === "number" &&
    typeof fieldOf(data, "group_public_key") === "string" &&
    isTextList(fieldOf(data, "participants")) && isTextList(fieldOf(data, "verifying_shares"));
}
