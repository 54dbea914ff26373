/**
 * Checking what the coordinator says happened, with nothing but its own answer: that the record was not
 * changed, that every accepted share is its signer's, and that the signature is the group's.
 *
 * @module
 */
import { isHex, parseNonceCommitment } from "../../supabase/functions/_shared/frost/encoding.ts";
import { FrostError } from "../../supabase/functions/_shared/frost/error.ts";
import {
  keyPackageFingerprint,
  verifyKeyPackage,
} from "../../supabase/functions/_shared/frost/key_package.ts";
import { suiteOf } from "../../supabase/functions/_shared/frost/suites.ts";
import {
  aggregate,
  prepareVerification,
  type ShareVerification,
  verifyShare,
  verifySignature,
} from "../../supabase/functions/_shared/frost/verification.ts";
import { isSameFingerprint } from "../key_package.ts";
import { failure, type Result, success } from "../result.ts";
import { fieldOf, isTextList } from "../shapes.ts";
import {
  brokenLinkOf,
  type Transcript,
  type TranscriptEvent,
  transcriptOf,
} from "./transcript_chain.ts";

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
  /** What follows by arithmetic. The server cannot make it up. */
  readonly proven: {
    /** The message, lower-case hex, that the following is about. */
    readonly message: string | null;
    /** Whose signature shares verify. Only the holders of their key shares could make them. */
    readonly shares: readonly string[];
    /** A valid signature of the message under the group key, if there is one. Lower-case hex. */
    readonly finalSignature: string | null;
  };
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

/** What the events say and arithmetic does not bear out. */
class Contradiction extends Error {
  override readonly name = "Contradiction";
}

type Key = NonNullable<Transcript["key_package"]>;

/** Goes through the events as they happened. */
function provenBy({ events, subject }: Transcript, key: Key): VerifiedTranscript["proven"] {
  const suite = suiteOf(key.ciphersuite);
  verifyKeyPackage({
    ciphersuite: key.ciphersuite,
    threshold: key.threshold,
    participants: key.participants,
    groupPublicKey: key.group_public_key,
    verifyingShares: key.verifying_shares,
  });
  const request = requestOf(events[0], key);
  const commitments: Record<string, string> = {};
  const shares: Record<string, string> = {};
  let verification: ShareVerification | undefined;
  let finalSignature: string | null = null;
  for (const event of events.slice(1)) {
    const { seq, actor } = event;
    switch (event.event) {
      case "created":
        throw new Contradiction(`Event ${seq} creates what was created before`);
      case "commitment_accepted": {
        if (verification) throw new Contradiction(`Event ${seq} is a commitment after round one`);
        const commitment = textOf(event, "nonce_commitment");
        parseNonceCommitment(suite, commitment);
        keep(commitments, participantOf(event, request.participants), commitment, event);
        break;
      }
      case "round_one_closed": {
        if (verification) throw new Contradiction(`Event ${seq} closes round one once more`);
        verification = closedRoundOf(event, request, commitments, key);
        break;
      }
      case "share_accepted": {
        const share = textOf(event, "signature_share");
        keep(shares, participantOf(event, request.participants), share, event);
        if (!verification || !isShareOf(verification, actor, share)) {
          throw new Contradiction(`Event ${seq} accepts a share that is not ${actor}'s`);
        }
        break;
      }
      case "share_refused": {
        const share = fieldOf(detailOf(event), "signature_share");
        if (
          verification && typeof share === "string" &&
          fieldOf(detailOf(event), "code") === "share_invalid" &&
          isShareOf(verification, actor, share)
        ) throw new Contradiction(`Event ${seq} refuses a share of ${actor}'s that verifies`);
        break;
      }
      case "completed": {
        finalSignature = textOf(event, "final_signature");
        checkSignature(event, finalSignature, request.message, key);
        // In a recovery there are no signature shares: one device has signed.
        if (subject !== "session") break;
        if (!verification || aggregate(verification, shares) !== finalSignature) {
          throw new Contradiction(`Event ${seq} has a signature that is not made of the shares`);
        }
      }
    }
  }
  return { message: request.message, shares: Object.keys(shares), finalSignature };
}

interface Asked {
  readonly message: string;
  readonly participants: readonly string[];
  readonly threshold: number;
}

/** What was asked for, as the first event has it. */
function requestOf(event: TranscriptEvent, key: Key): Asked {
  if (event.event !== "created") throw new Contradiction("The first event does not create it");
  const detail = detailOf(event);
  const message = textOf(event, "message_hash");
  const participants = fieldOf(detail, "participants");
  const threshold = fieldOf(detail, "threshold");
  if (!isTextList(participants) || typeof threshold !== "number") {
    throw new Contradiction("The first event does not say who is asked, and how many");
  }
  if (fieldOf(detail, "key_package_id") !== key.key_package_id) {
    throw new Contradiction("The key package is not the one that it was created under");
  }
  if (!isHex(message)) throw new Contradiction("The message must be lower-case hex");
  return { message, participants, threshold };
}

function closedRoundOf(
  event: TranscriptEvent,
  { message, threshold }: Asked,
  commitments: Readonly<Record<string, string>>,
  key: Key,
): ShareVerification {
  const signers = fieldOf(detailOf(event), "signers");
  const complete = isTextList(signers) && signers.length === threshold &&
    Object.keys(commitments).length === threshold &&
    signers.every((signer) => Object.hasOwn(commitments, signer));
  if (!complete) {
    throw new Contradiction(`Event ${event.seq} has other signers than those who committed`);
  }
  return prepareVerification({ keyPackage: key, signers, commitments, message });
}

function isShareOf(verification: ShareVerification, actor: string | null, share: string): boolean {
  const signer = verification.signers.find(({ participant }) => participant === actor);
  try {
    return signer !== undefined && verifyShare(verification, signer, share);
  } catch (error) {
    if (error instanceof FrostError) return false;
    throw error;
  }
}

function checkSignature(event: TranscriptEvent, signature: string, message: string, key: Key) {
  if (!verifySignature(key.ciphersuite, key.group_public_key, message, signature)) {
    throw new Contradiction(`Event ${event.seq} has a signature that does not verify`);
  }
}

function keep(
  all: Record<string, string>,
  participant: string,
  value: string,
  event: TranscriptEvent,
): void {
  if (Object.hasOwn(all, participant)) {
    throw new Contradiction(`Event ${event.seq} is a second one of ${participant}`);
  }
  // Not by assignment: a participant may be called `__proto__`.
  Object.defineProperty(all, participant, { value, enumerable: true });
}

function participantOf(event: TranscriptEvent, participants: readonly string[]): string {
  if (event.actor !== null && participants.includes(event.actor)) return event.actor;
  throw new Contradiction(`Event ${event.seq} is of somebody who was not asked`);
}

function textOf(event: TranscriptEvent, name: string): string {
  const value = fieldOf(detailOf(event), name);
  if (typeof value === "string") return value;
  throw new Contradiction(`Event ${event.seq} has no ${name}`);
}

function detailOf(event: TranscriptEvent): unknown {
  try {
    return JSON.parse(event.detail ?? "null");
  } catch {
    throw new Contradiction(`Event ${event.seq} has a detail that is not JSON`);
  }
}
