/**
 * Sessions of both kinds as the database tells of them, and reading them.
 *
 * @module
 */
import type { Database } from "../../supabase/functions/_shared/database.types.ts";
import type { Ciphersuite } from "../../supabase/functions/_shared/frost/suites.ts";
import type { SigningMethod } from "../../supabase/functions/_shared/methods.ts";
import { type Result, success } from "../result.ts";
import { fieldOf } from "../shapes.ts";
import type { SigningPackage } from "../guardian/signing_session.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, rpc } from "../transport.ts";
import { type Transcript, transcriptOf } from "./transcript_chain.ts";
import { type RegisteredKeyPackage, registeredKeyPackageOf } from "./key_packages.ts";

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

/** Where a recovery request can be. */
export type RecoveryStatus = Database["public"]["Enums"]["sss_request_status"];

/** A recovery request: its columns with the status that is true now, and who has done what. */
export type RecoveryRequest = Tables["sss_signing_requests"]["Row"] & {
  readonly ciphersuite: Ciphersuite;
  readonly key_package: RegisteredKeyPackage;
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
 * Reads the transcript of a session or a recovery request.
 *
 * Errors: `session_not_found`.
 */
export async function readTranscript(
  supabase: Supabase,
  subject: "session" | "recovery",
  id: string,
  options: CallOptions = {},
): Promise<Result<{ transcript: Transcript }>> {
  const args = { p_subject: subject, p_subject_id: id };
  const read = await rpc(supabase, "get_transcript", args, transcriptOf, {
    ...options,
    safe: true,
  });
  return read.success ? success({ transcript: read.answer }) : read;
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
    registeredKeyPackageOf(fieldOf(data, "key_package")) !== undefined;
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
    typeof fieldOf(data, "expires_at") === "number" &&
    registeredKeyPackageOf(fieldOf(data, "key_package")) !== undefined;
}

/** Several recovery requests, or nothing. */
export function asRecoveryRequests(data: unknown): RecoveryRequest[] | undefined {
  return Array.isArray(data) && data.every(isRecoveryRequest) ? data : undefined;
}
