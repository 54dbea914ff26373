/**
 * What can be judged of a body without the database: types, hex, ranges. A zod schema for each thing that
 * more than one function takes.
 *
 * @module
 */
import { z } from "zod";

/** Text the database can hold as it is: no NUL and no lone surrogate, which JSON can smuggle in. */
const isStorable = (text: string) => text.isWellFormed() && !text.includes("\0");

/** A family, participant or session: 1 to 255 characters, none of them control characters. */
export const Identifier = z.string().refine(
  (text) => {
    const length = [...text].length;
    return length >= 1 && length <= 255 && isStorable(text) && !/\p{Cc}/u.test(text);
  },
  "Must be 1 to 255 characters, none of them control characters",
);

/** One or more bytes as lower-case hex. */
export const Hex = z.string().regex(/^(?:[0-9a-f]{2})+$/, "Must be bytes in lower-case hex");

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
