/** Looking the commands of the Supabase CLI up that cannot be run here. */
import assert from "node:assert/strict";
import type { Workplace } from "./shell.ts";

const CLI = "npx -y supabase@3.1.0";

/** Asserts that a block is of commands that the CLI has, with flags that they have. */
export async function assertKnownToCli(text: string, { run }: Workplace): Promise<void> {
  const known = new Map<string, Promise<string>>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    assert.ok(line.startsWith(`${CLI} `), `Not a command of the CLI that is pinned: ${line}`);
    const words = line.slice(CLI.length + 1).split(" ");
    const command = words.slice(0, /^(db|functions|migration|secrets)$/.test(words[0]) ? 2 : 1);
    const name = command.join(" ");
    if (!known.has(name)) known.set(name, helpOf(name, run));
    const help = await known.get(name) ?? "";
    assert.match(help, new RegExp(`^  supabase ${name}\\b`, "m"), `${name} is no command`);
    for (const [flag] of line.matchAll(/--[a-z-]+/g)) {
      assert.match(help, new RegExp(`^  ${flag}\\b`, "m"), `${name} does not know ${flag}`);
    }
  }
}

async function helpOf(command: string, run: Workplace["run"]): Promise<string> {
  return (await run(`${CLI} ${command} --help`, {})).output;
}
