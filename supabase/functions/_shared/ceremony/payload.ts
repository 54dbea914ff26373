/**
 * The messages of a ceremony as they are sent and kept: objects whose fields, and whose participants, have an order,
 * since their JSON is signed.
 *
 * | protocol | round 1 | round 2 | round 3 |
 * |---|---|---|---|
 * | chilldkg | `message` | `message` | `acknowledgement`, `confirmation` |
 * | pedersen | `commitment`, `proofOfKnowledge`, `ephemeralKey` | `ciphertexts` | `confirmation` |
 * | reshare | `commitment`, `proofOfKnowledge`, `ephemeralKey`, `ciphertexts`, `ephemeralProof` (optional) | – | `confirmation` |
 *
 * Each ends with `signature`, by the sender's host key over SHA-256 of the JSON of `[params_id, round, payload without
 * signature]`.
 *
 * @module
 */
import { type CeremonyTerms, hashOfText, invalidMessage, type Protocol } from "./terms.ts";

/** A message, its fields in any order. Bytes are lower-case hex. */
export type Payload = Record<string, string | string[] | Record<string, string>>;

type Form = "hex" | "list" | "byParticipant";

type Fields = readonly (readonly [name: string, form: Form, optional?: true])[];

const CONFIRMATION: Fields = [["confirmation", "hex"]];
const DEALING: Fields = [["commitment", "list"], ["proofOfKnowledge", "hex"], [
  "ephemeralKey",
  "hex",
]];

const FIELDS: Readonly<Record<Protocol, readonly Fields[]>> = {
  chilldkg: [[["message", "hex"]], [["message", "hex"]], [
    ["acknowledgement", "hex"],
    ...CONFIRMATION,
  ]],
  pedersen: [DEALING, [["ciphertexts", "byParticipant"]], CONFIRMATION],
  // A dealer's polynomial hides a live share: without the proof nobody opens a ciphertext under its ephemeral key.
  reshare: [[...DEALING, ["ciphertexts", "byParticipant"], ["ephemeralProof", "hex", true]], [], [
    ...CONFIRMATION,
  ]],
};

/** A message whose form is right. */
export interface Message {
  readonly payload: Payload;
  /** The JSON of the payload without its signature. */
  readonly text: string;
  /** 64 bytes as lower-case hex. */
  readonly signature: string;
}

/**
 * Checks the form of a message and writes it in its order.
 *
 * @throws {FrostError} `ceremony_message_invalid` for a missing, further or malformed field.
 */
export function messageOf(terms: CeremonyTerms, round: number, payload: Payload): Message {
  const { signature } = payload;
  if (typeof signature !== "string" || !/^[0-9a-f]{128}$/.test(signature)) {
    throw invalidMessage("signature must be 64 bytes in lower-case hex");
  }
  return { payload, text: unsignedText(terms, round, payload), signature };
}

/** The JSON of a payload without its signature; errors as of `messageOf`. */
export function unsignedText(terms: CeremonyTerms, round: number, payload: Payload): string {
  const fields = FIELDS[terms.protocol][round - 1] ?? [];
  const names = fields.map(([name]) => name);
  const further = Object.keys(payload).find((name) =>
    name !== "signature" && !names.includes(name)
  );
  if (further !== undefined || fields.length === 0) {
    throw invalidMessage(
      `A message of round ${round} of ${terms.protocol} has ${
        [...names, "signature"].join(", ")
      } and nothing else`,
    );
  }
  const parts = fields.flatMap(([name, form, optional]) => {
    const value = Object.hasOwn(payload, name) ? payload[name] : undefined;
    if (value === undefined && optional) return [];
    return [`${JSON.stringify(name)}:${textOf(terms, name, form, value)}`];
  });
  return `{${parts.join(",")}}`;
}

// An object of JavaScript's would put a participant called "1" before one called "a".
function textOf(
  { participants }: CeremonyTerms,
  name: string,
  form: Form,
  value: Payload[string] | undefined,
): string {
  if (form === "hex" && typeof value === "string") return JSON.stringify(value);
  if (form === "list" && Array.isArray(value)) return JSON.stringify(value);
  if (form === "byParticipant" && typeof value === "object" && !Array.isArray(value)) {
    const entries = new Map(Object.entries(value));
    if (entries.size === participants.length && participants.every((who) => entries.has(who))) {
      const parts = participants.map((who) =>
        `${JSON.stringify(who)}:${JSON.stringify(entries.get(who))}`
      );
      return `{${parts.join(",")}}`;
    }
    throw invalidMessage(`${name} must have an entry for each participant and no other`);
  }
  const what = {
    hex: "hex",
    list: "a list of hex",
    byParticipant: "an object with hex by participant",
  };
  throw invalidMessage(`${name} must be ${what[form]}`);
}

/** The JSON of a message with its signature: what a transcript is made of. */
export function signedText({ text, signature }: Message): string {
  return `${text.slice(0, -1)},"signature":${JSON.stringify(signature)}}`;
}

/** What the sender signs of a message. */
export function messageHash(paramsId: string, round: number, text: string): string {
  return hashOfText(`[${JSON.stringify(paramsId)},${round},${text}]`);
}

/** What a field of a checked message holds. */
export function hexField({ payload }: Message, name: string): string {
  const value = payload[name];
  if (typeof value !== "string") throw invalidMessage(`${name} must be hex`);
  return value;
}

/** What a field of a checked message holds: a list. */
export function listField({ payload }: Message, name: string): readonly string[] {
  const value = payload[name];
  if (!Array.isArray(value)) throw invalidMessage(`${name} must be a list of hex`);
  return value;
}

/** What a field of a checked message holds for a participant. */
export function entryOf({ payload }: Message, name: string, participant: string): string {
  const value = payload[name];
  const entry = typeof value === "object" && !Array.isArray(value)
    ? new Map(Object.entries(value)).get(participant)
    : undefined;
  if (entry === undefined) {
    throw invalidMessage(`${name} must have an entry for each participant and no other`);
  }
  return entry;
}
