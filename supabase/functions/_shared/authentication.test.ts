import assert from "node:assert/strict";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { asService, asUser } from "./authentication.ts";
import { Refusal } from "./errors.ts";

const { privateKey, publicKey } = await generateKeyPair("ES256");
const SECRET = "sb_secret_of_this_project";
const PROJECT = {
  SUPABASE_URL: "http://127.0.0.1:1",
  SUPABASE_JWKS: JSON.stringify({
    keys: [{ ...await exportJWK(publicKey), kid: "k", alg: "ES256" }],
  }),
  SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: "sb_publishable_of_this_project" }),
  SUPABASE_SECRET_KEYS: JSON.stringify({ default: SECRET }),
};

/** Runs `work` where the platform tells the functions this. */
async function within<T>(
  settings: Readonly<Record<string, string | undefined>>,
  work: () => Promise<T>,
): Promise<T> {
  const set = (values: Readonly<Record<string, string | undefined>>) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  };
  const before = Object.fromEntries(
    Object.keys(settings).map((name) => [name, Deno.env.get(name)]),
  );
  set(settings);
  try {
    return await work();
  } finally {
    set(before);
  }
}

function sign(payload: JWTPayload): Promise<string> {
  return new SignJWT({ role: "authenticated", ...payload }).setExpirationTime("1m")
    .setProtectedHeader({ alg: "ES256", kid: "k" }).sign(privateKey);
}

const request = (headers: HeadersInit) => new Request("http://localhost/", { headers });
const unreachable = () => Promise.reject(new Error("The request was let through"));

async function refused(
  code: string,
  sentence: RegExp,
  serve: (request: Request) => Promise<Response>,
  headers: HeadersInit,
  settings: Readonly<Record<string, string | undefined>> = PROJECT,
): Promise<void> {
  await assert.rejects(within(settings, () => serve(request(headers))), (error) => {
    assert.ok(error instanceof Refusal, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, sentence);
    return true;
  });
}

Deno.test("asUser() hands on the claims of a member's token, with or without sub", async () => {
  for (const payload of [{ sub: "s" }, { participant_id: "p" }, { a: { b: [null, "❄"] } }]) {
    const serve = asUser((_request, { claims }) => Promise.resolve(Response.json(claims)));
    const headers = { authorization: `Bearer ${await sign(payload)}` };
    const response = await within(PROJECT, () => serve(request(headers)));
    const { exp, ...claims } = await response.json();
    assert.deepEqual(claims, { role: "authenticated", ...payload });
    assert.equal(typeof exp, "number");
  }
});

Deno.test("asUser() tells a missing token from what is no token", async () => {
  const serve = asUser(unreachable);
  await refused("unauthorized", /access token is missing: send/, serve, {});
  await refused("unauthorized", /access token is missing/, serve, { apikey: SECRET });
  for (const authorization of ["bearer abc", "Basic abc", "abc", "Bearer"]) {
    await refused("unauthorized", /must be "Bearer", one space and/, serve, { authorization });
  }
  const authorization = `Bearer ${SECRET}`;
  await refused("unauthorized", /has an API key where/, serve, { authorization });
});

Deno.test("asUser() refuses a token of another role than members have", async () => {
  for (const role of ["service_role", "anon", "", undefined, null, ["authenticated"]]) {
    const authorization = `Bearer ${await sign({ role })}`;
    await refused("unauthorized", /role authenticated/, asUser(unreachable), { authorization });
  }
});

Deno.test("asUser() refuses a token with claims that the database cannot read", async () => {
  for (const claims of [{ x: "\0" }, { "\ud800": 1 }, { user_metadata: { a: ["b", "c\0"] } }]) {
    const authorization = `Bearer ${await sign(claims)}`;
    await refused("unauthorized", /NUL or lone surrogates/, asUser(unreachable), { authorization });
  }
});

Deno.test("asService() asks for the secret key, and says what it got instead", async () => {
  const serve = asService(() => Promise.resolve(Response.json({ ok: true })));
  const response = await within(PROJECT, () => serve(request({ apikey: SECRET })));
  assert.deepEqual(await response.json(), { ok: true });
  const token = await sign({ role: "service_role" });
  const cases: readonly (readonly [HeadersInit, RegExp])[] = [
    [{}, /secret key is missing/],
    [{ authorization: `Bearer ${SECRET}` }, /secret key is missing/],
    [{ authorization: `Bearer ${token}` }, /secret key is missing/],
    [{ apikey: token }, /legacy key where a secret key/],
    [{ apikey: "sb_publishable_of_this_project" }, /publishable key where a secret key/],
    [{ apikey: `${SECRET}x` }, /not the default secret key/],
  ];
  for (const [headers, sentence] of cases) {
    await refused("unauthorized", sentence, asService(unreachable), headers);
  }
});

Deno.test("a project with legacy keys only is told so, whoever calls", async () => {
  const authorization = `Bearer ${await sign({ sub: "s" })}`;
  for (const keys of [undefined, "{}"]) {
    for (const name of ["SUPABASE_SECRET_KEYS", "SUPABASE_PUBLISHABLE_KEYS"]) {
      const settings = { ...PROJECT, [name]: keys };
      const headers = { authorization, apikey: SECRET };
      for (const serve of [asUser(unreachable), asService(unreachable)]) {
        const sentence = /legacy API keys only: create a publishable and a secret key/;
        await refused("internal", sentence, serve, headers, settings);
        await refused("internal", sentence, serve, {}, settings);
      }
    }
  }
});
