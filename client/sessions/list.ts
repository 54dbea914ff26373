/**
 * All sessions of some statuses, page after page.
 *
 * @module
 */
import { type Result, success } from "../result.ts";
import { asFrostSessions, type FrostSession, type FrostStatus } from "./session.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, rpc } from "../transport.ts";

/** The most a page may have. */
const PAGE = 500;

/**
 * The caller's sessions in any of `statuses` that `wanted` is true of, newest first. A session that moves
 * on while it is read is listed once, as it was seen.
 */
export async function listSessions(
  supabase: Supabase,
  statuses: readonly FrostStatus[],
  wanted: (session: FrostSession) => boolean,
  options: CallOptions,
  page = PAGE,
): Promise<Result<{ sessions: FrostSession[] }>> {
  const found = new Map<string, FrostSession>();
  for (const status of statuses) {
    const listed = await listStatus(supabase, status, options, page);
    if (!listed.success) return listed;
    for (const session of listed.sessions) {
      if (wanted(session)) found.set(session.session_id, session);
    }
  }
  const sessions = [...found.values()].sort((a, b) => b.created_at - a.created_at);
  return success({ sessions });
}

async function listStatus(
  supabase: Supabase,
  status: FrostStatus,
  options: CallOptions,
  page: number,
): Promise<Result<{ sessions: FrostSession[] }>> {
  const sessions = new Map<string, FrostSession>();
  let before: number | undefined;
  for (;;) {
    const args = { p_status: status, p_limit: page, p_before: before };
    const listed = await rpc(supabase, "list_signing_sessions", args, asFrostSessions, {
      ...options,
      safe: true,
    });
    if (!listed.success) return listed;
    const known = sessions.size;
    for (const session of listed.answer) sessions.set(session.session_id, session);
    const last = listed.answer.at(-1);
    if (last === undefined || listed.answer.length < page) {
      return success({ sessions: [...sessions.values()] });
    }
    // Others of the same millisecond may be behind the page's end, so it is asked for again; where that
    // shows nothing new, the page is full of them, and the walk goes on below.
    before = sessions.size > known ? last.created_at + 1 : last.created_at;
  }
}
