import assert from "node:assert/strict";
import type { z } from "zod";
import {
  accepted,
  type Answer,
  assertCors,
  call,
  type Json,
  refused,
  sharedStack,
  writesNothing,
} from "../support/answers.ts";
import { BODIES, credentialsFor } from "./endpoints.ts";

const stack = sharedStack();
const KIB = 1024;

/** Sends `body` to each function that takes one. */
async function toEach(
  body: (name: string) => unknown,
  check: (answer: Answer, name: string) => void,
  init?: RequestInit,
): Promise<void> {
  await writesNothing(stack().database.sql, async () => {
    for (const name of Object.keys(BODIES)) {
      const credentials = await credentialsFor(stack(), name);
      check(await call(stack(), name, credentials, body(name), init), name);
    }
  });
}

Deno.test("another method than POST is method_not_allowed, and says which is allowed", async () => {
  for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
    await toEach(() => undefined, (answer, name) => {
      refused(answer, "method_not_allowed", `${method} ${name}`);
      assert.match(String(answer.body.error), /POST/);
    }, { method });
  }
});

Deno.test("HEAD is 405 with CORS headers and no body", async () => {
  await toEach(() => undefined, (answer, name) => {
    assert.equal(answer.status, 405, name);
    assert.equal(answer.text, "", name);
    assertCors(answer);
  }, { method: "HEAD" });
});

Deno.test("a preflight is answered before anybody is known", async () => {
  for (const name of [...Object.keys(BODIES), "metrics"]) {
    const answer = await call(stack(), name, {}, undefined, {
      method: "OPTIONS",
      headers: { origin: "https://app.example", "access-control-request-method": "POST" },
    });
    assert.equal(answer.status, 204, name);
    assert.equal(answer.text, "", name);
    assertCors(answer);
    assert.match(answer.headers.get("access-control-allow-methods") ?? "", /POST/);
  }
});

Deno.test("no body, an empty one and what is no JSON are invalid_json", async () => {
  const texts = [
    undefined,
    "",
    " ",
    "{",
    "{'a': 1}",
    "{} {}",
    "undefined",
    "NaN",
    "\ufeff",
    "\0",
    "[1,",
  ];
  for (const text of texts) {
    await toEach(() => text, (answer, name) => refused(answer, "invalid_json", `${name} ${text}`));
  }
});

Deno.test("bytes that are not UTF-8 are no JSON", async () => {
  const bytes = Uint8Array.of(0x7b, 0xff, 0xfe, 0x80, 0x7d);
  await toEach(() => bytes, (answer, name) => refused(answer, "invalid_json", name));
});

Deno.test("JSON that is no object is invalid_input", async () => {
  const deep = "[".repeat(30 * KIB) + "]".repeat(30 * KIB);
  for (const text of ["null", "true", "0", "1e999", '"text"', "[]", "[{}]", deep]) {
    await toEach(() => text, (answer, name) => {
      refused(answer, "invalid_input", `${name} ${text.slice(0, 20)}`);
    });
  }
});

Deno.test("a missing field is invalid_input, and is named", async () => {
  const optional = ["ciphersuite", "vssCommitment"];
  for (const [name, body] of Object.entries(BODIES)) {
    const credentials = await credentialsFor(stack(), name);
    for (const field of Object.keys(body).filter((key) => !optional.includes(key))) {
      const { [field]: _, ...others } = body;
      const answer = await writesNothing(
        stack().database.sql,
        () => call(stack(), name, credentials, others),
      );
      refused(answer, "invalid_input", `${name} without ${field}`);
      assert.ok(String(answer.body.error).includes(field), answer.text);
    }
  }
});

/** Lists and objects that nest as deep as a body has room for, as JSON. */
const DEEP = [
  "[".repeat(30_000) + "]".repeat(30_000),
  '{"a":'.repeat(9_000) + "7" + "}".repeat(9_000),
];

