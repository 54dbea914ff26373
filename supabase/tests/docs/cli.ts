/** Looking the commands of the Supabase CLI up that cannot be run here. */
import assert from "node:assert/strict";
import type { Workplace } from "./shell.ts";

const CLI = "npx -y supabase@3.1.0";
/** Commands that are named by two words. */
const GROUPS = ["db", "functions", "migration", "secrets"];

/** Asserts that a block is of commands that the CLI has, with flags that they have. */
export async function assertKnownToCli(text: string, { run }: Workplace): Promise<void> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const names = new Set(lines.map(commandOf));
  const helps = new Map(
    await Promise.all([...names].map(async (name) => {
      const { output } = await run(`${CLI} ${name} --help`, {});
      assert.match(output, new RegExp(`^  supabase ${name}\\b`, "m"), `${name} is no command`);
      return [name, output] as const;
    })),
  );
  for (const line of lines) {
    for (const [flag] of line.matchAll(/--[a-z-]+/g)) {
      const known = new RegExp(`^  ${flag}(?![a-z-])`, "m");
      assert.match(helps.get(commandOf(line)) ?? "", known, `${line} has an unknown flag ${flag}`);
    }
  }
}

/** The words of a line that name the command. */
function commandOf(line: string): string {
  assert.ok(line.startsWith(`${CLI} `), `Not a command of the CLI that is pinned: ${line}`);
  const [first, second] = line.slice(CLI.length + 1).split(" ");
  return GROUPS.includes(first) ? `${first} ${second}` : first;
}
