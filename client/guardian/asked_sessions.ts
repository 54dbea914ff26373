/**
 * Reading what a guardian is asked to approve: one session, or those of a batch.
 *
 * @module
 */
import { type Result, success } from "../result.ts";
import type { FrostSession } from "../sessions/session.ts";
import type { WorkFilter } from "../sessions/work.ts";
import type { CallOptions } from "../transport.ts";
import { chunksOf, MOST_ITEMS, type QuorumTransport } from "./quorum_transport.ts";

/** Reads a session, or the sessions of a batch. */
export async function sessionsOf(
  transport: QuorumTransport,
  id: string,
  options: CallOptions,
): Promise<Result<{ sessions: FrostSession[]; filter: WorkFilter }>> {
  const read = await transport.readSession(id, options);
  if (read.success) return success({ sessions: [read.session], filter: { sessionId: id } });
  if (read.code !== "session_not_found") return read;
  const batch = await transport.readSessions({ batchId: id }, options);
  if (!batch.success) return batch;
  return batch.sessions.length === 0
    ? read
    : success({ sessions: batch.sessions, filter: { batchId: id } });
}

/** Reads sessions by their ids: each once, whatever else the server answers. */
export async function readAll(
  transport: QuorumTransport,
  ids: readonly string[],
  options: CallOptions,
): Promise<Result<{ sessions: FrostSession[] }>> {
  const sessions: FrostSession[] = [];
  for (const sessionIds of chunksOf(ids, MOST_ITEMS)) {
    const read = await transport.readSessions({ sessionIds }, options);
    if (!read.success) return read;
    const asked = new Set(sessionIds);
    sessions.push(...read.sessions.filter(({ session_id }) => asked.delete(session_id)));
  }
  return success({ sessions });
}
