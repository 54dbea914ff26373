import assert from "node:assert/strict";
import { getEventHash } from "nostr-tools/pure";
import { FrostError } from "./error.ts";
import { eventId, finishEvent, nostrPublicKey } from "./nostr.ts";

const X = "f37c34b66ced1fb51c34a90bdae006901f10625cc06c4f64663b0eae87d87b4f";
const GROUP_KEY = "03" + X;
const TEMPLATE = { kind: 1, created_at: 1_700_000_000, tags: [["p", X], []], content: "hello" };

const mismatch = (error: unknown) => error instanceof FrostError && error.code === "event_mismatch";

Deno.test("eventId() agrees with nostr-tools, whatever has to be escaped", () => {
  const texts = [
    "",
    'quote " backslash \\ slash / newline \n return \r tab \t backspace \b feed \f',
    "null \0 unit \x01 \x1f delete \x7f separators \u2028 \u2029 bom \ufeff",
    "Grüße, 家族, семья, 👨‍👩‍👧, e\u0301, \u{10ffff}",
    "</script><!-- & '",
  ];
  for (const content of texts) {
    const template = { ...TEMPLATE, content, tags: [["t", content], [content]] };
    assert.equal(eventId(template, GROUP_KEY), getEventHash({ ...template, pubkey: X }));
  }
});

Deno.test("eventId() is the same for both points of an x coordinate", () => {
  assert.equal(eventId(TEMPLATE, "02" + X), eventId(TEMPLATE, "03" + X));
  assert.equal(nostrPublicKey(GROUP_KEY), X);
});

Deno.test("eventId() takes the group's public key in the template and no other", () => {
  assert.equal(eventId({ ...TEMPLATE, pubkey: X }, GROUP_KEY), eventId(TEMPLATE, GROUP_KEY));
  assert.throws(() => eventId({ ...TEMPLATE, pubkey: "00".repeat(32) }, GROUP_KEY), mismatch);
  assert.throws(() => eventId({ ...TEMPLATE, pubkey: X.toUpperCase() }, GROUP_KEY), mismatch);
});

Deno.test("eventId() refuses what is no event", () => {
  const wrong: unknown[] = [
    null,
    "event",
    {},
    { ...TEMPLATE, kind: -1 },
    { ...TEMPLATE, kind: 65536 },
    { ...TEMPLATE, kind: "1" },
    { ...TEMPLATE, kind: 1.5 },
    { ...TEMPLATE, created_at: 1e300 },
    { ...TEMPLATE, created_at: undefined },
    { ...TEMPLATE, content: 1 },
    { ...TEMPLATE, content: "half a pair \ud800" },
    { ...TEMPLATE, tags: "p" },
    { ...TEMPLATE, tags: ["p"] },
    { ...TEMPLATE, tags: [["p", 1]] },
    { ...TEMPLATE, tags: [["p", "\udc00"]] },
  ];
  for (const template of wrong) {
    assert.throws(() => eventId(template, GROUP_KEY), mismatch, JSON.stringify(template));
  }
});

Deno.test("eventId() refuses a group key that is not secp256k1's", () => {
  for (const key of [X, "04" + X, "02" + X.toUpperCase(), ""]) {
    assert.throws(
      () => eventId(TEMPLATE, key),
      (error: unknown) => error instanceof FrostError && error.code === "key_package_invalid",
    );
  }
});

Deno.test("finishEvent() holds the seven fields and nothing else of the template", () => {
  const sig = "ab".repeat(64);
  const event = finishEvent({ ...TEMPLATE, id: "00", note: "x" }, GROUP_KEY, sig);
  assert.deepEqual(event, { ...TEMPLATE, pubkey: X, id: eventId(TEMPLATE, GROUP_KEY), sig });
  for (const other of ["", "ab", "ab".repeat(65), "AB".repeat(64)]) {
    assert.throws(
      () => finishEvent(TEMPLATE, GROUP_KEY, other),
      (error) => error instanceof FrostError && error.code === "signature_invalid",
    );
  }
});
