import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { signToken, userId } from "../../local/token.ts";
import {
  accepted,
  call,
  type Credentials,
  refused,
  rpc,
  sharedStack,
  writesNothing,
} from "../support/answers.ts";
import { BODIES, SERVE_BOTH, USER_FUNCTIONS } from "./endpoints.ts";
import { HttpFamily } from "../support/http_family.ts";

const stack = sharedStack();
const ann = { participant: "ann", family: "nobody" };

/** What is refused, and how the sentence says why. */
type Refused = Readonly<Record<string, readonly [Credentials, RegExp]>>;

/** Each of these is refused by each of these functions, and nothing is written. */
async function unauthorized(functions: readonly string[], cases: Refused): Promise<void> {
  await writesNothing(stack().database.sql, async () => {
    for (const name of functions) {
      for (const [what, [credentials, sentence]] of Object.entries(cases)) {
        const answer = await call(stack(), name, credentials, BODIES[name]);
        refused(answer, "unauthorized", `${name}: ${what}`);
        assert.match(String(answer.body.error), sentence, `${name}: ${what}`);
      }
    }
  });
}

Deno.test("a user function asks for a member's token, signed with the project's key and in time", async () => {
  const good = await signToken(ann);
  const [header, payload, signature] = good.split(".");
  const { kid } = JSON.parse(atob(header));
  const { publishableKey, secretKey } = stack();
  const missing = /^The access token is missing/;
  const apiKey = /has an API key where/;
  const malformed = /must be a signed JSON Web Token/;
  const foreign = /not signed with a key of this project|legacy JWT secret/;
  const future = { iat: Math.floor(Date.now() / 1000) + 3600 };
  const byHand = (header: object) => forge(header, "another secret of more than 32 bytes");
  await unauthorized(Object.keys(USER_FUNCTIONS).filter((name) => !SERVE_BOTH.includes(name)), {
    "secret key alone": [{ apikey: secretKey }, missing],
    "secret key as a token": [{ token: secretKey, apikey: secretKey }, apiKey],
  });
  await unauthorized(SERVE_BOTH, {
    "a secret key that is none": [{ apikey: "sb_secret_0000" }, /is not the default secret key/],
  });
  await unauthorized(Object.keys(USER_FUNCTIONS), {
    "nothing": [{}, missing],
    "publishable key alone": [{ apikey: publishableKey }, missing],
    "publishable key as a token": [{ token: publishableKey }, apiKey],
    "no token at all": [{ token: "garbage" }, malformed],
    "empty token": [{ token: "" }, /must be "Bearer", one space/],
    "three dots": [{ token: "..." }, malformed],
    "without its signature": [{ token: `${header}.${payload}.` }, foreign],
    "another signature": [
      { token: `${header}.${payload}.${signature.split("").reverse().join("")}` },
      foreign,
    ],
    "expired": [{ token: await signToken({ ...ann, expiresIn: -60 }) }, /has expired/],
    "not valid yet": [
      { token: await signToken({ ...ann, claims: { nbf: 4_000_000_000 } }) },
      /its nbf is in the future/,
    ],
    "issued in the future": [
      { token: await signToken({ ...ann, claims: future }) },
      /its iat is in the future/,
    ],
    "another secret": [{ token: await byHand({ alg: "HS256", kid }) }, foreign],
    "an unknown key": [{ token: await byHand({ alg: "HS256", kid: "another" }) }, /legacy JWT/],
    "no key id": [{ token: await byHand({ alg: "HS256" }) }, /legacy JWT secret/],
    "alg none": [{ token: `${encode({ alg: "none", kid })}.${payload}.` }, /ES256 or RS256/],
    "alg nOnE": [
      { token: `${encode({ alg: "nOnE", kid })}.${payload}.${signature}` },
      /ES256 or RS256/,
    ],
    "payload of another token": [{
      token: `${header}.${
        (await signToken({ ...ann, participant: "bob" })).split(".")[1]
      }.${signature}`,
    }, foreign],
  });
});

Deno.test("a token of another role than members have is unauthorized, the service's own included", async () => {
  const cases: Record<string, Refused[string]> = {};
  for (const role of ["service_role", "anon", "postgres", "", undefined, ["authenticated"]]) {
    const token = await signToken({ ...ann, claims: { role } });
    cases[String(role)] = [{ token }, /of the role authenticated/];
  }
  await unauthorized(Object.keys(USER_FUNCTIONS), cases);
});

Deno.test("register-key-package asks for the secret key", async () => {
  const { publishableKey, secretKey } = stack();
  const token = await signToken(ann);
  const service = await signToken({ ...ann, claims: { role: "service_role" } });
  await unauthorized(["register-key-package"], {
    "nothing": [{}, /secret key is missing/],
    "a user's token": [{ token, apikey: publishableKey }, /has a publishable key/],
    "a service_role token": [{ token: service, apikey: publishableKey }, /has a publishable key/],
    "the publishable key": [{ apikey: publishableKey }, /has a publishable key/],
    "a legacy key": [{ apikey: service }, /has a legacy key/],
    "another key": [{ apikey: `${secretKey}x` }, /not the default secret key/],
    "a part of the key": [{ apikey: secretKey.slice(0, -1) }, /not the default secret key/],
    "the key in capitals": [{ apikey: secretKey.toUpperCase() }, /not the default secret key/],
  });
});

Deno.test("claims at the top level win over app_metadata, and a participant falls back to sub", async () => {
  const family = await HttpFamily.found(stack(), {
    participants: ["ann", "bob", await userId("x")],
  });
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
  const family = await HttpFamily.found(stack());
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

Deno.test("a token needs no sub where it names its participant, in functions as in RPCs", async () => {
  const family = await HttpFamily.found(stack());
  const claims = { sub: undefined, family_id: family.id, participant_id: "bob" };
  const token = await signToken({ participant: "x", family: "unused", claims });
  const sessionId = await family.create();
  const args = { p_session_id: sessionId };
  assert.equal((await rpc(stack(), "get_signing_session", { token }, args)).status, 200);
  const body = { sessionId, nonceCommitment: family.freshCommitment() };
  accepted(await call(stack(), "submit-nonce-commitment", { token }, body));
  assert.deepEqual(Object.keys(Object(await family.session(sessionId)).nonce_commitments), ["bob"]);
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
