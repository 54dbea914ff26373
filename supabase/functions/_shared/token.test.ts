import assert from "node:assert/strict";
import {
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from "jose";
import { Refusal } from "./errors.ts";
import { type KeySource, verifyToken } from "./token.ts";

const project = await signingKey("project", "ES256");
const retired = await signingKey("retired", "ES256");
const rsa = await signingKey("rsa", "RS256");
const shared = new TextEncoder().encode("a shared secret that is long enough for HS256");
const KEYS = { keys: [project.jwk, rsa.jwk] };
const now = Math.floor(Date.now() / 1000);

async function signingKey(kid: string, alg: string) {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  const jwk: JWK = { ...await exportJWK(publicKey), kid, alg };
  return { kid, alg, privateKey, jwk };
}

type Key = CryptoKey | Uint8Array;

function sign(
  payload: JWTPayload,
  header: JWTHeaderParameters = { alg: "ES256", kid: "project" },
  key: Key = project.privateKey,
): Promise<string> {
  return new SignJWT({ exp: now + 60, ...payload }).setProtectedHeader(header).sign(key);
}

async function refusalOf(token: string, keys: KeySource = KEYS): Promise<string> {
  try {
    await verifyToken(token, keys);
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    assert.equal(error.code, "unauthorized");
    assert.doesNotMatch(
      error.message,
      /[A-Za-z0-9_-]{30}/,
      "The sentence holds a part of the token",
    );
    return error.message;
  }
  throw new Error("The token was taken");
}

Deno.test("verifyToken() returns the claims of a token that a key of the project has signed", async () => {
  const claims = { iat: now, participant_id: "p", exp: now + 9 };
  assert.deepEqual(await verifyToken(await sign(claims), KEYS), claims);
  const byRsa = await sign(claims, { alg: "RS256", kid: "rsa" }, rsa.privateKey);
  assert.deepEqual(await verifyToken(byRsa, KEYS), claims);
});

Deno.test("verifyToken() takes a shared secret of the key set, and no other", async () => {
  const jwk = { kty: "oct", kid: "own", k: shared.toBase64({ alphabet: "base64url" }) };
  const header = { alg: "HS256", kid: "own" };
  const keys = { keys: [...KEYS.keys, jwk] };
  const claims = { exp: now + 9 };
  assert.deepEqual(await verifyToken(await sign(claims, header, shared), keys), claims);
  const other = await sign({}, header, new TextEncoder().encode("another secret of enough length"));
  assert.match(await refusalOf(other, keys), /not signed with a key of this project/);
  // A public key is no secret to sign with.
  const confused = { alg: "HS256", kid: "project" };
  const publicKey = new TextEncoder().encode(JSON.stringify(project.jwk));
  assert.match(await refusalOf(await sign({}, confused, publicKey), keys), /legacy JWT secret/);
});

Deno.test("verifyToken() asks for no sub: the database asks for none either", async () => {
  for (const sub of [undefined, 7, null, ""]) {
    const token = await sign({ sub } as JWTPayload);
    assert.equal((await verifyToken(token, KEYS)).exp, now + 60);
  }
});

Deno.test("verifyToken() says of an expired, a future and a foreign token what is wrong with it", async () => {
  const foreign = { alg: "ES256", kid: "retired" };
  const cases: readonly (readonly [Promise<string>, RegExp])[] = [
    [sign({ exp: now - 1 }), /^The access token has expired: refresh/],
    [sign({ nbf: now + 60 }), /not valid yet: its nbf is in the future/],
    [sign({ iat: now + 60 }), /not valid yet: its iat is in the future/],
    [sign({}, foreign, retired.privateKey), /not signed with a key of this project/],
    [sign({}, undefined, retired.privateKey), /not signed with a key of this project/],
    [sign({ exp: now - 1 }, foreign, retired.privateKey), /not signed with a key/],
    [sign({}, { alg: "ES256" }), /must name its signing key \(kid\)/],
  ];
  for (const [token, sentence] of cases) assert.match(await refusalOf(await token), sentence);
});

Deno.test("verifyToken() lets clocks differ by as much as the data API does", async () => {
  assert.ok(await verifyToken(await sign({ iat: now + 20 }), KEYS));
});

Deno.test("verifyToken() tells a token of the legacy secret from a legacy key", async () => {
  const secret = (payload: JWTPayload, kid?: string) =>
    sign(payload, { alg: "HS256", kid }, shared);
  for (const kid of [undefined, "unknown"]) {
    for (const keys of [KEYS, { keys: [] }, null, new URL("http://127.0.0.1:1/")]) {
      const ofUser = await secret({ role: "authenticated", sub: "s" }, kid);
      assert.match(await refusalOf(ofUser, keys), /legacy JWT secret \(HS256\).*JWT signing keys/);
      for (const role of ["anon", "service_role"]) {
        const key = await secret({ role, iss: "supabase" }, kid);
        assert.match(await refusalOf(key, keys), /legacy API key \(anon or service_role\)/);
      }
    }
  }
});

Deno.test("verifyToken() says of what is no token that it is none", async () => {
  const [header, payload, signature] = (await sign({})).split(".");
  const encode = (text: string) => btoa(text).replaceAll("=", "");
  const texts = [
    "garbage",
    "..",
    "...",
    `${header}.${payload}`,
    `${header}.${payload}.${signature}.`,
    `${encode("[]")}.${payload}.${signature}`,
    `${encode("{")}.${payload}.${signature}`,
    `${encode('{"alg":"HS256"}')}.${encode("[]")}.${signature}`,
    `${encode('{"alg":"HS256"}')}.!.${signature}`,
    `${encode('{"kid":"project"}')}.${payload}.${signature}`,
  ];
  for (const text of texts) {
    assert.match(await refusalOf(text), /must be a signed JSON Web Token/, text);
  }
  const none = `${encode('{"alg":"none","kid":"project"}')}.${payload}.`;
  assert.match(await refusalOf(none), /must be signed with ES256 or RS256/);
  for (const claim of ["iat", "nbf", "exp"]) {
    const token = await sign({ [claim]: "soon" });
    assert.match(await refusalOf(token), new RegExp(`claim ${claim} must be a number`));
  }
});

Deno.test("verifyToken() does not blame the token for a key set that cannot be had", async () => {
  const token = await sign({});
  for (const keys of [null, new URL("http://127.0.0.1:1/")]) {
    await assert.rejects(verifyToken(token, keys), (error) => !(error instanceof Refusal));
  }
});

Deno.test("verifyToken() fetches a key set that is published, once for many tokens", async () => {
  let fetched = 0;
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    fetched++;
    return Response.json(KEYS);
  });
  const url = new URL(`http://127.0.0.1:${server.addr.port}/jwks.json`);
  for (let i = 0; i < 3; i++) assert.ok(await verifyToken(await sign({}), url));
  assert.equal(fetched, 1);
});
