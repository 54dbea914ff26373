import postgres from "postgres";
import { type GeneratedFile, writeOrCheck } from "./generated.ts";
import { type Group, inOrder, type Need, type Statement } from "./schema/order.ts";
import type { MigratedDatabase } from "./supabase_cli.ts";

/** The schema that the migrations give, in one file to read. */
export const schema: GeneratedFile = {
  task: "schema",
  path: "supabase/schema.sql",
  usage: "Writes supabase/schema.sql, the schema that the migrations give, to read in one place.",
  async generate({ url, emptyUrl }: MigratedDatabase): Promise<string> {
    return schemaText(await describe(url), await describe(emptyUrl));
  },
};

/** The statements that would make what is in a database. */
export interface Description {
  readonly statements: readonly Statement[];
  readonly needs: readonly Need[];
}

const HEADER = `-- Generated from the migrations by "deno task schema". Do not edit.
--
-- What is there when all migrations are applied, by kind and name; what an object needs stands above it. It is
-- to read, not to install: it has no rows, and nothing of what the migrations add to Realtime's and pg_cron's
-- own tables.

set search_path = '';
set check_function_bodies = off;
`;

/** Reads what is in a database. */
export async function describe(url: string): Promise<Description> {
  const views = await Deno.readTextFile(new URL("schema/statements.sql", import.meta.url));
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(views);
    return {
      statements: await sql<Statement[]>`
        select object, kind, name, place, key, text from pg_temp.statements
        order by array_position('{schema,type,table,function,view}', kind), name, place, within`,
      needs: await sql<Need[]>`select key, needed from pg_temp.needs`,
    };
  } finally {
    await sql.end();
  }
}

/** The statements, in an order in which they run, that make the one database of the other. */
export function schemaText({ statements, needs }: Description, before: Description): string {
  const known = new Set(before.statements.map(({ text }) => text));
  const added = statements.filter(({ text }) => !known.has(text));
  return [HEADER, ...inOrder(added, needs).map(groupText)].join("\n");
}

function groupText(group: Group): string {
  const [{ kind, name }] = group;
  const paragraphs = [...Map.groupBy(group, ({ place }) => place).values()];
  return [
    `-- ${kind} ${name} `.padEnd(100, "-"),
    ...paragraphs.map((alike) => alike.map(({ text }) => `${text};\n`).join("")),
  ].join("\n");
}

if (import.meta.main) await writeOrCheck(schema);
