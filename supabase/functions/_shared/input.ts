/**
 * What can be judged of a body without the database: types, hex, ranges. A zod schema for each thing that
 * more than one function takes.
 *
 * @module
 */
import { z } from "zod";
import { isIdentifier, isStorable } from "./identifier.ts";

/** A family, participant or session: 1 to 255 characters, none of them control characters. */
export const Identifier = z.string().refine(
  isIdentifier,
  "Must be 1 to 255 characters, none of them control characters",
);

/** One or more bytes as lower-case hex. */
export const Hex = z.string().regex(/^(?:[0-9a-f]{2})+$/, "Must be bytes in lower-case hex");

/** What there is one of for each participant. A record of zod's would lose one called `__proto__`. */
export function byParticipant(value: z.ZodString) {
  return z.custom<Readonly<Record<string, string>>>(isPlainObject, "Must be an object")
    .superRefine((object, context) => {
      for (const [participant, part] of Object.entries(object)) {
        for (const result of [Identifier.safeParse(participant), value.safeParse(part)]) {
          const { message } = result.error?.issues[0] ?? {};
          if (message) context.addIssue({ code: "custom", path: [participant], message });
        }
      }
    });
}

function isPlainObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Participants, in an order that the database judges. */
export const Participants = z.array(Identifier).min(1).max(255);

/** How many signers it takes. */
export const Threshold = z.int().min(1).max(255);

const Text = z.string().refine(isStorable, "Must not contain NUL or lone surrogates");

/** Why somebody does something, for people to read. */
export const Reason = Text.refine(
  (text) => text.trim() !== "" && [...text].length <= 1000,
  "Must be 1 to 1,000 characters",
);

/** A share for recovery, encrypted by its guardian's device; opaque here. */
export const Ciphertext = z.string().regex(
  /^[\x21-\x7e]{1,8192}$/,
  "Must be 1 to 8,192 printable characters",
);

/** What a Nostr event has before it is signed (NIP-01). */
export const EventTemplate = z.strictObject({
  pubkey: z.string().regex(/^[0-9a-f]{64}$/, "Must be 32 bytes in lower-case hex").optional(),
  created_at: z.int().min(0),
  kind: z.int().min(0).max(65535),
  tags: z.array(z.array(Text)),
  content: Text,
});
