import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { JWT_KEY_ID } from "../../local/keys.ts";
import { signToken, userId } from "../../local/token.ts";
import {
  accepted,
  call,
  type Credentials,
  refused,
  sharedStack,
  writesNothing,
} from "./answers.ts";
import { BODIES, USER_FUNCTIONS } from "./endpoints.ts";
import { Family } from "./family.ts";

const stack = sharedStack();
const ann = { participant: "ann", family: "nobody" };

/** Each of these is refused by each of these functions, and nothing is written. */
async function unauthorized(
  functions: readonly string[],
  credentials: Readonly<Record<string, Credentials>>,
): Promise<void> {
  await writesNothing(stack().database.sql, async () => {
    for (const name of functions) {
      for (const [what, each] of Object.entries(credentials)) {
        refused(await call(stack(), name, each, BODIES[name]), "unauthorized", `${name}: ${what}`);
      }
    }
  });
}

Deno.test("a user function asks for a member's token, signed with the project's key and in time", async () => {
  const good = await signToken(ann);
  const [header, payload, signature] = good.split(".");
  const { publishableKey, secretKey } = stack();
  await unauthorized(Object.keys(USER_FUNCTIONS), {
    "nothing": {},
    "publishable key alone": { apikey: publishableKey },
    "secret key alone": { apikey: secretKey },
    "secret key as a token": { token: secretKey, apikey: secretKey },
    "publishable key as a token": { token: publishableKey },
    "no token at all": { token: "garbage" },
    "empty token": { token: "" },
    "three dots": { token: "..." },
    "without its signature": { token: `${header}.${payload}.` },
    "another signature": {
      token: `${header}.${payload}.${signature.split("").reverse().join("")}`,
    },
    "expired": { token: await signToken({ ...ann, expiresIn: -60 }) },
    "not valid yet": { token: await signToken({ ...ann, claims: { nbf: 4_000_000_000 } }) },
    "another secret": { token: await forge({ alg: "HS256", kid: JWT_KEY_ID }, "another secret") },
    "a blank secret": { token: await forge({ alg: "HS256", kid: JWT_KEY_ID }, " ") },
    "an unknown key": { token: await forge({ alg: "HS256", kid: "another" }, stack().jwtSecret) },
    "no key id": { token: await forge({ alg: "HS256" }, stack().jwtSecret) },
    "alg none": { token: `${encode({ alg: "none", kid: JWT_KEY_ID })}.${payload}.` },
    "alg nOnE": { token: `${encode({ alg: "nOnE", kid: JWT_KEY_ID })}.${payload}.${signature}` },
    "no subject": { token: await signToken({ ...ann, claims: { sub: undefined } }) },
    "a subject that is a number": { token: await signToken({ ...ann, claims: { sub: 7 } }) },
    "payload of another token": {
      token: `${header}.${
        (await signToken({ ...ann, participant: "bob" })).split(".")[1]
      }.${signature}`,
    },
  });
});

Deno.test("a token of another role than members have is unauthorized, the service's own included", async () => {
  const credentials: Record<string, Credentials> = {};
  for (const role of ["service_role", "anon", "postgres", "", undefined, ["authenticated"]]) {
    credentials[String(role)] = { token: await signToken({ ...ann, claims: { role } }) };
  }
  await unauthorized(Object.keys(USER_FUNCTIONS), credentials);
});

Deno.test("register-key-package asks for the secret key", async () => {
  const { publishableKey, secretKey } = stack();
  const token = await signToken(ann);
  const service = await signToken({ ...ann, claims: { role: "service_role" } });
  await unauthorized(["register-key-package"], {
    "nothing": {},
    "a user's token": { token, apikey: publishableKey },
    "a service_role token": { token: service, apikey: publishableKey },
    "the publishable key": { apikey: publishableKey },
    "another key": { apikey: `${secretKey}x` },
    "a part of the key": { apikey: secretKey.slice(0, -1) },
    "the key in capitals": { apikey: secretKey.toUpperCase() },
  });
});

