import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { JWT_KEY_ID } from "../../local/keys.ts";
import { signToken, userId } from "../../local/token.ts";

const SCRIPT = fileURLToPath(new URL("../../local/token.ts", import.meta.url));

Deno.test("signToken() puts family and participant where a hosted project has them", async () => {
  const token = await signToken({ participant: "guardian1", family: "f", expiresIn: 60 });
  const [header, payload] = token.split(".").slice(0, 2).map(decode);
  assert.deepEqual(header, { alg: "HS256", typ: "JWT", kid: JWT_KEY_ID });
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

Deno.test("the token task prints the token and nothing else", async () => {
  const { code, stdout } = await run("--", "--participant", "guardian1", "--family", "f");
  assert.equal(code, 0);
  assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
});

for (
  const args of [
    [],
    ["--participant", "guardian1"],
    ["--participant", "", "--family", "f"],
    ["--participant", "guardian1", "--family", "f", "--expires-in", "soon"],
    ["--participant", "guardian1", "--family", "f", "--colour", "red"],
  ]
) {
  Deno.test(`the token task refuses the arguments [${args.join(" ")}]`, async () => {
    const { code, stdout, stderr } = await run(...args);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /^\S.*; see "deno task token --help"\.\n$/, "one sentence");
  });
}

function decode(part: string): Record<string, unknown> {
  return JSON.parse(atob(part.replaceAll("-", "+").replaceAll("_", "/")));
}

async function run(...args: string[]) {
  const output = await new Deno.Command(Deno.execPath(), { args: ["run", "-A", SCRIPT, ...args] })
    .output();
  const [stdout, stderr] = [output.stdout, output.stderr].map((it) => new TextDecoder().decode(it));
  return { code: output.code, stdout, stderr };
}
