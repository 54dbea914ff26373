/** What a block prints, and whether that is what the page says. */
import assert from "node:assert/strict";
import type postgres from "postgres";

/** A result as the driver has it when its values are left as text. */
interface RawResult extends ReadonlyArray<readonly (Uint8Array | null)[]> {
  readonly command: string;
  readonly count: number | null;
  readonly columns?: readonly { readonly name: string }[];
}

/** Runs statements one by one, as psql does, and answers what psql prints; it stops at an error. */
export async function printed(sql: postgres.Sql, text: string): Promise<string> {
  const output: string[] = [];
  for (const statement of statementsOf(text)) {
    try {
      const result: unknown = await sql.unsafe(statement).raw();
      if (isResult(result)) output.push(render(result));
    } catch (error) {
      output.push(describeError(error));
      break;
    }
  }
  return output.join("\n");
}

/** What psql says of an error begins with this. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error) || !("severity" in error)) throw error;
  return `${error.severity}:  ${error.message}`;
}

/** Statements end at a semicolon that is not quoted. Bodies in SQL-standard form are not known here. */
function statementsOf(text: string): string[] {
  const quoted = /\$(\w*)\$[^]*?\$\1\$|'[^']*'|--.*|;|[^]/g;
  const statements = [""];
  for (const [token] of text.matchAll(quoted)) {
    if (token === ";") statements.push("");
    else if (!token.startsWith("--")) statements[statements.length - 1] += token;
  }
  return statements.filter((statement) => statement.trim() !== "");
}

/**
 * Asserts that a block printed what its page says. `…` stands for anything within a line, and alone for
 * any lines; spaces and dashes count once.
 */
export function assertPrinted(actual: string, expected: string, where: string): void {
  const pattern = normal(expected).split("\n").map((line) =>
    line === "…" ? "(?:.*\n)*" : `${line.split("…").map(escape).join(".*")}\n`
  ).join("");
  const found = `${normal(actual)}\n`;
  if (new RegExp(`^${pattern}$`).test(found)) return;
  assert.equal(found, `${normal(expected)}\n`, `${where} does not print what it says`);
}

function normal(text: string): string {
  return text.split("\n").map((line) => line.replace(/-{2,}/g, "--").replace(/\s+/g, " ").trim())
    .filter((line) => line !== "").join("\n");
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function isResult(value: unknown): value is RawResult {
  return Array.isArray(value) && "command" in value;
}

function render(result: RawResult): string {
  const { command, count, columns } = result;
  if (columns === undefined || columns.length === 0) {
    if (command === "INSERT") return `INSERT 0 ${count}`;
    return /^(UPDATE|DELETE|COPY|SELECT)$/.test(command) ? `${command} ${count}` : command;
  }
  const text = (value: Uint8Array | null) => value === null ? "" : new TextDecoder().decode(value);
  const rows = [...result].map((row) => row.map(text).join(" | "));
  return [
    columns.map(({ name }) => name).join(" | "),
    columns.map(() => "--").join("-+-"),
    ...rows,
    `(${rows.length} row${rows.length === 1 ? "" : "s"})`,
  ].join("\n");
}
