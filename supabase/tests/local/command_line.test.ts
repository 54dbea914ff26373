import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import project from "../../../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** A program of many commands, whose help is its own. */
const GUARDIANS = "client/cli/main.ts";

const COMMANDS = Object.entries(project.tasks).flatMap(([name, { command }]) => {
  const script = /^deno run -A (\S+)$/.exec(command)?.[1];
  return script === undefined || script === GUARDIANS ? [] : [{ name, script }];
});

for (const { name, script } of COMMANDS) {
  Deno.test(`the ${name} task says how it is used, and does nothing else`, async () => {
    for (const args of [["--help"], ["--", "-h"]]) {
      const { code, stdout, stderr } = await run(script, args);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.ok(stdout.startsWith(`Usage: deno task ${name}`), stdout);
      const lines = stdout.trimEnd().split("\n");
      assert.ok(lines.length >= 2 && lines.length <= 5, stdout);
      assert.ok(lines.every((line) => line.length <= 105), stdout);
    }
  });

  Deno.test(`the ${name} task refuses what it does not know, in one sentence`, async () => {
    const { code, stdout, stderr } = await run(script, ["--", "--nonsense"]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.equal(stderr, `Unknown option '--nonsense'; see "deno task ${name} --help".\n`);
  });
}

for (const name of ["demo", "dev", "types", "schema", "check"]) {
  Deno.test(`the ${name} task refuses a word`, async () => {
    const script = COMMANDS.find((command) => command.name === name)?.script;
    assert.ok(script);
    const { code, stdout, stderr } = await run(script, ["nonsense"]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.equal(stderr, `Unexpected argument 'nonsense'; see "deno task ${name} --help".\n`);
  });
}

Deno.test("the permafrost task says how it is used, and refuses what it does not know", async () => {
  for (const args of [["--help"], ["--", "-h"]]) {
    const { code, stdout, stderr } = await run(GUARDIANS, args);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.ok(stdout.startsWith("Usage: permafrost"), stdout);
  }
  const { code, stdout, stderr } = await run(GUARDIANS, ["--", "--nonsense"]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.equal(stderr, `error: unknown option '--nonsense'\n(see "permafrost --help")\n`);
});

Deno.test("the test task names the words that select a kind of tests", async () => {
  const { stdout } = await run("supabase/tests/run.ts", ["--help"]);
  for (const word of ["database", "functions", "races", "client", "docs", "local", "frost"]) {
    assert.match(stdout, new RegExp(`\\b${word}\\b`));
  }
});

async function run(script: string, args: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", script, ...args],
    cwd: ROOT,
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
