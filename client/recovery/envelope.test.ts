import assert from "node:assert/strict";
import {
  EnvelopeError,
  oneTimeKey,
  openShare,
  OtherKeyPackageError,
  recipientFingerprint,
  sealShare,
  type SharePurpose,
} from "./envelope.ts";

const SHARE = "5a".repeat(32);

function purpose(recipientPublicKey: string): SharePurpose {
  return { guardianId: "ann", keyPackageFingerprint: "ab".repeat(32), recipientPublicKey };
}

Deno.test("a share comes out as it went in, from ciphertext that is another each time", () => {
  const { secretKey, publicKey } = oneTimeKey();
  const [one, two] = [sealShare(purpose(publicKey), SHARE), sealShare(purpose(publicKey), SHARE)];
  assert.notEqual(one, two);
  assert.notEqual(one.split(".")[1], two.split(".")[1]);
  // What the server takes: printable, no spaces, 8,192 characters at most, for the longest ids too.
  const longest = "\u{1f9ca}".repeat(255);
  const long = { guardianId: longest };
  const large = sealShare({ ...purpose(publicKey), ...long }, "5a".repeat(57));
  for (const ciphertext of [one, two, large]) assert.match(ciphertext, /^[\x21-\x7e]{1,8192}$/);
  assert.ok(!one.includes(SHARE));
  for (const ciphertext of [one, two]) {
    assert.equal(openShare(purpose(publicKey), secretKey, ciphertext), SHARE);
  }
});

Deno.test("a ciphertext opens for the guardian, key package and device it was made for alone", () => {
  const { secretKey, publicKey } = oneTimeKey();
  const ciphertext = sealShare(purpose(publicKey), SHARE);
  const others: Array<[Partial<SharePurpose>, string]> = [
    [{ guardianId: "bob" }, "guardian_id"],
    [{ recipientPublicKey: oneTimeKey().publicKey }, "recipient_public_key"],
  ];
  for (const [other, name] of others) {
    assert.throws(
      () => openShare({ ...purpose(publicKey), ...other }, secretKey, ciphertext),
      (error: unknown) => error instanceof EnvelopeError && error.message.includes(name),
    );
  }
  assert.throws(
    () =>
      openShare(
        { ...purpose(publicKey), keyPackageFingerprint: "cd".repeat(32) },
        secretKey,
        ciphertext,
      ),
    OtherKeyPackageError,
  );
  assert.throws(
    () => openShare(purpose(publicKey), oneTimeKey().secretKey, ciphertext),
    EnvelopeError,
  );
});

Deno.test("an altered or malformed ciphertext is refused, and the refusal does not quote it", () => {
  const { secretKey, publicKey } = oneTimeKey();
  const ciphertext = sealShare(purpose(publicKey), SHARE);
  const [prefix, sender, payload] = ciphertext.split(".");
  const flipped = payload.slice(0, 60) + (payload[60] === "A" ? "B" : "A") + payload.slice(61);
  const altered = [
    "",
    "x",
    payload,
    `${prefix}.${sender}`,
    `permafrost-share-2.${sender}.${payload}`,
    `${ciphertext}.x`,
    `${prefix}.${sender.toUpperCase()}.${payload}`,
    `${prefix}.${"ff".repeat(32)}.${payload}`,
    `${prefix}.${oneTimeKey().publicKey}.${payload}`,
    `${prefix}.${sender}.${flipped}`,
  ];
  for (const text of altered) {
    assert.throws(
      () => openShare(purpose(publicKey), secretKey, text),
      (error: unknown) => error instanceof EnvelopeError && !error.message.includes("5a5a"),
      text,
    );
  }
});

Deno.test("a recipient key that is not a point is refused", () => {
  for (const key of ["", "00".repeat(32), "ff".repeat(32), "02" + "11".repeat(32)]) {
    assert.throws(() => sealShare(purpose(key), SHARE), EnvelopeError, key);
  }
});

Deno.test("a fingerprint is 25 digits in groups that can be read out, and another for another key", () => {
  const [one, two] = [oneTimeKey().publicKey, oneTimeKey().publicKey];
  assert.match(recipientFingerprint(one), /^\d{5}( \d{5}){4}$/);
  assert.equal(recipientFingerprint(one), recipientFingerprint(one));
  assert.notEqual(recipientFingerprint(one), recipientFingerprint(two));
  // People compare what two versions of this program show. Worked out by another one.
  assert.equal(recipientFingerprint("11".repeat(32)), "85464 61271 89157 97221 54904");
});
