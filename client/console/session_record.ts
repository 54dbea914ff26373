/**
 * A session with its record, held against what this device knows.
 *
 * @module
 */
import type { KeptShare } from "../guardian/key_share.ts";
import { failure, type Result, success } from "../result.ts";
import { type FrostSession, readFrostSession, readTranscript } from "../sessions/session.ts";
import { type VerifiedTranscript, verifyTranscript } from "../sessions/transcript.ts";
import type { Transcript } from "../sessions/transcript_chain.ts";
import type { Supabase } from "../supabase.ts";
import type { CallOptions } from "../transport.ts";

/** A transcript, held against what a device knows. */
export interface CheckedTranscript {
  /** This device's of the session's key: an older session was signed with that of another epoch. */
  readonly share: KeptShare | undefined;
  readonly verified: Result<VerifiedTranscript>;
}

/** What is shown of a session. What the record comes to is for the session as it is shown. */
export interface SessionRecord extends CheckedTranscript {
  readonly session: FrostSession;
  readonly transcript: Transcript;
}

/** Reads a session and its transcript, and checks them. Errors: `session_not_found`. */
export async function readRecord(
  supabase: Supabase,
  check: (transcript: Transcript) => Promise<CheckedTranscript>,
  id: string,
  options: CallOptions = {},
): Promise<Result<SessionRecord>> {
  const read = await readFrostSession(supabase, id, options);
  if (!read.success) return read;
  const { session } = read;
  for (let isAgain = false;; isAgain = true) {
    const told = await readTranscript(supabase, "session", id, options);
    if (!told.success) return told;
    const { transcript } = told;
    const { share, verified } = await check(transcript);
    // This device may have seen more of the session since the transcript was read.
    if (!isAgain && !verified.success && verified.code === "transcript_rewritten") continue;
    return success({ session, transcript, share, verified: ofSession(session, verified) });
  }
}

/** The record must be of what is shown beside it. */
function ofSession(
  { message_hash, final_signature }: FrostSession,
  verified: Result<VerifiedTranscript>,
): Result<VerifiedTranscript> {
  if (!verified.success) return verified;
  const { message, finalSignature } = verified.proven;
  const isOther = message !== null && message !== message_hash ||
    finalSignature !== null && final_signature !== null && finalSignature !== final_signature;
  return isOther
    ? failure("transcript_invalid", "It is not of the message and the signature that stand here")
    : verified;
}

/** By one of a device's shares: the first whose key it is, and none that has seen another record. */
export async function checkedByShares(
  shares: readonly KeptShare[],
  transcript: Transcript,
  check: (share: KeptShare) => Promise<Result<VerifiedTranscript>>,
): Promise<CheckedTranscript> {
  let known: CheckedTranscript | undefined;
  for (const share of shares) {
    const verified = await check(share);
    if (!verified.success && verified.code === "transcript_rewritten") return { share, verified };
    const isItsKey = verified.success || verified.code !== "key_package_mismatch";
    if (isItsKey) known ??= { share, verified };
  }
  return known ?? { share: undefined, verified: verifyTranscript(transcript) };
}
