/** Files that are generated from the migrations, and committed. */
import { parseArgs } from "node:util";
import { readArguments } from "./command_line.ts";
import { type MigratedDatabase, withMigratedDatabase } from "./supabase_cli.ts";

/** A committed file that a task generates. */
export interface GeneratedFile {
  /** The task that writes it. */
  readonly task: string;
  /** From the repository's root. */
  readonly path: string;
  /** What the task is said to do. */
  readonly usage: string;
  generate(database: MigratedDatabase): Promise<string>;
}

/** Says in what the committed file differs from what the migrations give; nothing if it does not. */
export async function findDifference(
  file: GeneratedFile,
  database: MigratedDatabase,
): Promise<string | undefined> {
  const generated = (await file.generate(database)).split("\n");
  const committed = (await Deno.readTextFile(urlOf(file)).catch(() => "")).split("\n");
  const at = generated.findIndex((line, index) => line !== committed[index]);
  if (at === -1 && generated.length === committed.length) return undefined;
  const line = at === -1 ? generated.length : at;
  return [
    `${file.path} is not what the migrations give; run "deno task ${file.task}". Line ${line + 1}:`,
    `- ${committed[line] ?? "(the file ends before)"}`,
    `+ ${generated[line] ?? "(the file should end before)"}`,
  ].join("\n");
}

/** The task of a file: writes it, or checks it if called with `--check`. */
export async function writeOrCheck(file: GeneratedFile): Promise<void> {
  const { values: { check } } = readArguments(
    `Usage: deno task ${file.task} [--check]
${file.usage}
--check writes nothing, and ends with status 1 where the file is not up to date.`,
    (args) => parseArgs({ args, options: { check: { type: "boolean", default: false } } }),
  );
  await withMigratedDatabase(async (database) => {
    if (check) {
      const difference = await findDifference(file, database);
      console.log(difference ?? `${file.path} is up to date`);
      if (difference !== undefined) Deno.exitCode = 1;
    } else {
      await Deno.writeTextFile(urlOf(file), await file.generate(database));
      console.log(`Wrote ${file.path}`);
    }
  });
}

function urlOf({ path }: GeneratedFile): URL {
  return new URL(`../../${path}`, import.meta.url);
}
