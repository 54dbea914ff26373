/**
 * RPCs as text, so that a caller's claims, what it waits for and its call go to PostgreSQL in one message
 * and run there without a further word from here.
 */
import postgres from "postgres";
import { userId } from "../../local/token.ts";

/** A value as an argument of an RPC. */
export type Argument = string | number | boolean | null | readonly string[];

/** One statement, and whom it is made as. */
export interface Call {
  readonly claims: string;
  readonly role: "postgres" | "service_role" | "authenticated";
  readonly statement: string;
}

/** What became of a call: `ok` or why not, by code where the system has one, else by SQLSTATE. */
export interface Outcome {
  readonly code: string;
  readonly answer: Readonly<Record<string, unknown>>;
}

/** A call of an RPC, or of any function of `public`, as the service. */
export function asService(name: string, args: Readonly<Record<string, Argument>> = {}): Call {
  return {
    claims: JSON.stringify({ role: "service_role" }),
    role: "service_role",
    statement: statementOf(name, args),
  };
}

/** A call of an RPC as a member of a family. */
export async function asMember(
  family: string,
  participant: string,
  name: string,
  args: Readonly<Record<string, Argument>> = {},
): Promise<Call> {
  const claims = {
    role: "authenticated",
    sub: await userId(participant),
    app_metadata: { family_id: family, participant_id: participant },
  };
  return {
    claims: JSON.stringify(claims),
    role: "authenticated",
    statement: statementOf(name, args),
  };
}

/** A statement as an operator with a direct connection. */
export function asOperator(statement: string): Call {
  return { claims: "", role: "postgres", statement };
}

/** What comes before a call's statement in its transaction. */
export function preambleOf({ claims, role }: Call): string {
  const set = [["request.jwt.claims", claims], ["role", role === "postgres" ? "none" : role]];
  return `select ${set.map(([name, to]) => `set_config('${name}', ${literal(to)}, true)`)}`;
}

/** Sends statements in one message, and reads the answer of the last one that has any. */
export async function send(connection: postgres.Sql, text: string): Promise<Outcome> {
  try {
    const results: unknown = await connection.unsafe(text).simple();
    return read(answerIn(results));
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    const { code, hint, message } = error;
    return { code: code.startsWith("PT") && hint ? hint : code, answer: { message } };
  }
}

/** Makes a call in a transaction of its own. */
export function make(connection: postgres.Sql, call: Call): Promise<Outcome> {
  return send(connection, `${preambleOf(call)}; ${call.statement}`);
}

/** How many outcomes there are of each code. */
export function tally(outcomes: readonly Outcome[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { code } of outcomes) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

/** A value as SQL. */
export function literal(value: Argument): string {
  if (value === null) return "null";
  if (typeof value === "object") return `array[${value.map((item) => literal(item))}]::text[]`;
  return typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);
}

function statementOf(name: string, args: Readonly<Record<string, Argument>>): string {
  const list = Object.entries(args).map(([key, value]) => `${key} => ${literal(value)}`);
  return `select public.${name}(${list}) as answer`;
}

/** Several statements have a list of results, one has its rows. */
function answerIn(results: unknown): unknown {
  if (!Array.isArray(results)) return undefined;
  const last: unknown = results.at(-1);
  const row: unknown = Array.isArray(last) ? last.at(0) : last;
  return typeof row === "object" && row !== null && "answer" in row ? row.answer : undefined;
}

function read(value: unknown): Outcome {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const answer = isObject ? Object.fromEntries(Object.entries(value)) : { value };
  const refused = answer.accepted === false && typeof answer.code === "string";
  return { code: refused ? String(answer.code) : "ok", answer };
}