Deno.test("a field of another type is invalid_input, and the sentence says what it must be", async () => {
  const values = [true, -1, 1.5, {}, [], [[]], { length: 1 }, "\0", "\ud800"];
  const texts = [...values.map((value) => JSON.stringify(value)), ...DEEP];
  for (const [name, body] of Object.entries(BODIES)) {
    const credentials = await credentialsFor(stack(), name);
    await writesNothing(stack().database.sql, async () => {
      for (const field of Object.keys(body)) {
        for (const text of texts) {
          // No commitment to the polynomial is a shorter one than there must be.
          const code = field === "vssCommitment" && text === "[]" ||
              field === "verifyingShares" && text === "{}"
            ? "key_package_invalid"
            : "invalid_input";
          const whole = JSON.stringify({ ...body, [field]: "@" }).replace('"@"', () => text);
          const answer = await call(stack(), name, credentials, whole);
          const shown = `${name} ${field} ${text.slice(0, 20)}`;
          if (field === "items" && text.startsWith("[[")) {
            assert.match(
              answer.text,
              /"results":\[\{"success":false,"code":"invalid_input"/,
              shown,
            );
            continue;
          }
          refused(answer, code, shown);
          if (code === "invalid_input") {
            const sentence = new RegExp(`^${field}(\\.[^ ]+)* must (be|have|not) [^;]+`);
            assert.match(String(answer.body.error), sentence, shown);
          }
        }
      }
    });
  }
});

Deno.test("an optional field that is null is absent, a required one is missing", async () => {
  for (const [name, body] of Object.entries(BODIES)) {
    const { Body }: { Body: z.ZodObject } = await import(`../../functions/${name}/index.ts`);
    const credentials = await credentialsFor(stack(), name);
    // A key package is registered once.
    const send = (more: Json) => {
      const fresh = name === "register-key-package" ? { familyId: crypto.randomUUID() } : {};
      return call(stack(), name, credentials, { ...body, ...fresh, ...more });
    };
    const optional = Object.keys(Body.shape).filter((field) => !(field in body));
    const without = await send({});
    const withNulls = await send(Object.fromEntries(optional.map((field) => [field, null])));
    assert.ok(without.status < 500, without.text);
    assert.deepEqual(fieldsOf(withNulls), fieldsOf(without), name);
    for (const field of Object.keys(body)) {
      const answer = await send({ [field]: null });
      if (field === "ciphersuite" || field === "vssCommitment") accepted(answer, 201);
      else {
        refused(answer, "invalid_input", `${name} ${field}`);
        const sentence = name === "withdraw-nonce-commitments" && field === "nonceCommitments"
          ? 'nonceCommitments must be given, or "all": true in its place'
          : `${field} is missing`;
        assert.equal(answer.body.error, sentence);
      }
    }
  }
});

/** What does not change from one call to the next. */
function fieldsOf({ status, body }: Answer) {
  return { status, fields: Object.keys(body), code: body.code };
}

/** In KiB: more for those that hold a list. */
const limitOf = (name: string) =>
  /^register-key|^create-signing|^submit-ceremony|s$/.test(name) ? 256 : 64;

Deno.test("a body over the limit is payload_too_large, with its length told and without", async () => {
  for (const larger of [(limit: number) => limit * KIB + 1, () => 10 * KIB * KIB]) {
    // White space is JSON too: only its size speaks against it.
    const text = (name: string) => JSON.stringify(BODIES[name]).padEnd(larger(limitOf(name)));
    const tooLarge = (answer: Answer, name: string) => {
      refused(answer, "payload_too_large", name);
      assert.equal(answer.body.error, `The body must be at most ${limitOf(name)} KiB`);
    };
    await toEach(text, tooLarge);
    await toEach((name) => new Blob([text(name)]).stream(), tooLarge);
  }
});

Deno.test("a body of exactly the limit is read", async () => {
  for (const name of Object.keys(BODIES)) {
    const text = JSON.stringify(BODIES[name]).padEnd(limitOf(name) * KIB);
    const { status, body } = await call(stack(), name, await credentialsFor(stack(), name), text);
    // The family has no keys and the session does not exist: the database was asked.
    const asked = [
      "session_not_found",
      "no_key_package",
      "participants_invalid",
      "host_key_invalid",
    ];
    assert.ok(
      body.success === true || asked.includes(String(body.code)),
      `${name} ${status}`,
    );
  }
});

Deno.test("a body is measured in bytes, not in characters", async () => {
  const text = (name: string) => JSON.stringify({ name: "❄".repeat(limitOf(name) * KIB / 2) });
  await toEach(text, (answer, name) => refused(answer, "payload_too_large", name));
});

Deno.test("a body is not read before its sender is known", async () => {
  for (const name of Object.keys(BODIES)) {
    refused(await call(stack(), name, {}, "{".padEnd(10 * KIB * KIB)), "unauthorized", name);
  }
});
