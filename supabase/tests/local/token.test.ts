import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { JWKS } from "../../local/keys.ts";
import { signToken, userId } from "../../local/token.ts";

const SCRIPT = fileURLToPath(new URL("../../local/token.ts", import.meta.url));

Deno.test("signToken() puts family and participant where a hosted project has them", async () => {
  const token = await signToken({ participant: "guardian1", family: "f", expiresIn: 60 });
  assert.deepEqual(decodeProtectedHeader(token), {
    alg: "ES256",
    typ: "JWT",
    kid: JWKS.keys[0].kid,
  });
  const payload = await verified(token);
  assert.deepEqual(payload.app_metadata, { family_id: "f", participant_id: "guardian1" });
  assert.equal(payload.role, "authenticated");
  assert.equal(payload.aud, "authenticated");
  assert.equal(Number(payload.exp) - Number(payload.iat), 60);
});

Deno.test("a participant has one user id, and no other participant has it", async () => {
  const [once, again, other] = await Promise.all(["a", "a", "b"].map(userId));
  assert.match(once, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(once, again);
  assert.notEqual(once, other);
});

Deno.test("the token task prints the token and nothing else, with the claims that are asked for", async () => {
  const whose = ["--", "--participant", "guardian1", "--family", "f"];
  const cases = [
    { args: [], families: undefined, role: "authenticated" },
    { args: ["--claims", '{"families":{"a":"x"}}'], families: { a: "x" }, role: "authenticated" },
    { args: ["--claims", '{"role":"anon"}'], families: undefined, role: "anon" },
  ];
  for (const { args, families, role } of cases) {
    const { code, stdout } = await run(...whose, ...args);
    assert.equal(code, 0);
    assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const claims = await verified(stdout.trim());
    assert.deepEqual([claims.families, claims.role], [families, role]);
    assert.deepEqual(claims.app_metadata, { family_id: "f", participant_id: "guardian1" });
  }
});

for (
  const args of [
    [],
    ["--participant", "guardian1"],
    ["--participant", "", "--family", "f"],
    ["--participant", "guardian1", "--family", "f", "--expires-in", "soon"],
    ["--participant", "guardian1", "--family", "f", "--colour", "red"],
    ["--participant", "guardian1", "--family", "f", "--claims", "[]"],
    ["--participant", "guardian1", "--family", "f", "--claims", "{families}"],
  ]
) {
  Deno.test(`the token task refuses the arguments [${args.join(" ")}]`, async () => {
    const { code, stdout, stderr } = await run(...args);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /^\S.*; see "deno task token --help"\.\n$/, "one sentence");
  });
}

async function verified(token: string) {
  return (await jwtVerify(token, createLocalJWKSet(JWKS))).payload;
}

async function run(...args: string[]) {
  const output = await new Deno.Command(Deno.execPath(), { args: ["run", "-A", SCRIPT, ...args] })
    .output();
  const [stdout, stderr] = [output.stdout, output.stderr].map((it) => new TextDecoder().decode(it));
  return { code: output.code, stdout, stderr };
}
