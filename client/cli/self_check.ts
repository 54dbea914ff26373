/**
 * `permafrost.self_check()` for operators. No API has it, the secret key's neither: it is asked over a connection to the
 * database, by psql, which is told where and as whom by its environment and not on its command line.
 *
 * @module
 */
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { reasonOf } from "../answers.ts";
import { fieldOf } from "../shapes.ts";
import { textIn } from "./files.ts";
import { STATUS, Stop } from "./stop.ts";

const QUERY = "select json_agg(c) from permafrost.self_check() as c";
const BY_HAND = "select * from permafrost.self_check() where not ok";

/** What was looked at. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly what: string;
}

/**
 * What the database says of itself.
 *
 * @param path - A file with a connection string, `postgresql://…`.
 * @throws {Stop} `misused` if there is no such file, or it has none.
 */
export async function selfCheck(path: string): Promise<Check[]> {
  const environment = environmentOf((await textIn(path)).trim());
  const failed = (what: string) => [{ name: "self_check", ok: false, what }];
  try {
    const { stdout } = await promisify(execFile)("psql", ["-X", "-A", "-t", "-c", QUERY], {
      env: { ...process.env, ...environment },
    });
    return checksIn(JSON.parse(stdout));
  } catch (error) {
    if (fieldOf(error, "code") === "ENOENT") {
      return failed(`There is no psql here. Run it in the SQL editor: ${BY_HAND}`);
    }
    const stderr = fieldOf(error, "stderr");
    return failed(typeof stderr === "string" && stderr !== "" ? stderr.trim() : reasonOf(error));
  }
}

/** As libpq takes it (PostgreSQL's documentation, 32.15). */
function environmentOf(connection: string): Record<string, string> {
  let url: URL;
  try {
    url = new URL(connection);
    if (!/^postgres(ql)?:$/.test(url.protocol)) throw new Error(url.protocol);
  } catch {
    throw new Stop("The file must have a connection string, postgresql://…", {
      code: "misused",
      status: STATUS.misused,
    });
  }
  const values = {
    PGHOST: url.hostname,
    PGPORT: url.port,
    PGUSER: decodeURIComponent(url.username),
    PGPASSWORD: decodeURIComponent(url.password),
    PGDATABASE: decodeURIComponent(url.pathname.slice(1)),
    PGSSLMODE: url.searchParams.get("sslmode") ?? "",
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
}

function checksIn(rows: unknown): Check[] {
  if (!Array.isArray(rows)) throw new TypeError("The answer is no list");
  return rows.map((row) => ({
    name: `self_check: ${fieldOf(row, "check_name")}`,
    ok: fieldOf(row, "ok") === true,
    what: String(fieldOf(row, "what_to_do") ?? "as it should be"),
  }));
}
