import assert from "node:assert/strict";
import { eventId } from "../../supabase/functions/_shared/frost/nostr.ts";
import { rollCallHash } from "../ceremonies/roll_call.ts";
import { dealKey } from "../guardian/dealer.ts";
import { parseSigningSession } from "../guardian/signing_session.ts";
import { beginningOf, kindName, marked, sessionText, sessionTextFor } from "./session_text.ts";

const [key] = dealKey({ familyId: "f", threshold: 2, participants: ["ann", "bob"] }).keyShares;
const template = {
  kind: 1,
  created_at: 1_700_000_000,
  tags: [["t", "frost"]],
  content: "Hello,\nthis is all of it",
};

function sessionOf(more: object) {
  return parseSigningSession({
    session_id: "s",
    message_hash: eventId(template, key.group_public_key),
    event_template: template,
    participants: ["ann", "bob"],
    threshold: 2,
    created_by: "ann",
    status: "pending",
    expires_at: Date.now() + 60_000,
    ...more,
  });
}

Deno.test("an event is shown whole, with the hash that was computed here", () => {
  const { lines, readable } = sessionText(sessionOf({}), key);
  assert.ok(readable);
  const shown = lines.map(({ label, text }) => `${label}: ${text}`).join("\n");
  for (
    const part of [
      "npub1",
      "note (kind 1)",
      "t · frost",
      template.content,
      "2 of ann, bob",
      "2023-11-14",
    ]
  ) {
    assert.ok(shown.includes(part), part);
  }
});

Deno.test("a roll call of this key is told as one, and of no other epoch", () => {
  const hash = rollCallHash({ ...key, epoch: 3 });
  const asked = sessionOf({ message_hash: hash, event_template: null });
  const { lines: [{ text }], readable } = sessionTextFor({ keyShare: key, epoch: 3 }, asked);
  assert.ok(readable && text.startsWith("roll call"), text);
  assert.equal(sessionTextFor({ keyShare: key, epoch: 2 }, asked).readable, false);
  assert.equal(sessionText(asked, key).readable, false);
});

Deno.test("a hash that is not the event's, and a hash without an event, are not readable", () => {
  assert.equal(sessionText(sessionOf({ message_hash: "ab".repeat(32) }), key).readable, false);
  const { lines, readable } = sessionText(sessionOf({ event_template: null }), key);
  assert.equal(readable, false);
  assert.ok(lines.some(({ text }) => text.startsWith("unreadable")));
});

Deno.test("names and tags keep to their line, and say how many they are; a date that is none is its number", () => {
  const textsOf = (more: object, label: string) =>
    sessionText(sessionOf(more), key).lines.filter((line) => line.label === label)
      .map(({ text }) => text);
  const tags = [["a", "b · c"], ["a", "b", "c"], ["d", "", "x\nHash: 00"], [' "', "\u2028"], []];
  assert.deepEqual(textsOf({ event_template: { ...template, tags } }, "Tag"), [
    'a · "b · c"',
    "a · b · c",
    'd · "" · x⟨U+000A⟩Hash: 00',
    '" \\"" · ⟨U+2028⟩',
    "",
  ]);
  assert.deepEqual(textsOf({ participants: ["ann\nHash: 00"] }, "Signers"), [
    "2 of ann⟨U+000A⟩Hash: 00",
  ]);
  const late = { ...template, created_at: 999_999_999_999_999 };
  assert.deepEqual(textsOf({ event_template: late }, "Date"), ["999999999999999000 ms after 1970"]);
});

Deno.test("characters that hide or reorder are written out; others stay as they are", () => {
  assert.equal(
    marked("pay\u202e001\u202c to\u200bann\u0007"),
    "pay⟨U+202E⟩001⟨U+202C⟩ to⟨U+200B⟩ann⟨U+0007⟩",
  );
  assert.equal(marked("Größe 雪 🙂\nnext"), "Größe 雪 🙂\nnext");
  assert.equal(marked("tag\u{e0041}"), "tag⟨U+E0041⟩");
  assert.equal(marked("\ud800"), "\ufffd");
  const unseen = "\u2028\u2029\u2800\ufff0\ufff8\u{1d173}\u{1bca0}\u00ad\u115f\u3164\ufe0f\u0600";
  assert.match(marked(unseen), /^(?:⟨U\+[0-9A-F]{4,5}⟩){12}$/);
});

Deno.test("the beginning of a text is one line, and is not cut within a character", () => {
  assert.equal(beginningOf("Hi\nyou\u200b"), "Hi⟨U+000A⟩you⟨U+200B⟩");
  assert.equal(beginningOf("🙂".repeat(60)), "🙂".repeat(60));
  assert.equal(beginningOf("🙂".repeat(61)), `${"🙂".repeat(60)}…`);
});

Deno.test("kinds have names, and credentials say so", () => {
  assert.equal(kindName(1), "note (kind 1)");
  assert.match(kindName(27235), /credential/);
  assert.equal(kindName(4242), "event (kind 4242)");
});
