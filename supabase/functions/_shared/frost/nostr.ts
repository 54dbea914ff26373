/**
 * Nostr events (NIP-01) under a group key of the Taproot suite. The session's message is the event's id,
 * and whoever is asked to sign makes it again from the event that is shown.
 *
 * https://github.com/nostr-protocol/nips/blob/master/01.md
 */
import { bytesToHex } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { isHex } from "./encoding.ts";
import { FrostError } from "./error.ts";

/** What an event says, before it has an id. */
export interface EventTemplate {
  /** 0 to 65,535. */
  readonly kind: number;
  /** Seconds since the epoch. */
  readonly created_at: number;
  readonly tags: readonly (readonly string[])[];
  readonly content: string;
  /** If given, the x-only group key: 32 bytes as lower-case hex. */
  readonly pubkey?: string;
}

/** A signed event, as relays take it. Bytes as lower-case hex. */
export interface NostrEvent {
  readonly id: string;
  readonly pubkey: string;
  readonly created_at: number;
  readonly kind: number;
  readonly tags: string[][];
  readonly content: string;
  readonly sig: string;
}

/**
 * The public key Nostr knows a group by: the x coordinate of the group key, 32 bytes as lower-case hex.
 *
 * @param groupPublicKey - Compressed SEC1, 33 bytes as lower-case hex; y odd or even.
 * @throws {FrostError} `key_package_invalid` for what is no such encoding.
 */
export function nostrPublicKey(groupPublicKey: string): string {
  if (!isHex(groupPublicKey, 33) || !/^0[23]/.test(groupPublicKey)) {
    throw new FrostError(
      "key_package_invalid",
      "A group key for Nostr must be a point of secp256k1",
    );
  }
  return groupPublicKey.slice(2);
}

/**
 * The id of the event under the group key: the message its signature is of. Fields other than those of
 * `EventTemplate` are no part of it.
 *
 * @param template - Anything; often from a database or another device.
 * @param groupPublicKey - Compressed SEC1, 33 bytes as lower-case hex.
 * @returns 32 bytes as lower-case hex.
 * @throws {FrostError} `event_mismatch` for what is no event, or another key's.
 */
export function eventId(template: unknown, groupPublicKey: string): string {
  return idOf(parseTemplate(template, groupPublicKey));
}

/**
 * The event with its id and signature. Whether the signature is valid is for its maker to have checked.
 *
 * @param signature - BIP-340, 64 bytes as lower-case hex.
 * @throws {FrostError} `event_mismatch` as `eventId` does; `signature_invalid` unless it is 64 bytes of hex.
 */
export function finishEvent(
  template: unknown,
  groupPublicKey: string,
  signature: string,
): NostrEvent {
  const event = parseTemplate(template, groupPublicKey);
  if (!isHex(signature, 64)) {
    throw new FrostError(
      "signature_invalid",
      "An event's signature must be 64 bytes of lower-case hex",
    );
  }
  return { id: idOf(event), ...event, sig: signature };
}

type UnsignedEvent = Omit<NostrEvent, "id" | "sig">;

/** NIP-01's serialisation has no spaces and only the escapes that JSON.stringify makes. */
function idOf({ pubkey, created_at, kind, tags, content }: UnsignedEvent): string {
  const text = JSON.stringify([0, pubkey, created_at, kind, tags, content]);
  return bytesToHex(sha256(new TextEncoder().encode(text)));
}

function parseTemplate(template: unknown, groupPublicKey: string): UnsignedEvent {
  const pubkey = nostrPublicKey(groupPublicKey);
  const { pubkey: claimed, ...event } = parseEventTemplate(template);
  if (claimed !== undefined && claimed !== pubkey) throw mismatch("The event is another key's");
  return { pubkey, ...event };
}

/**
 * Checks the form of an event template, whoever's it is; answers a copy, with nothing but its fields.
 *
 * @throws {FrostError} `event_mismatch`.
 */
export function parseEventTemplate(template: unknown): Omit<UnsignedEvent, "pubkey"> & {
  readonly pubkey?: string;
} {
  if (typeof template !== "object" || template === null) {
    throw mismatch("An event template must be an object");
  }
  const { kind, created_at, tags, content, pubkey }: Partial<
    Record<keyof EventTemplate, unknown>
  > = template;
  if (!isInteger(kind) || kind > 65535) {
    throw mismatch("An event's kind must be an integer from 0 to 65535");
  }
  if (!isInteger(created_at)) {
    throw mismatch("An event's created_at must be a number of seconds since the epoch");
  }
  if (!isText(content)) throw mismatch("An event's content must be Unicode text");
  if (!isTagList(tags)) throw mismatch("An event's tags must be lists of Unicode texts");
  if (pubkey !== undefined && typeof pubkey !== "string") {
    throw mismatch("The event is another key's");
  }
  const claimed = pubkey === undefined ? {} : { pubkey };
  return { ...claimed, created_at, kind, tags: tags.map((tag) => [...tag]), content };
}

function mismatch(message: string): FrostError {
  return new FrostError("event_mismatch", message);
}

function isInteger(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Half a surrogate pair has no UTF-8 encoding: implementations would hash different bytes for it. */
function isText(value: unknown): value is string {
  return typeof value === "string" && !/\p{Surrogate}/u.test(value);
}

function isTagList(value: unknown): value is string[][] {
  return Array.isArray(value) && value.every((tag) => Array.isArray(tag) && tag.every(isText));
}
