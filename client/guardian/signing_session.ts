/**
 * What a guardian is told by the coordinator: in round one what is to be signed, in round two everything a
 * signature share is made from. Both come from a party that is not trusted with the key, so their form is
 * checked here, and their contents in `request_checks.ts`. The answer is a copy, which nobody changes while a
 * guardian waits for its store.
 */
import { GuardianError } from "../errors.ts";
import { keyPackageOf } from "../key_package.ts";
import { fieldOf, isTextList } from "../shapes.ts";
import { isHex } from "../../supabase/functions/_shared/frost/encoding.ts";
import type { KeyPackage } from "../../supabase/functions/_shared/frost/key_package.ts";

/** What a guardian is asked to take part in: the answer of the RPC `get_signing_session`, or a part of it. */
export interface SigningSession {
  readonly session_id: string;
  /** The message, lower-case hex: 32 bytes for BIP-340, 1 to 8,192 bytes for the other suites. */
  readonly message_hash: string;
  /** The Nostr event whose id the message is, if it is one. */
  readonly event_template?: unknown;
  readonly participants: readonly string[];
  /** How many sign, exactly. */
  readonly threshold: number;
  /** Milliseconds since the epoch. */
  readonly expires_at: number;
  /** The last digest of the session's transcript. */
  readonly transcript_head?: string;
}

/** The answer of the RPC `get_signing_package`. */
export interface SigningPackage {
  readonly session_id: string;
  readonly ciphersuite: string;
  readonly message: string;
  readonly event_template?: unknown;
  readonly threshold: number;
  /** In identifier order. */
  readonly signers: readonly string[];
  /** Each signer's hiding ‖ binding, lower-case hex, 2·Ne bytes. */
  readonly commitments: Readonly<Record<string, string>>;
  /** A guardian compares it with its own. */
  readonly key_package: KeyPackage;
  /** The last digest of the session's transcript. */
  readonly transcript_head?: string;
}

type Fields<T> = Partial<Record<keyof T, unknown>>;

/**
 * Checks the form of a session.
 *
 * @throws {GuardianError} `request_invalid`.
 */
export function parseSigningSession(value: unknown): SigningSession {
  const { session_id, message_hash, event_template, participants, threshold, expires_at }: Fields<
    SigningSession
  > = objectOf(value);
  if (
    typeof session_id !== "string" || typeof message_hash !== "string" ||
    !isTextList(participants) || typeof threshold !== "number" || typeof expires_at !== "number"
  ) throw invalid("The session is malformed");
  return {
    session_id,
    message_hash,
    event_template: copyOf(event_template),
    participants: [...participants],
    threshold,
    expires_at,
    ...headOf(value),
  };
}

/**
 * Checks the form of a signing package.
 *
 * @throws {GuardianError} `request_invalid`.
 */
export function parseSigningPackage(value: unknown): SigningPackage {
  const fields: Fields<SigningPackage> = objectOf(value);
  const { session_id, ciphersuite, message, event_template, threshold, signers, commitments } =
    fields;
  if (
    typeof session_id !== "string" || typeof ciphersuite !== "string" ||
    typeof message !== "string" || typeof threshold !== "number" || !isTextList(signers) ||
    !isTextRecord(commitments)
  ) throw invalid("The signing package is malformed");
  const key_package = keyPackageOf(fields.key_package);
  if (key_package === undefined) throw invalid("The key package is malformed");
  return {
    session_id,
    ciphersuite,
    message,
    event_template: copyOf(event_template),
    threshold,
    signers: [...signers],
    commitments: { ...commitments },
    key_package,
    ...headOf(value),
  };
}

/** An older coordinator says none. */
function headOf(value: unknown): { transcript_head?: string } {
  const head = fieldOf(value, "transcript_head");
  return typeof head === "string" && isHex(head, 32) ? { transcript_head: head } : {};
}

function copyOf(value: unknown): unknown {
  try {
    // It came as JSON; and an app may keep what came in an object that cannot be cloned otherwise.
    return value === undefined ? value : JSON.parse(JSON.stringify(value));
  } catch {
    throw invalid("The event template is malformed");
  }
}

function objectOf(value: unknown): object {
  if (typeof value !== "object" || value === null) throw invalid("The request is not an object");
  return value;
}

function isTextRecord(value: unknown): value is Record<string, string> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every((item) => typeof item === "string");
}

function invalid(message: string): GuardianError {
  return new GuardianError("request_invalid", message);
}
