/**
 * The form of a transcript, and its hash chain: each event's digest is over the one before it, so that no
 * event can be changed, left out or put in without changing every digest after it.
 *
 * @module
 */
import { bytesToHex, concatBytes, hexToBytes } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { KeyPackage } from "../../supabase/functions/_shared/frost/key_package.ts";
import { keyPackageOf } from "../key_package.ts";
import { fieldOf } from "../shapes.ts";

/** One event of a transcript. */
export interface TranscriptEvent {
  /** From 1, without gaps. */
  readonly seq: number;
  readonly subject: string;
  readonly subject_id: string;
  readonly family_id: string;
  /** What happened: `created`, `commitment_accepted`, `share_refused` and so on. */
  readonly event: string;
  /** Who did it, as the server has it; null for the server itself. */
  readonly actor: string | null;
  /** JSON, as the text that was hashed; null if there is none. */
  readonly detail: string | null;
  /** Milliseconds since the epoch. */
  readonly occurred_at: number;
  /** 32 bytes as lower-case hex. */
  readonly digest: string;
}

/** The answer of the RPC `get_transcript`. */
export interface Transcript {
  /** `session`, `recovery` and so on. */
  readonly subject: string;
  readonly subject_id: string;
  readonly family_id: string;
  /** The last event's digest. */
  readonly transcript_head: string;
  /** The key that the subject is bound to; null for a dry run, and for subjects that have none. */
  readonly key_package: (KeyPackage & { readonly key_package_id: string }) | null;
  /** In order of `seq`. */
  readonly events: readonly TranscriptEvent[];
}

/** A copy of the transcript in a value; `undefined` if it does not have the form of one. */
export function transcriptOf(value: unknown): Transcript | undefined {
  const subject = fieldOf(value, "subject");
  const subject_id = fieldOf(value, "subject_id");
  const family_id = fieldOf(value, "family_id");
  const transcript_head = fieldOf(value, "transcript_head");
  const events = fieldOf(value, "events");
  const stored = fieldOf(value, "key_package") ?? null;
  const keyPackage = keyPackageOf(stored);
  const key_package_id = fieldOf(stored, "key_package_id");
  if (
    typeof subject !== "string" || typeof subject_id !== "string" ||
    typeof family_id !== "string" || typeof transcript_head !== "string" || !Array.isArray(events)
  ) return undefined;
  const parsed = events.map(eventOf).filter((event) => event !== undefined);
  if (parsed.length !== events.length) return undefined;
  const common = { subject, subject_id, family_id, transcript_head, events: parsed };
  if (stored === null) return { ...common, key_package: null };
  return keyPackage === undefined || typeof key_package_id !== "string"
    ? undefined
    : { ...common, key_package: { ...keyPackage, key_package_id } };
}

function eventOf(value: unknown): TranscriptEvent | undefined {
  const seq = fieldOf(value, "seq");
  const subject = fieldOf(value, "subject");
  const subject_id = fieldOf(value, "subject_id");
  const family_id = fieldOf(value, "family_id");
  const event = fieldOf(value, "event");
  const actor = fieldOf(value, "actor");
  const detail = fieldOf(value, "detail");
  const occurred_at = fieldOf(value, "occurred_at");
  const digest = fieldOf(value, "digest");
  const valid = isCount(seq) && typeof subject === "string" && typeof subject_id === "string" &&
    typeof family_id === "string" && typeof event === "string" && isTextOrNull(actor) &&
    isTextOrNull(detail) && isCount(occurred_at) && typeof digest === "string";
  return valid
    ? { seq, subject, subject_id, family_id, event, actor, detail, occurred_at, digest }
    : undefined;
}

/** What is wrong with a chain; nothing if each event follows from the one before it, up to the head. */
export function brokenLinkOf(transcript: Transcript): string | undefined {
  let digest = "00".repeat(32);
  for (const [i, event] of transcript.events.entries()) {
    if (event.seq !== i + 1) return `Event ${i + 1} is missing`;
    const { subject, subject_id, family_id } = transcript;
    if (
      event.subject !== subject || event.subject_id !== subject_id || event.family_id !== family_id
    ) return `Event ${event.seq} is about something else`;
    digest = digestOf(digest, event);
    if (digest !== event.digest) {
      return `Event ${event.seq} does not have the digest that it claims`;
    }
  }
  if (transcript.events.length === 0) return "There are no events";
  return digest === transcript.transcript_head
    ? undefined
    : "The last event's digest is not the transcript's head";
}

/** SHA-256 over the digest before it and the event's fields, each with its length before it. */
export function digestOf(before: string, event: Omit<TranscriptEvent, "digest">): string {
  const { seq, subject, subject_id, family_id, actor, detail, occurred_at } = event;
  const fields = [
    `${seq}`,
    subject,
    subject_id,
    family_id,
    event.event,
    actor,
    detail,
    `${occurred_at}`,
  ];
  return bytesToHex(sha256(concatBytes(hexToBytes(before), ...fields.map(encoded))));
}

/** Four big-endian bytes of length and the UTF-8; null is `ffffffff` and nothing. */
function encoded(text: string | null): Uint8Array {
  const bytes = new TextEncoder().encode(text ?? "");
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text === null ? 0xffffffff : bytes.length);
  return concatBytes(length, bytes);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isTextOrNull(value: unknown): value is string | null {
  return typeof value === "string" || value === null;
}
