/**
 * Finishing a session that has all its shares. The caller who hands in the last share does it; where that
 * caller died before, any client that sees the session does.
 *
 * @module
 */
import type { Result } from "../result.ts";
import type { Supabase } from "../supabase.ts";
import { invoke, type ParticipantOptions } from "../transport.ts";
import type { FrostStatus } from "./session.ts";

/**
 * Makes the signature of a session that has all its shares; of a completed one, answers it.
 *
 * Errors: `session_not_found`, `round_open`, `session_expired`, `session_finished`.
 */
export function aggregateSession(
  supabase: Supabase,
  sessionId: string,
  options: ParticipantOptions = {},
): Promise<Result<{ status: FrostStatus; finalSignature: string }>> {
  return invoke(supabase, "aggregate-signature", { sessionId }, { ...options, safe: true });
}
