/**
 * Sessions of both kinds as the database tells of them, and reading them.
 *
 * @module
 */
import type { Database } from "../../supabase/functions/_shared/database.types.ts";
import type { Ciphersuite } from "../../supabase/functions/_shared/frost/suites.ts";
import type { SigningMethod } from "../../supabase/functions/_shared/methods.ts";
import { type RegisteredKeyPackage, registeredKeyPackageOf } from "../key_package.ts";
import { failure, type Result, success } from "../result.ts";
import { fieldOf } from "../shapes.ts";
import type { SigningPackage } from "../guardian/signing_session.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, rpc } from "../transport.ts";
import { type Transcript, transcriptOf } from "./transcript_chain.ts";

type Tables = Database["public"]["Tables"];

/** Where a FROST session can be. */
export type FrostStatus = Database["public"]["Enums"]["signing_session_status"];

/** A FROST session as lists show it: what is true now, and what is missing to finish it. */
export type FrostSessionSummary =
  & Omit<Tables["frost_signing_sessions"]["Row"], "event_template">
  & {
    /** Null in a dry run, as `key_package_id` is. */
    readonly ciphersuite: Ciphersuite | null;
    /** The kind of the Nostr event that is to be signed; null without one. */
    readonly event_kind: number | null;
    /** Who owes a nonce commitment, while round one is open. */
    readonly missing_commitments: readonly string[];
    /** Which signers owe a signature share, from `signing` on. */
    readonly missing_signatures: readonly string[];
    /** Who declined, and why. */
    readonly declined: Readonly<Record<string, string>>;
    readonly can_aggregate: boolean;
    readonly is_expired: boolean;
    readonly signable: boolean;
    readonly signable_reason: string | null;
    /** What members must be told about the key; null for nothing. */
    readonly warning: string | null;
    /** The last digest of its transcript: 32 bytes as lower-case hex. */
    readonly transcript_head: string;
  };

/** How a session is signed. */
export type SigningMode = Database["public"]["Enums"]["signing_mode"];

/** One set of signers with one set of commitments; any quorum of a session may finish it. */
export interface SigningQuorum {
  /** A label. */
  readonly quorum: number;
  /** In identifier order; null while it collects commitments. */
  readonly signers: readonly string[] | null;
  readonly status: Database["public"]["Enums"]["signing_quorum_status"];
  /** Each participant's hiding ‖ binding, lower-case hex. */
  readonly commitments: Readonly<Record<string, string>>;
  /** Each signer's share, lower-case hex. */
  readonly shares: Readonly<Record<string, string>>;
}

/** A FROST session, whole. */
export type FrostSession = FrostSessionSummary & {
  readonly event_template: Tables["frost_signing_sessions"]["Row"]["event_template"];
  readonly quorums: readonly SigningQuorum[];
  /**
   * Each participant's hiding ‖ binding, lower-case hex: in two rounds; else of the quorum that finishes the session,
   * and empty before.
   */
  readonly nonce_commitments: Readonly<Record<string, string>>;
  /** Each signer's share, lower-case hex. */
  readonly signature_shares: Readonly<Record<string, string>>;
};

/** Where a recovery request can be. */
export type RecoveryStatus = Database["public"]["Enums"]["sss_request_status"];

/** A recovery request as lists show it: what is true now, and who has done what. */
export type RecoveryRequestSummary =
  & Omit<Tables["sss_signing_requests"]["Row"], "event_template">
  & {
    readonly ciphersuite: Ciphersuite;
    /** The kind of the Nostr event that is to be signed; null without one. */
    readonly event_kind: number | null;
    readonly submitted_guardians: readonly string[];
    /** Whose share the requester found bad; they may hand in another. */
    readonly rejected_guardians: readonly string[];
    readonly missing_guardians: readonly string[];
    /** Who declined, and why. */
    readonly declined: Readonly<Record<string, string>>;
    readonly is_expired: boolean;
    /** What members must be told about the key; null for nothing. */
    readonly warning: string | null;
    /** The last digest of its transcript: 32 bytes as lower-case hex. */
    readonly transcript_head: string;
  };

/** A recovery request, whole. */
export type RecoveryRequest = RecoveryRequestSummary & {
  readonly event_template: Tables["sss_signing_requests"]["Row"]["event_template"];
  readonly key_package: RegisteredKeyPackage;
  /** Ciphertexts by guardian, for the requester alone and while they are of use; else empty. */
  readonly encrypted_shares: Readonly<Record<string, string>>;
};

/** A session of either kind. */
export type AnySession =
  | { readonly method: "frost"; readonly status: FrostStatus; readonly session: FrostSession }
  | { readonly method: "sss"; readonly status: RecoveryStatus; readonly session: RecoveryRequest };

/** Nothing is read, approved or verified under an id that is not its own. */
const another = () => failure("unexpected_answer", "The server answers with another session");

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
  if (!read.success) return read;
  return read.answer.session_id === sessionId ? success({ session: read.answer }) : another();
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
  if (!read.success) return read;
  return read.answer.request_id === requestId ? success({ request: read.answer }) : another();
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
  if (!read.success) return read;
  const transcript = read.answer;
  const isAsked = transcript.subject === subject && transcript.subject_id === id;
  return isAsked ? success({ transcript }) : another();
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

// These check that an answer is ours by a few fields. The rest of it is the database's, and not checked again.

/** A FROST session, if it is one. */
export function asFrostSession(data: unknown): FrostSession | undefined {
  return isFrostSession(data) ? data : undefined;
}

function isFrostSession(data: unknown): data is FrostSession {
  return isFrostSummary(data) && isObject(fieldOf(data, "nonce_commitments"));
}

/** A page of sessions, if it is one. */
export function asFrostSummaries(data: unknown): FrostSessionSummary[] | undefined {
  return Array.isArray(data) && data.every(isFrostSummary) ? data : undefined;
}

function isFrostSummary(data: unknown): data is FrostSessionSummary {
  return isTimed(data, "session_id");
}

/** A signing package, if it is one. `Guardian.sign` checks what it says. */
export function asSigningPackage(data: unknown): SigningPackage | undefined {
  return isSigningPackage(data) ? data : undefined;
}

function isSigningPackage(data: unknown): data is SigningPackage {
  return typeof fieldOf(data, "session_id") === "string" && isKeyed(data);
}

/** A recovery request, if it is one. */
export function asRecoveryRequest(data: unknown): RecoveryRequest | undefined {
  return isRecoveryRequest(data) ? data : undefined;
}

function isRecoveryRequest(data: unknown): data is RecoveryRequest {
  return isRecoverySummary(data) && isKeyed(data);
}

/** A page of recovery requests, if it is one. */
export function asRecoverySummaries(data: unknown): RecoveryRequestSummary[] | undefined {
  return Array.isArray(data) && data.every(isRecoverySummary) ? data : undefined;
}

function isRecoverySummary(data: unknown): data is RecoveryRequestSummary {
  return isTimed(data, "request_id");
}

/** Whether it has an id, a status, and a time to expire. */
function isTimed(data: unknown, id: "session_id" | "request_id"): boolean {
  return typeof fieldOf(data, id) === "string" && typeof fieldOf(data, "status") === "string" &&
    typeof fieldOf(data, "expires_at") === "number";
}

function isKeyed(data: unknown): boolean {
  return registeredKeyPackageOf(fieldOf(data, "key_package")) !== undefined;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
