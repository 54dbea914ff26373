import { dirname, join } from "node:path";
import postgres from "postgres";
import type { DefaultGrants } from "../../../local/platform/platform.ts";
import type { Cluster } from "../../../local/postgres/cluster.ts";
import { templateOf, uniqueName } from "../cluster.ts";
import { readTap, type TapReport } from "./tap.ts";

/** Runs a pgTAP file as `postgres`, in a database of its own, and reads what it says. */
export async function runPgtapFile(
  cluster: Cluster,
  path: string,
  grants: DefaultGrants,
): Promise<TapReport> {
  const text = await readIncluding(path);
  const name = uniqueName("pgtap");
  await cluster.createDatabase(name, { template: templateOf(grants) });
  const sql = postgres(cluster.url(name), { max: 1, onnotice: () => {} });
  const lines: string[] = [];
  try {
    // Row by row, since the rows before an error would otherwise be lost with it.
    await sql.unsafe(text).forEach((row) => {
      for (const value of Object.values(row)) {
        if (typeof value === "string") lines.push(...value.split("\n"));
      }
    });
    return readTap(lines);
  } catch (error) {
    return readTap(lines, describe(error, text));
  } finally {
    await sql.end();
    await cluster.dropDatabase(name);
  }
}

/** Reads a file as psql does, with what it includes by `\\ir`. */
async function readIncluding(path: string): Promise<string> {
  const text = await Deno.readTextFile(path);
  const included = new Map<string, string>();
  for (const [, name] of text.matchAll(INCLUDE)) {
    included.set(name, await Deno.readTextFile(join(dirname(path), name)));
  }
  return text.replaceAll(INCLUDE, (_line, name) => included.get(name) ?? "");
}

const INCLUDE = /^\\ir (\S+)$/gm;

function describe(error: unknown, text: string): string {
  if (!(error instanceof postgres.PostgresError)) return String(error);
  const { position, message, code, detail, hint, where } = error;
  const line = position && [...text].slice(0, Number(position)).join("").split("\n").length;
  return [
    `The file stopped${line ? ` at line ${line}` : ""}: ${message} (${code})`,
    detail,
    hint && `hint: ${hint}`,
    where,
  ].filter(Boolean).join("\n");
}