Deno.test("claims at the top level win over app_metadata, and a participant falls back to sub", async () => {
  const family = await Family.found(stack(), { participants: ["ann", "bob", await userId("x")] });
  const app_metadata = { family_id: "somewhere else", participant_id: "bob" };
  const cases = [
    [{ family_id: family.id, participant_id: "ann", app_metadata }, "ann"],
    [{ family_id: family.id, app_metadata }, "bob"],
    [{ app_metadata: { family_id: family.id, participant_id: "ann" } }, "ann"],
    [{ family_id: family.id, participant_id: "", app_metadata: { participant_id: "bob" } }, "bob"],
    [
      { family_id: "", participant_id: 7, app_metadata: { ...app_metadata, family_id: family.id } },
      "bob",
    ],
    [{ family_id: family.id, app_metadata: {} }, await userId("x")],
    [{ family_id: family.id, app_metadata: { participant_id: "" } }, await userId("x")],
    [{ family_id: family.id, app_metadata: { participant_id: ["bob"] } }, await userId("x")],
  ] as const;
  for (const [claims, participant] of cases) {
    const token = await signToken({ participant: "x", family: "unused", claims });
    const created = await call(stack(), "create-signing-request", { token }, family.request());
    const sessionId = String(accepted(created, 201).sessionId);
    const nonceCommitment = family.freshCommitment();
    const body = { sessionId, nonceCommitment };
    accepted(await call(stack(), "submit-nonce-commitment", { token }, body));
    const session = await family.session(sessionId, participant);
    assert.equal(session.created_by, participant, JSON.stringify(claims));
    assert.deepEqual(session.nonce_commitments, { [participant]: nonceCommitment });
  }
});

Deno.test("an empty claim, one of another type and user_metadata make nobody a member", async () => {
  const family = await Family.found(stack());
  const sessionId = await family.create();
  const user_metadata = { family_id: family.id, participant_id: "ann" };
  const all = [
    { app_metadata: undefined, user_metadata },
    { app_metadata: {}, user_metadata },
    { app_metadata: { family_id: "" }, user_metadata },
    { app_metadata: { family_id: [family.id] }, user_metadata },
    { app_metadata: null, user_metadata },
    { app_metadata: family.id },
    { family_id: "", app_metadata: {}, user_metadata },
    { family_id: { id: family.id }, app_metadata: {}, user_metadata },
    { family_id: true, app_metadata: {}, user_metadata },
  ];
  await writesNothing(stack().database.sql, async () => {
    for (const claims of all) {
      const token = await signToken({ participant: "ann", family: "unused", claims });
      const create = (request: unknown) =>
        call(stack(), "create-signing-request", { token }, request);
      refused(await create(family.request()), "not_in_family", JSON.stringify(claims));
      refused(await create(family.eventRequest()), "not_in_family", JSON.stringify(claims));
      const seen = await call(stack(), "aggregate-signature", { token }, { sessionId });
      refused(seen, "session_not_found", JSON.stringify(claims));
    }
  });
});

Deno.test("a token says who commits, whatever the body says", async () => {
  const family = await Family.found(stack());
  const sessionId = await family.create();
  const nonceCommitment = family.freshCommitment();
  const body = { sessionId, nonceCommitment, participantId: "cleo", participant_id: "cleo" };
  accepted(await family.call("bob", "submit-nonce-commitment", body));
  const { nonce_commitments } = await family.session(sessionId);
  assert.deepEqual(nonce_commitments, { bob: nonceCommitment });
});

async function forge(header: object, secret: string): Promise<string> {
  const [, payload] = (await signToken(ann)).split(".");
  const signed = `${encode(header)}.${payload}`;
  const key = await crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode(secret),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(signed));
  return `${signed}.${Buffer.from(signature).toString("base64url")}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
