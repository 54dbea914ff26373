import { runSupabase, withMigratedDatabase } from "./supabase_cli.ts";

interface Finding {
  readonly name: string;
  readonly level: string;
  readonly detail: string;
  readonly remediation: string;
}

/** Asks Supabase's advisors about a database. Returns what they object to, or nothing. */
export async function advise(dbUrl: string): Promise<string | undefined> {
  const { success, stdout, stderr } = await runSupabase(
    ["db", "advisors", "--level", "warn", "--fail-on", "warn", "--output-format", "json"],
    dbUrl,
  );
  if (success) return undefined;
  return readFindings(stdout) ?? [stdout, stderr].map((text) => text.trim()).join("\n");
}

/** The findings in a few lines each; nothing if the text is something else. */
function readFindings(json: string): string | undefined {
  try {
    const { results }: { results?: readonly Finding[] } = JSON.parse(json);
    if (results === undefined || results.length === 0) return undefined;
    return results.map(({ level, name, detail, remediation }) =>
      `${level} ${name}: ${detail}\n  ${remediation}`
    ).join("\n");
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const objections = await withMigratedDatabase(({ url }) => advise(url));
  console.log(objections ?? "The advisors object to nothing");
  if (objections !== undefined) Deno.exit(1);
}
