// @ts-types="./pg.d.ts"
import pg from "pg";
import { DatabaseUnreachable } from "./pool.ts";

/**
 * Gives database errors the HTTP status that PostgREST gives them. Lite knows some SQLSTATEs and
 * answers a bare 500 to the rest, which would make a refusal look like a crash.
 *
 * The table is that of PostgREST's documentation, "Errors", section "HTTP Status Codes".
 */
const STATUS_BY_STATE: readonly (readonly [string, number])[] = [
  ["08", 503],
  ["09", 500],
  ["0L", 403],
  ["0P", 403],
  ["21000", 500],
  ["23503", 409],
  ["23505", 409],
  ["25006", 405],
  ["25", 500],
  ["28", 403],
  ["2D", 500],
  ["38", 500],
  ["39", 500],
  ["3B", 500],
  ["40", 500],
  ["53400", 500],
  ["53", 503],
  // More dimensions than an array may have. PostgREST says 500, but it is the request that is wrong.
  ["54000", 400],
  ["54", 500],
  ["55", 500],
  ["57P01", 503],
  ["57", 500],
  ["58", 500],
  ["F0", 500],
  ["HV", 500],
  ["P0001", 400],
  ["P0", 500],
  ["XX", 500],
];

/** States whose status depends on the caller or the request, and which Lite already answers well. */
const LEFT_TO_LITE = /^(PT|PGRST|42501$|42883$|42P01$|42P17$)/;

/** A database error as an answer, in the form that Lite passes through unchanged. */
export class DatabaseRefusal extends Error {
  override readonly name = "DatabaseRefusal";
  readonly code = "PGRST";

  constructor(
    answer: { code: string; message: string; details: string | null; hint: string | null },
    status: number,
  ) {
    super(JSON.stringify(answer));
    this.detail = JSON.stringify({ status, headers: {} });
  }

  readonly detail: string;
}

/** Turns a PostgreSQL error into the answer PostgREST would give; leaves anything else as it is. */
export function asPostgrestWould(error: unknown): unknown {
  if (error instanceof DatabaseUnreachable) {
    return new DatabaseRefusal(unreachable(error), UNREACHABLE_STATUS);
  }
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return error;
  if (LEFT_TO_LITE.test(error.code)) return error;
  const { code, message, detail = null, hint = null } = error;
  const status = STATUS_BY_STATE.find(([state]) => code.startsWith(state))?.[1] ?? 400;
  return new DatabaseRefusal({ code, message, details: detail, hint }, status);
}

/** The same answer where Lite does not give it: before its work begins. */
export function answerUnreachable(error: unknown): Response {
  if (!(error instanceof DatabaseUnreachable)) throw error;
  return Response.json(unreachable(error), {
    status: UNREACHABLE_STATUS,
    headers: { "Access-Control-Allow-Origin": "*" },
  });
}

const UNREACHABLE_STATUS = 503;

function unreachable({ message: details }: DatabaseUnreachable) {
  const message = "Could not connect with the database due to an internal error.";
  return { code: "PGRST001", message, details, hint: null };
}
