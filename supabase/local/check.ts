/** Everything but the tests: `deno task check`. Runs all of it, and fails if any of it does. */
import { fileURLToPath } from "node:url";
import { advise } from "./advise.ts";
import { findDifference } from "./generated.ts";
import { takeNoArguments } from "./command_line.ts";
import { withMigratedDatabase } from "./supabase_cli.ts";
import { schema } from "./schema.ts";
import { types } from "./types.ts";

const USAGE = `Usage: deno task check
Checks format, lint and types, what is generated from the migrations, and the advisors' rules.
Needs npx: types and advisors are of the Supabase CLI, which its first use downloads.`;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

async function deno(...args: string[]): Promise<boolean> {
  console.log(`deno ${args.join(" ")}`);
  const { success } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).spawn().status;
  return success;
}

function report(subject: string, objections: string | undefined): boolean {
  console.log(objections === undefined ? `${subject}: ok` : `${subject}: FAILED\n${objections}`);
  return objections === undefined;
}

if (import.meta.main) {
  takeNoArguments(USAGE);
  const results = [
    await deno("fmt", "--check"),
    await deno("lint"),
    await deno("check", "--quiet", "."),
  ];
  console.log("Migrating a database for the Supabase CLI (its first use is a download)");
  results.push(
    ...await withMigratedDatabase(async (database) => [
      report(schema.path, await findDifference(schema, database)),
      report(types.path, await findDifference(types, database)),
      report("Advisors", await advise(database.url)),
    ]),
  );
  const failed = results.filter((success) => !success).length;
  console.log(failed === 0 ? "All checks passed" : `${failed} of ${results.length} checks failed`);
  Deno.exit(failed === 0 ? 0 : 1);
}
