import assert from "node:assert/strict";
import { z } from "zod";
import { freshDatabase } from "../../tests/support/harness.ts";
import { Refusal } from "./errors.ts";
import {
  byParticipant,
  EventTemplate,
  Hex,
  HexList,
  Identifier,
  integer,
  oneOf,
  parseBody,
  Participants,
  Reason,
  Threshold,
} from "./input.ts";

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
      withField({ pubkey: null }),
      withField({ content: "x".repeat(65_536 - JSON.stringify(good).length) }),
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
      withField({ pubkey: "" }),
      withField({ content: "x".repeat(65_537 - JSON.stringify(good).length) }),
      withField({ content: "❄".repeat(22_000) }),
      withField({ tags: [[["a"]]] }),
      withField({ tags: { 0: ["a"] } }),
      withField({ id: "00" }),
      withField({ sig: "00" }),
      JSON.parse('{"created_at":0,"kind":0,"tags":[],"content":"","__proto__":{}}'),
      ...UNSTORABLE.flatMap((
        text,
      ) => [withField({ content: text }), withField({ tags: [["t", text]] })]),
    ],
  );
});

const FIELDS = z.object({
  name: Identifier,
  bytes: Hex.optional(),
  list: HexList.optional(),
  people: Participants.optional(),
  shares: byParticipant(Hex).optional(),
  seconds: integer(1, 60).optional(),
  method: oneOf(["frost", "sss"]).default("frost"),
  reason: Reason.optional(),
  template: EventTemplate.optional(),
});

function sentenceOf(body: unknown): string {
  try {
    parseBody(FIELDS, body);
  } catch (error) {
    assert.ok(error instanceof Refusal);
    assert.equal(error.code, "invalid_input");
    return error.message;
  }
  throw new Error(`It was taken: ${JSON.stringify(body)}`);
}

Deno.test("parseBody() takes null for an absent field", () => {
  const nulls = Object.fromEntries(Object.keys(FIELDS.shape).map((field) => [field, null]));
  assert.deepEqual(parseBody(FIELDS, { ...nulls, name: "a", unknown: null }), {
    name: "a",
    method: "frost",
  });
  assert.equal(sentenceOf(nulls), "name is missing");
  const template = { kind: 1, created_at: 1, tags: [], content: "", pubkey: null };
  const parsed = parseBody(FIELDS, { name: "a", template });
  assert.equal(JSON.stringify(parsed.template).includes("pubkey"), false);
});

Deno.test("parseBody() says of each field what it must be, in one sentence", () => {
  const name = "must be 1 to 255 characters, none of them control characters";
  const deep = JSON.parse("[".repeat(30_000) + "]".repeat(30_000));
  const cases: readonly (readonly [body: unknown, sentence: string])[] = [
    [null, "The body must be an object"],
    [[], "The body must be an object"],
    [deep, "The body must be an object"],
    [{}, "name is missing"],
    [{ name: 7 }, `name ${name}`],
    [{ name: "" }, `name ${name}`],
    [{ name: deep }, `name ${name}`],
    [{ bytes: "0G" }, "bytes must be bytes in lower-case hex"],
    [{ list: "00" }, "list must be a list"],
    [{ list: ["00", "0"] }, "list.1 must be bytes in lower-case hex"],
    [{ people: [] }, "people must be a list of 1 to 255 participants"],
    [{ people: ["a", "\n"] }, `people.1 ${name}`],
    [{ people: [deep] }, `people.0 ${name}`],
    [{ shares: ["00"] }, "shares must be an object"],
    [{ shares: { ann: null } }, "shares.ann must be bytes in lower-case hex"],
    [{ shares: { ann: deep } }, "shares.ann must be bytes in lower-case hex"],
    [{ seconds: 0.5 }, "seconds must be an integer from 1 to 60"],
    [{ seconds: 61 }, "seconds must be an integer from 1 to 60"],
    [{ method: "FROST" }, "method must be one of frost, sss"],
    [{ reason: " " }, "reason must be 1 to 1,000 characters, not all of them spaces"],
    [{ template: [] }, "template must be an object"],
    [{ template: deep }, "template must be an object"],
    [
      { template: { kind: -1, created_at: 1, tags: [7], content: "" } },
      "template.kind must be an integer from 0 to 65535; template.tags.0 must be a list of texts",
    ],
    [
      { template: { kind: 1, created_at: 1, tags: [], content: "", sig: "00" } },
      "template must have no fields but kind, created_at, tags, content and pubkey",
    ],
    [
      { template: { kind: 1, created_at: 1, tags: [[deep]], content: "" } },
      "template.tags.0.0 must be text without NUL or lone surrogates",
    ],
  ];
  for (const [body, sentence] of cases) {
    const isFields = typeof body === "object" && body !== null && !Array.isArray(body);
    const hasName = isFields && ("name" in body || Object.keys(body).length === 0);
    const whole = isFields && !hasName ? { name: "a", ...body } : body;
    assert.equal(sentenceOf(whole), sentence);
  }
});

Deno.test("parseBody() names a few problems of a body, however many it has", () => {
  const sentence = sentenceOf({ name: "a", list: Array.from({ length: 9_000 }, (_, i) => i) });
  assert.match(sentence, /^list\.0 [^;]+; list\.1 [^;]+; list\.2 [^;]+$/);
  const long = sentenceOf({ name: "a", shares: { [`❄${"\u{1f9ca}".repeat(9_000)}`]: 7 } });
  assert.ok(long.length <= 500 && long.isWellFormed());
});
