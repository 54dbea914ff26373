import { parseArgs } from "node:util";
import { readArguments } from "./command_line.ts";
import { runSupabase, withMigratedDatabase } from "./supabase_cli.ts";

const USAGE = `Usage: deno task types [--check]
Writes supabase/functions/_shared/database.types.ts as the migrations have it. Needs npx.
--check writes nothing, and ends with status 1 where the file is not up to date.`;

const FILE = new URL("../functions/_shared/database.types.ts", import.meta.url);

const HEADER = `// Generated from the migrations by "deno task types". Do not edit.\n\n`;

/** Generates the TypeScript types of the database's API, formatted like all other code. */
export async function generateTypes(dbUrl: string): Promise<string> {
  const { success, stdout, stderr } = await runSupabase(
    ["gen", "types", "--lang=typescript", "--schema=public"],
    dbUrl,
  );
  const start = stdout.indexOf("export type");
  if (!success || start === -1) {
    throw new Error(`The Supabase CLI did not generate types:\n${stdout}\n${stderr}`);
  }
  return await format(HEADER + stdout.slice(start));
}

/** Says in what the committed types differ from the database; nothing if they do not. */
export async function checkTypes(dbUrl: string): Promise<string | undefined> {
  const generated = (await generateTypes(dbUrl)).split("\n");
  const committed = (await Deno.readTextFile(FILE).catch(() => "")).split("\n");
  const at = generated.findIndex((line, index) => line !== committed[index]);
  if (at === -1 && generated.length === committed.length) return undefined;
  const line = at === -1 ? generated.length : at;
  return [
    `database.types.ts is not what the migrations give; run "deno task types". Line ${line + 1}:`,
    `- ${committed[line] ?? "(the file ends before)"}`,
    `+ ${generated[line] ?? "(the file should end before)"}`,
  ].join("\n");
}

async function format(code: string): Promise<string> {
  const fmt = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--ext=ts", "-"],
    cwd: new URL("../../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = fmt.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  const { success, stdout, stderr } = await fmt.output();
  if (!success) throw new Error(`deno fmt failed:\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

if (import.meta.main) {
  const { values: { check } } = readArguments(
    USAGE,
    (args) => parseArgs({ args, options: { check: { type: "boolean", default: false } } }),
  );
  console.log("Migrating a database and asking the Supabase CLI for its types");
  if (check) {
    const difference = await withMigratedDatabase(checkTypes);
    console.log(difference ?? "The types are up to date");
    if (difference !== undefined) Deno.exit(1);
  } else {
    await Deno.writeTextFile(FILE, await withMigratedDatabase(generateTypes));
    console.log("Wrote supabase/functions/_shared/database.types.ts");
  }
}
