/** `deno task dev` in a process of its own, as people run it. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { freePort } from "../../local/postgres/ports.ts";
import { readUntil } from "./terminal.ts";

/** What `deno task dev` runs. */
export const SCRIPT = fileURLToPath(new URL("../../local/dev.ts", import.meta.url));

/** Where a stack listens. */
export interface Ports {
  readonly api: number;
  readonly db: number;
}

/** Two ports nobody listens on. */
export function newPorts(): Ports {
  return { api: freePort(), db: freePort() };
}

/** The environment that moves a stack to these ports. */
export function portVariables({ api, db }: Ports): Record<string, string> {
  return { PERMAFROST_API_PORT: String(api), PERMAFROST_DB_PORT: String(db) };
}

/** How to run `deno task dev` on these ports. */
export function command(
  ports: Ports,
  env: Record<string, string> = {},
  options: Deno.CommandOptions = {},
): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", SCRIPT],
    env: { ...env, ...portVariables(ports) },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...options,
  });
}

/** Starts a stack and returns when it says that it is ready. */
export async function start(
  ports: Ports,
  env?: Record<string, string>,
  onFirstStep?: () => void,
): Promise<Deno.ChildProcess> {
  const dev = command(ports, env).spawn();
  const said = await readUntil(dev.stdout, "Local stack ready\n", onFirstStep);
  assert.match(said, new RegExp(`^API URL: http://127\\.0\\.0\\.1:${ports.api}$`, "m"));
  assert.match(said, /\nLocal stack ready\n$/);
  return dev;
}

/** Adds a row to a table that is made where it is missing, and says how many rows there are. */
export async function addRow({ db }: Ports): Promise<unknown> {
  const url = `postgresql://postgres:postgres@127.0.0.1:${db}/postgres`;
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  await sql`create table if not exists public.kept (id int)`;
  await sql`insert into public.kept values (1)`;
  const [{ count }] = await sql`select count(*)::int as count from public.kept`;
  await sql.end();
  return count;
}
