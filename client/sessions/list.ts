/**
 * Lists of both kinds, page after page: newest first by creation and id, paged by the pair of the last row, so
 * that nothing is missed or listed twice.
 *
 * @module
 */
import { type Result, success } from "../result.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, rpc } from "../transport.ts";
import { aggregateSession } from "./aggregate.ts";
import {
  asFrostSummaries,
  asRecoverySummaries,
  type FrostSessionSummary,
  type FrostStatus,
  type RecoveryRequestSummary,
  type RecoveryStatus,
} from "./session.ts";

/** Which to list. */
export interface ListFilter<Status extends FrostStatus | RecoveryStatus> {
  readonly status?: Status;
  /** Only those where the caller owes something, or can finish the session. */
  readonly awaitingMe?: boolean;
  /** 1 to 500; 50 if not given. */
  readonly limit?: number;
  /** Only those behind this one: `created_at` of the last row of the page before, with `beforeId`. */
  readonly before?: number;
  /** The last row's `session_id` or `request_id`. */
  readonly beforeId?: string;
  /** Of this family alone; else of all of the caller's. */
  readonly familyId?: string;
}

/** What can be listed. */
interface Kind<Row> {
  readonly rpc: string;
  readonly read: (data: unknown) => Row[] | undefined;
  readonly pairOf: (row: Row) => { readonly before: number; readonly beforeId: string };
}

/** Sessions, as `listPage` and `pagesOf` take them. */
export const SESSIONS: Kind<FrostSessionSummary> = {
  rpc: "list_signing_sessions",
  read: asFrostSummaries,
  pairOf: ({ created_at, session_id }) => ({ before: created_at, beforeId: session_id }),
};

/** Recovery requests, as `listPage` and `pagesOf` take them. */
export const REQUESTS: Kind<RecoveryRequestSummary> = {
  rpc: "list_recovery_requests",
  read: asRecoverySummaries,
  pairOf: ({ created_at, request_id }) => ({ before: created_at, beforeId: request_id }),
};

type Filter = ListFilter<FrostStatus | RecoveryStatus>;

/** The most that a page may have. */
const PAGE = 500;

/** One page. */
export async function listPage<Row>(
  supabase: Supabase,
  { rpc: name, read }: Kind<Row>,
  { status, awaitingMe, limit, before, beforeId, familyId }: Filter,
  options: CallOptions,
): Promise<Result<{ rows: Row[] }>> {
  const args = {
    p_status: status,
    p_awaiting_me: awaitingMe,
    p_limit: limit,
    p_before: before,
    p_before_id: beforeId,
    p_family_id: familyId,
  };
  const listed = await rpc(supabase, name, args, read, { ...options, safe: true });
  return listed.success ? success({ rows: listed.answer }) : listed;
}

/** One page after another; a failure is the last. */
export async function* pagesOf<Row>(
  supabase: Supabase,
  kind: Kind<Row>,
  filter: Filter,
  options: CallOptions,
  limit = PAGE,
): AsyncGenerator<Result<{ rows: Row[] }>> {
  let pair = {};
  for (;;) {
    const page = await listPage(supabase, kind, { ...filter, ...pair, limit }, options);
    yield page;
    const last = page.success && page.rows.length === limit ? page.rows.at(-1) : undefined;
    if (last === undefined) return;
    pair = kind.pairOf(last);
  }
}

/**
 * The sessions in any of `statuses` that `wanted` is true of, newest first. A session that moves on while it
 * is read is listed once, as it was seen. One that has all its shares, and whose last caller did not finish
 * it, is finished on the way and left out.
 */
export async function listSessions(
  supabase: Supabase,
  statuses: readonly FrostStatus[],
  wanted: (session: FrostSessionSummary) => boolean,
  filter: Pick<Filter, "familyId">,
  options: CallOptions,
  limit?: number,
): Promise<Result<{ sessions: FrostSessionSummary[] }>> {
  const found = new Map<string, FrostSessionSummary>();
  for (const status of statuses) {
    for await (const page of pagesOf(supabase, SESSIONS, { ...filter, status }, options, limit)) {
      if (!page.success) return page;
      for (const row of page.rows) if (wanted(row)) found.set(row.session_id, row);
    }
  }
  for (const session of found.values()) {
    if (!session.can_aggregate) continue;
    const { success: finished } = await aggregateSession(supabase, session.session_id, options);
    if (finished) found.delete(session.session_id);
  }
  const sessions = [...found.values()].sort((a, b) => b.created_at - a.created_at);
  return success({ sessions });
}
