/**
 * Checking what the coordinator says happened, with nothing but its own answer: that the record was not
 * changed, that every accepted share is its signer's, and that the signature is the group's.
 *
 * @module
 */
import { FrostError } from "../../supabase/functions/_shared/frost/error.ts";
import { keyPackageFingerprint } from "../../supabase/functions/_shared/frost/key_package.ts";
import { isSameFingerprint } from "../key_package.ts";
import { failure, type Result, success } from "../result.ts";
import { brokenLinkOf, type TranscriptEvent, transcriptOf } from "./transcript_chain.ts";
import { Contradiction, type Proven, provenBy } from "./transcript_proof.ts";

/** What a transcript is held against besides itself. */
export interface TranscriptPins {
  /** The fingerprint of the key package, as this device knows it; hex or in groups. */
  readonly keyPackageFingerprint?: string;
  /** A `transcript_head` that was seen before: the chain must contain it. */
  readonly seenHead?: string;
}

/** What a transcript comes to. */
export interface VerifiedTranscript {
  readonly subject: string;
  readonly subjectId: string;
  /** The last event's digest. Keep it: a later transcript must contain it. */
  readonly head: string;
  /** Null if the subject is not bound to a key; then nothing but the chain could be checked. */
  readonly keyPackageFingerprint: string | null;
  readonly proven: Proven;
  /**
   * What rests on the server's word alone: what it refused, and from whom; who declined; and why it failed.
   * The server could have made these up, but only before it showed the head to a client.
   */
  readonly claimed: readonly TranscriptEvent[];
}

/** Subjects that are about a signature. */
const SIGNING = new Set(["session", "recovery"]);

/** Events that arithmetic bears out. */
const PROVEN = new Set([
  "created",
  "commitment_accepted",
  "round_one_closed",
  "share_accepted",
  "aggregating",
  "completed",
]);

/**
 * Checks a transcript: the hash chain; every accepted commitment and share against the key package (RFC
 * 9591 section 5.4); and the final signature. It needs nothing but the answer of `get_transcript`.
 *
 * Errors: `transcript_invalid` if it contradicts itself, `transcript_rewritten` if it does not contain the
 * head that was seen before, `key_package_mismatch` if its key is not the pinned one.
 *
 * @param transcript - The answer of `get_transcript`, as parsed JSON.
 *
 * @example
 * ```ts
 * import { createClient } from "@supabase/supabase-js";
 * import { FrostSessionManager, verifyTranscript } from "@permafrost/client/sessions";
 *
 * const supabase = createClient("https://abc.supabase.co", "sb_publishable_…");
 * const read = await new FrostSessionManager(supabase).getTranscript("the session's id");
 * if (read.success) {
 *   const verified = verifyTranscript(read.transcript);
 *   if (verified.success) console.log("signed by", verified.proven.shares.join(" and "));
 *   else console.log(verified.code, verified.error);
 * }
 * ```
 */
export function verifyTranscript(
  transcript: unknown,
  { keyPackageFingerprint: pin, seenHead }: TranscriptPins = {},
): Result<VerifiedTranscript> {
  const parsed = transcriptOf(transcript);
  if (parsed === undefined) return failure("transcript_invalid", "The transcript is malformed");
  const broken = brokenLinkOf(parsed);
  if (broken !== undefined) return failure("transcript_invalid", broken);
  const { subject, subject_id, transcript_head: head, key_package: keyPackage, events } = parsed;
  if (seenHead !== undefined && !events.some(({ digest }) => digest === seenHead)) {
    return failure("transcript_rewritten");
  }
  const fingerprint = keyPackage === null ? null : keyPackageFingerprint(keyPackage);
  if (pin !== undefined && (fingerprint === null || !isSameFingerprint(fingerprint, pin))) {
    return failure("key_package_mismatch");
  }
  try {
    return success({
      subject,
      subjectId: subject_id,
      head,
      keyPackageFingerprint: fingerprint,
      proven: keyPackage === null || !SIGNING.has(subject)
        ? { message: null, shares: [], finalSignature: null }
        : provenBy(parsed, keyPackage),
      claimed: events.filter(({ event }) => !PROVEN.has(event)),
    });
  } catch (error) {
    if (error instanceof Contradiction || error instanceof FrostError) {
      return failure("transcript_invalid", error.message);
    }
    throw error;
  }
}
