import assert from "node:assert/strict";
import {
  accepted,
  call,
  type Json,
  refused,
  sharedStack,
  writesNothing,
} from "../support/answers.ts";
import { BODIES, credentialsFor, USER_FUNCTIONS } from "./endpoints.ts";
import { HttpFamily, register } from "../support/http_family.ts";

const stack = sharedStack();

const NO_IDENTIFIERS = [
  "",
  "x".repeat(256),
  "\u{1f9ca}".repeat(256),
  "\0",
  "a\0b",
  "\ud800",
  "a\udc00",
  "\udc00\ud800",
  "\u0001",
  "tab\t",
  "line\n",
  "\u007f",
  "\u0085",
  "\u009f",
];

/** Valid, and unfriendly to whoever glues strings together or looks things up in objects. */
const STRANGE = [
  "constructor",
  "toString",
  "hasOwnProperty",
  "' or 1=1 --",
  '"}); drop table public.frost_signing_sessions; --',
  "../../etc/passwd",
  "%00%0a",
  "null",
  "{ann,bob}",
  " ",
  "\u202eann",
  "á",
  "a\u0301",
  "ﷺ",
  "\u{1f9ca}".repeat(255),
];

/** Each function's fields that name somebody or something. */
const FIELDS = ["familyId", "sessionId", "requestId", "guardianId", "eventType", "useCase"];

/** The functions that are about one session or request. */
const BY_ID = Object.entries<Json>(USER_FUNCTIONS).filter(([, body]) =>
  "sessionId" in body || "requestId" in body
);

Deno.test("what is no identifier is invalid_input wherever an identifier is asked for", async () => {
  for (const [name, body] of Object.entries(BODIES)) {
    const credentials = await credentialsFor(stack(), name);
    await writesNothing(stack().database.sql, async () => {
      for (const field of FIELDS.filter((each) => each in body)) {
        for (const value of NO_IDENTIFIERS) {
          const answer = await call(stack(), name, credentials, { ...body, [field]: value });
          refused(answer, "invalid_input", `${name} ${field} ${JSON.stringify(value)}`);
        }
      }
    });
  }
});

Deno.test("what is no identifier is invalid_input as a participant too", async () => {
  const registration = BODIES["register-key-package"];
  const create = BODIES["create-signing-request"];
  const user = await credentialsFor(stack(), "create-signing-request");
  await writesNothing(stack().database.sql, async () => {
    for (const value of NO_IDENTIFIERS) {
      const participants = ["ann", value];
      const requests = [{ ...create, participants }, {
        ...create,
        participants,
        useCase: "key_rotation",
      }];
      for (const body of requests) {
        refused(await call(stack(), "create-signing-request", user, body), "invalid_input", value);
      }
      refused(await register(stack(), { ...registration, participants }), "invalid_input", value);
      const verifyingShares = { ann: "02", [value]: "02" };
      refused(
        await register(stack(), { ...registration, verifyingShares }),
        "invalid_input",
        value,
      );
    }
  });
});

Deno.test("a session or request that does not exist is session_not_found, by whatever name", async () => {
  for (const [name, body] of BY_ID) {
    const credentials = await credentialsFor(stack(), name);
    const field = "requestId" in body ? "requestId" : "sessionId";
    await writesNothing(stack().database.sql, async () => {
      for (const id of [...STRANGE, "__proto__", crypto.randomUUID()]) {
        const answer = await call(stack(), name, credentials, { ...body, [field]: id });
        refused(answer, "session_not_found", `${name} ${id}`);
      }
    });
  }
});

Deno.test("another family's session or request is session_not_found, to its namesakes too", async () => {
  const family = await HttpFamily.found(stack());
  const other = await HttpFamily.found(stack());
  const session = await family.signing();
  const request = await family.create(family.request({ preferredMethod: "sss" }));
  await writesNothing(stack().database.sql, async () => {
    for (const id of [session, request]) {
      for (const [name, body] of BY_ID) {
        const answer = await other.call("ann", name, { ...body, sessionId: id, requestId: id });
        refused(answer, "session_not_found", name);
      }
    }
  });
});

Deno.test("a member who neither created a session nor takes part in it does not find it", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.create(family.request({ participants: ["ann", "bob"] }));
  const nonceCommitment = family.freshCommitment();
  await writesNothing(stack().database.sql, async () => {
    const answers = [
      await family.call("cleo", "submit-nonce-commitment", { sessionId, nonceCommitment }),
      await family.call("cleo", "submit-signature-share", { sessionId, signatureShare: "00" }),
      await family.call("cleo", "aggregate-signature", { sessionId }),
      await family.call("cleo", "decline-signing-request", { sessionId, reason: "no" }),
    ];
    for (const answer of answers) refused(answer, "session_not_found");
  });
});

Deno.test("strange identifiers name a family, its guardians and their signatures", async () => {
  for (let i = 0; i < STRANGE.length; i += 5) {
    const participants = STRANGE.slice(i, i + 5);
    const family = await HttpFamily.found(stack(), {
      id: STRANGE[i] + i,
      participants,
      threshold: 2,
    });
    const sessionId = await family.completed([participants[4], participants[1]]);
    const { status, signers, created_by } = await family.session(sessionId);
    assert.equal(status, "completed");
    assert.deepEqual(signers, [participants[1], participants[4]]);
    assert.equal(created_by, participants[0]);
  }
});

Deno.test("guardians with names that objects have of their own sign like any other", async () => {
  const participants = ["__proto__", "constructor", "toString"];
  const family = await HttpFamily.found(stack(), { participants, threshold: 2 });
  for (const signers of [["__proto__", "toString"], ["constructor", "__proto__"]]) {
    const { status } = await family.session(await family.completed(signers));
    assert.equal(status, "completed");
  }
});

Deno.test("spellings of one name that differ in their code points are different people", async () => {
  const family = await HttpFamily.found(stack(), { participants: ["á", "a\u0301", "b"] });
  const sessionId = await family.create(family.request({ participants: ["á", "b"] }));
  const nonceCommitment = family.freshCommitment();
  const body = { sessionId, nonceCommitment };
  refused(await family.call("a\u0301", "submit-nonce-commitment", body), "session_not_found");
  accepted(await family.call("á", "submit-nonce-commitment", body));
});
