import assert from "node:assert/strict";
import type { z } from "zod";
import { freshDatabase } from "../../tests/harness.ts";
import { EventTemplate, Hex, Identifier, Participants, Reason, Threshold } from "./input.ts";

const takes = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success;

function each(schema: z.ZodType, good: readonly unknown[], bad: readonly unknown[]): void {
  for (const value of good) assert.ok(takes(schema, value), JSON.stringify(value));
  for (const value of bad) assert.ok(!takes(schema, value), JSON.stringify(value));
}

const IDENTIFIERS = [
  "a",
  " ",
  "❄",
  "__proto__",
  "x".repeat(255),
  "\u{1f9ca}".repeat(255),
  "\u202e",
];
const NO_IDENTIFIERS = ["", "x".repeat(256), "\u{1f9ca}".repeat(256), "a\tb", "\u007f", "\u0085"];
/** What no text of PostgreSQL can hold. */
const UNSTORABLE = ["\0", "a\0", "\ud800", "\udc00a"];

Deno.test("an identifier has 1 to 255 characters, none of them control characters", () => {
  each(Identifier, IDENTIFIERS, [...NO_IDENTIFIERS, ...UNSTORABLE, null, 7, ["a"], {}]);
});

Deno.test("bytes are lower-case hex, at least one", () => {
  each(Hex, ["00", "0123456789abcdef"], [
    "",
    "0",
    "000",
    "AB",
    "aB",
    "0x00",
    "0g",
    " 00",
    "00\n",
    "٠٠",
    10,
    null,
  ]);
});

Deno.test("what the functions take for an identifier or for hex, the database does too", async () => {
  await using database = await freshDatabase();
  const hex = ["00", "0123456789abcdef", "", "0", "AB", "0x00", "00\n", "00\n00", "٠٠"];
  for (const value of [...IDENTIFIERS, ...NO_IDENTIFIERS, ...hex]) {
    const [row] = await database.sql`
      select permafrost.is_identifier(${value}) as identifier, permafrost.is_hex(${value}) as hex`;
    assert.deepEqual(
      { ...row },
      { identifier: takes(Identifier, value), hex: takes(Hex, value) },
      JSON.stringify(value),
    );
  }
});

Deno.test("there are 1 to 255 participants, and it takes 1 to 255 of them", () => {
  const many = (length: number) => Array.from({ length }, (_, i) => `p${i}`);
  each(Participants, [["a"], ["a", "a"], many(255)], [
    [],
    many(256),
    ["a", ""],
    "a",
    { 0: "a" },
    null,
  ]);
  each(Threshold, [1, 255], [0, -1, 256, 1.5, NaN, Infinity, 1e9, "1", null, true, [1]]);
});

Deno.test("a reason has 1 to 1,000 characters, not all of them white space", () => {
  each(
    Reason,
    ["no", " no ", "two\nlines", "\u{1f9ca}".repeat(1000)],
    ["", " ", "\t\n", "\u3000", "x".repeat(1001), ...UNSTORABLE, null, 1],
  );
});

Deno.test("an event template is what NIP-01 hashes, of types that hash the same everywhere", () => {
  const good = { created_at: 0, kind: 0, tags: [], content: "" };
  const withField = (field: object) => ({ ...good, ...field });
  each(
    EventTemplate,
    [
      good,
      withField({ kind: 65535, created_at: Number.MAX_SAFE_INTEGER }),
      withField({ tags: [[], ["a"], ["e", ""]], content: "line\n\u0001 ❄" }),
      withField({ pubkey: "ab".repeat(32) }),
    ],
    [
      {},
      withField({ kind: 65536 }),
      withField({ kind: -1 }),
      withField({ created_at: Number.MAX_SAFE_INTEGER + 1 }),
      withField({ created_at: 0.5 }),
      withField({ tags: [["a", 1]] }),
      withField({ tags: ["a"] }),
      withField({ pubkey: "AB".repeat(32) }),
      withField({ pubkey: null }),
      withField({ sig: "00" }),
      JSON.parse('{"created_at":0,"kind":0,"tags":[],"content":"","__proto__":{}}'),
      ...UNSTORABLE.flatMap((
        text,
      ) => [withField({ content: text }), withField({ tags: [["t", text]] })]),
    ],
  );
});
