import assert from "node:assert/strict";
import { type Answer, assertCors, call, refused, sharedStack, writesNothing } from "./answers.ts";
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

Deno.test("a field of another type is invalid_input", async () => {
  const values = [null, true, -1, 1.5, {}, [], [[]], { length: 1 }, "\0", "\ud800"];
  for (const [name, body] of Object.entries(BODIES)) {
    const credentials = await credentialsFor(stack(), name);
    await writesNothing(stack().database.sql, async () => {
      for (const field of Object.keys(body)) {
        for (const value of values) {
          // No commitment to the polynomial is a shorter one than there must be.
          const code = field === "vssCommitment" && Array.isArray(value) && value.length === 0
            ? "key_package_invalid"
            : field === "verifyingShares" && JSON.stringify(value) === "{}"
            ? "key_package_invalid"
            : "invalid_input";
          const answer = await call(stack(), name, credentials, { ...body, [field]: value });
          refused(answer, code, `${name} ${field} ${JSON.stringify(value)}`);
        }
      }
    });
  }
});

Deno.test("a body over 64 KiB is payload_too_large, with its length told and without", async () => {
  const sizes = [64 * KIB + 1, 10 * KIB * KIB];
  for (const size of sizes) {
    // White space is JSON too: only its size speaks against it.
    const text = (name: string) => JSON.stringify(BODIES[name]).padEnd(size);
    await toEach(text, (answer, name) => refused(answer, "payload_too_large", name));
    await toEach(
      (name) => new Blob([text(name)]).stream(),
      (answer, name) => refused(answer, "payload_too_large", `${name} streamed`),
    );
  }
});

Deno.test("a body of exactly 64 KiB is read", async () => {
  const text = (name: string) => JSON.stringify(BODIES[name]).padEnd(64 * KIB);
  for (const name of Object.keys(BODIES).filter((each) => each !== "register-key-package")) {
    const { status, body } = await call(
      stack(),
      name,
      await credentialsFor(stack(), name),
      text(name),
    );
    // The family has no key and the session does not exist: the database was asked.
    assert.ok(body.success === true || body.code === "session_not_found", `${name} ${status}`);
  }
});

Deno.test("characters count 64 KiB by their bytes", async () => {
  const text = () => JSON.stringify({ sessionId: "❄".repeat(22 * KIB) });
  await toEach(text, (answer, name) => refused(answer, "payload_too_large", name));
});

Deno.test("a body is not read before its sender is known", async () => {
  for (const name of Object.keys(BODIES)) {
    refused(await call(stack(), name, {}, "{".padEnd(10 * KIB * KIB)), "unauthorized", name);
  }
});
