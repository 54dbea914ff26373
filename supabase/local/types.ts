import { type GeneratedFile, writeOrCheck } from "./generated.ts";
import { type MigratedDatabase, runSupabase } from "./supabase_cli.ts";

/** The TypeScript types of the database's API, formatted like all other code. */
export const types: GeneratedFile = {
  task: "types",
  path: "supabase/functions/_shared/database.types.ts",
  usage:
    "Writes supabase/functions/_shared/database.types.ts as the migrations have it. Needs npx.",
  generate,
};

const HEADER = `// Generated from the migrations by "deno task types". Do not edit.\n\n`;

async function generate({ url }: MigratedDatabase): Promise<string> {
  const { success, stdout, stderr } = await runSupabase(
    ["gen", "types", "--lang=typescript", "--schema=public"],
    url,
  );
  const start = stdout.indexOf("export type");
  if (!success || start === -1) {
    throw new Error(`The Supabase CLI did not generate types:\n${stdout}\n${stderr}`);
  }
  return await format(HEADER + stdout.slice(start));
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

if (import.meta.main) await writeOrCheck(types);
