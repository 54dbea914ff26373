/**
 * What a guardian is shown before it says yes: one rendering for terminal and page. It is made of what is signed, and the
 * hash is computed again; what the server says besides is not believed.
 *
 * @module
 */
import { npubEncode } from "nostr-tools/nip19";
import { FrostError } from "../../supabase/functions/_shared/frost/error.ts";
import { finishEvent, type NostrEvent } from "../../supabase/functions/_shared/frost/nostr.ts";
import { rollCallHash } from "../ceremonies/roll_call.ts";
import type { KeptShare, KeyShare } from "../guardian/key_share.ts";
import type { SigningSession } from "../guardian/signing_session.ts";

/** One line of what is shown: a label and its text, marked where somebody might be fooled. */
export interface Line {
  readonly label: string;
  readonly text: string;
}

/** What is shown of a session. */
export type ShownSession = Pick<
  SigningSession,
  "message_hash" | "event_template" | "participants" | "threshold"
>;

/** What is shown of a key. */
export type ShownKey = Pick<KeyShare, "group_public_key" | "threshold" | "participants">;

/** What is asked of a guardian. */
export interface SessionText {
  /** What it is, in a few words, by what is signed. */
  readonly what: string;
  readonly lines: readonly Line[];
  /** Whether a person can tell what is signed: there is an event, and it has the hash that is signed. */
  readonly readable: boolean;
}

const KINDS: Readonly<Record<number, string>> = {
  0: "profile",
  1: "note",
  3: "follow list",
  4: "encrypted message",
  5: "deletion",
  6: "repost",
  7: "reaction",
  1059: "gift wrap",
  9734: "zap request",
  10002: "relay list",
  22242: "login to a relay (a credential)",
  24242: "permission to use a file server (a credential)",
  27235: "login to a website (a credential)",
  30023: "article",
};

/** Kinds that let their holder act in the signer's name elsewhere (NIP-42, Blossom's BUD-11, NIP-98). */
export const CREDENTIAL_KINDS: readonly number[] = [22242, 24242, 27235];

/** The name of an event's kind (NIP-01), and its number. */
export function kindName(kind: number): string {
  return `${KINDS[kind] ?? "event"} (kind ${kind})`;
}

/** Renders a session for the guardian with this share; a roll call of its key is told as one. */
export function sessionTextFor(
  { keyShare, epoch }: KeptShare,
  session: ShownSession,
): SessionText {
  return sessionText(session, keyShare, rollCallHash({ ...keyShare, epoch }));
}

/**
 * Renders a session.
 *
 * @param session - As the server tells it.
 * @param key - The guardian's own share: group key and threshold are taken from there, and never from the answer.
 * @param rollCall - What a roll call of this key signs (`rollCallHash`): it is told as one.
 */
export function sessionText(session: ShownSession, key: ShownKey, rollCall?: string): SessionText {
  const { message_hash, threshold, participants } = session;
  const signers: Line[] = [
    { label: "Signers", text: `${threshold} of ${inLine(participants.join(", "))}` },
    { label: "Key's threshold", text: `${key.threshold} of ${key.participants.length}` },
  ];
  const event = eventOf(session.event_template, key.group_public_key);
  if (event === undefined) {
    if (message_hash === rollCall) {
      const text = "roll call: it proves that you can sign, and serves nothing else";
      return {
        what: "roll call",
        lines: [{ label: "Message", text }, ...signers],
        readable: true,
      };
    }
    return {
      what: "hash without an event",
      lines: [
        { label: "Message", text: "unreadable: a hash without an event" },
        ...signers,
        { label: "Hash", text: message_hash },
      ],
      readable: false,
    };
  }
  const readable = event.id === message_hash;
  const hash = readable ? event.id : `${event.id}, and what is to be signed is ${message_hash}`;
  return {
    what: kindName(event.kind),
    lines: [
      { label: "Author", text: npubEncode(event.pubkey) },
      { label: "Kind", text: kindName(event.kind) },
      { label: "Date", text: dateText(event.created_at * 1000) },
      ...event.tags.map((tag) => ({ label: "Tag", text: tag.map(partText).join(" · ") })),
      { label: "Text", text: marked(event.content) },
      ...signers,
      { label: "Hash", text: hash },
    ],
    readable,
  };
}

/** The event with its id, computed here; `undefined` if there is none, or another key's. */
function eventOf(template: unknown, groupPublicKey: string): NostrEvent | undefined {
  try {
    return finishEvent(template, groupPublicKey, "00".repeat(64));
  } catch (error) {
    if (error instanceof FrostError) return undefined;
    throw error;
  }
}

/** A part of a tag; in quotation marks where it could be taken for several, or for nothing. */
const partText = (part: string) =>
  inLine(/^(?! )[^·"]+(?<! )$/.test(part) ? part : JSON.stringify(part));

/** A moment, in milliseconds since the epoch, as ISO 8601; as its number where there is no such date. */
export function dateText(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? `${at} ms after 1970` : date.toISOString();
}

/** Characters that show nothing, end a line or make others show in another order; not the line feed. */
export const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** The first characters of a text on one line, marked; `…` stands for the rest. */
export function beginningOf(text: string, most = 60): string {
  const characters = [...text];
  const first = inLine(characters.slice(0, most).join(""));
  return characters.length > most ? `${first}…` : first;
}

/** The text on one line, marked: of a name or an id, which could otherwise look like more of them. */
export function inLine(text: string): string {
  return marked(text).replaceAll("\n", mark);
}

/** The text with each character that shows nothing, or reorders others, written as ⟨U+200B⟩. */
export function marked(text: string): string {
  return text.toWellFormed().replaceAll(UNSEEN, mark);
}

function mark(character: string): string {
  return `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
}
