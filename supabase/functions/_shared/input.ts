/**
 * What can be judged of a body without the database: types, hex, ranges. A zod schema for each thing that
 * more than one function takes. Its messages go on where the name of the field ends: "eventType must be 1 to
 * 255 characters, none of them control characters".
 *
 * @module
 */
import { z } from "zod";
import type { Payload } from "./ceremony/payload.ts";
import type { Evidence } from "./dkg/evidence.ts";
import { Refusal } from "./errors.ts";
import { isIdentifier, isStorable } from "./identifier.ts";

/** So many problems of a body are named; who sends thousands does not get them all back. */
const MOST_PROBLEMS = 3;

const MAX_SENTENCE_LENGTH = 500;

/** Bytes of an event template as JSON. */
const MAX_TEMPLATE_BYTES = 64 * 1024;

/**
 * The body as `schema` has it. A field that is `null` is a field that is absent.
 *
 * @param whole - What the whole is called, in sentences about it.
 * @throws {Refusal} `invalid_input`, with a sentence for each of the first problems.
 */
export function parseBody<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  whole = "The body",
): z.infer<Schema> {
  const result = schema.safeParse(isObject(value) ? withoutNulls(value) : value, {
    error: ({ code }) => code === "invalid_type" ? "must be an object" : undefined,
    reportInput: true,
  });
  if (result.success) return result.data;
  const sentences = result.error.issues.map(({ path, message, input }) =>
    `${path.length === 0 ? whole : path.join(".")} ${input === undefined ? "is missing" : message}`
  );
  const first = [...new Set(sentences)].slice(0, MOST_PROBLEMS).join("; ");
  // A cut through a pair of surrogates would leave what is no text.
  throw new Refusal("invalid_input", first.slice(0, MAX_SENTENCE_LENGTH).toWellFormed());
}

function withoutNulls(body: object): object {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A string that `isValid`, with one sentence for whatever it is not. */
function text(isValid: (text: string) => boolean, sentence: string) {
  return z.string(sentence).refine(isValid, sentence);
}

/** An integer from `least` to `most`. */
export function integer(least: number, most: number) {
  const sentence = `must be an integer from ${least} to ${most}`;
  return z.int(sentence).min(least, sentence).max(most, sentence);
}

/** One of these texts. */
export function oneOf<const Texts extends readonly [string, ...string[]]>(texts: Texts) {
  return z.enum(texts, `must be one of ${texts.join(", ")}`);
}

/** A family, participant or session: 1 to 255 characters, none of them control characters. */
export const Identifier = text(
  isIdentifier,
  "must be 1 to 255 characters, none of them control characters",
);

const BYTES = /^(?:[0-9a-f]{2})+$/;

/** One or more bytes as lower-case hex. */
export const Hex = text(
  (text) => BYTES.test(text),
  "must be bytes in lower-case hex",
);

/** `bytes` bytes as lower-case hex. */
export function hexOf(bytes: number) {
  const isHex = (text: string) => text.length === 2 * bytes && BYTES.test(text);
  return text(isHex, `must be ${bytes} bytes in lower-case hex`);
}

/** The message to sign: as long as a suite signs at most. How long, the family's suite says. */
export const MessageHash = text(
  (text) => text.length <= 2 * 8192 && BYTES.test(text),
  "must be 1 to 8,192 bytes in lower-case hex",
);

/** A list of bytes as lower-case hex. */
export const HexList = z.array(Hex, "must be a list");

/** What there is one of for each participant. A record of zod's would lose one called `__proto__`. */
export function byParticipant(value: z.ZodString) {
  return z.custom<Readonly<Record<string, string>>>(isObject, "must be an object")
    .superRefine((object, context) => {
      for (const [participant, part] of Object.entries(object)) {
        for (const result of [Identifier.safeParse(participant), value.safeParse(part)]) {
          const { message } = result.error?.issues[0] ?? {};
          if (message) context.addIssue({ code: "custom", path: [participant], message });
        }
      }
    });
}

const PARTICIPANTS = "must be a list of 1 to 255 participants";

const COMMITMENTS = "must be a list of 1 to 256 commitments in lower-case hex";

/** Nonce commitments of one guardian. */
export const NonceCommitments = z.array(Hex, COMMITMENTS).min(1, COMMITMENTS).max(256, COMMITMENTS);

/** Which signer set of a session. */
export const Quorum = integer(1, 1_000_000);

/** Participants, in an order that the database judges. */
export const Participants = z.array(Identifier, PARTICIPANTS).min(1, PARTICIPANTS)
  .max(255, PARTICIPANTS);

/** How many signers it takes. */
export const Threshold = integer(1, 255);

/**
 * Who the client takes itself for. Without it the token alone says who calls; with it a client that holds
 * somebody else's token is refused.
 */
export const OwnParticipant = Identifier.optional();

const Text = text(isStorable, "must be text without NUL or lone surrogates");

/** Why somebody does something, for people to read. */
export const Reason = text(
  (text) => isStorable(text) && text.trim() !== "" && [...text].length <= 1000,
  "must be 1 to 1,000 characters, not all of them spaces",
);

/** A share for recovery, encrypted by its guardian's device; opaque here. */
export const Ciphertext = text(
  (text) => /^[\x21-\x7e]{1,8192}$/.test(text),
  "must be 1 to 8,192 printable ASCII characters",
);

/** How many seconds something lives. */
export const Expiration = integer(1, 604_800);

/** A message of a ceremony; which fields it has, its protocol and round say. */
export const CeremonyPayload = z.custom<Payload>(
  (value) =>
    isObject(value) && Object.keys(value).length > 0 && Object.values(value).every(isPayloadField),
  "must be an object whose fields are hex, lists of hex, or objects with hex by participant",
);

/** What opens one ciphertext of a ceremony. */
export const CeremonyEvidence = z.custom<Evidence>(
  (value) => z.object({ sharedPoint: hexOf(33), proof: hexOf(64) }).safeParse(value).success,
  "must be an object with sharedPoint, 33 bytes, and proof, 64 bytes, in lower-case hex",
);

function isPayloadField(value: unknown): boolean {
  const isHex = (part: unknown) => typeof part === "string" && BYTES.test(part);
  if (Array.isArray(value)) return value.every(isHex);
  return isHex(value) || isObject(value) && Object.values(value).every(isHex);
}

/** What a Nostr event has before it is signed (NIP-01), and nothing else. */
export const EventTemplate = z.strictObject({
  pubkey: hexOf(32).nullish().transform((pubkey) => pubkey ?? undefined),
  created_at: integer(0, Number.MAX_SAFE_INTEGER),
  kind: integer(0, 65_535),
  tags: z.array(z.array(Text, "must be a list of texts"), "must be a list of lists of texts"),
  content: Text,
}, {
  error: ({ code }) =>
    code === "unrecognized_keys"
      ? "must have no fields but kind, created_at, tags, content and pubkey"
      : undefined,
}).refine(
  (template) => new TextEncoder().encode(JSON.stringify(template)).length <= MAX_TEMPLATE_BYTES,
  "must be at most 64 KiB as JSON",
);
