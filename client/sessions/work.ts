/**
 * What a guardian may answer now, of many sessions at once; and several sessions at once.
 *
 * @module
 */
import type { SigningPackage } from "../guardian/signing_session.ts";
import { keyPackageOf } from "../key_package.ts";
import { type Result, success } from "../result.ts";
import { fieldOf } from "../shapes.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, rpc } from "../transport.ts";
import { asFrostSession, type FrostSession } from "./session.ts";

/** Of one session, of one batch, or of all. */
export interface WorkFilter {
  readonly sessionId?: string;
  readonly batchId?: string;
}

/** A package with the quorum that it is of, and the family. */
export type QuorumPackage = SigningPackage & {
  readonly quorum?: number;
  readonly family_id?: string;
};

/** Reads every page of the RPC `get_signing_work`: one package for each quorum that the caller may answer. */
export async function readSigningWork(
  supabase: Supabase,
  { sessionId, batchId }: WorkFilter,
  options: CallOptions = {},
): Promise<Result<{ work: QuorumPackage[] }>> {
  const work: QuorumPackage[] = [];
  let after: string | undefined;
  do {
    const args = { p_session_id: sessionId, p_batch_id: batchId, p_after: after };
    const page = await rpc(supabase, "get_signing_work", args, pageOf, { ...options, safe: true });
    if (!page.success) return page;
    work.push(...page.answer.work);
    after = page.answer.next;
  } while (after !== undefined);
  return success({ work });
}

/** Several sessions: those with these ids, or of a batch. */
export type SessionsFilter =
  | { readonly sessionIds: readonly string[] }
  | { readonly batchId: string };

/**
 * Reads every page of the RPC `get_signing_sessions`: of at most 256 ids, or of a batch in the order of its messages.
 * Those that the caller may not see are left out.
 */
export async function readFrostSessions(
  supabase: Supabase,
  filter: SessionsFilter,
  options: CallOptions = {},
): Promise<Result<{ sessions: FrostSession[] }>> {
  const sessions: FrostSession[] = [];
  const which = "batchId" in filter
    ? { p_batch_id: filter.batchId }
    : { p_session_ids: filter.sessionIds };
  let after = 0;
  for (;;) {
    const args = { ...which, p_after: after };
    const page = await rpc(supabase, "get_signing_sessions", args, sessionsOf, {
      ...options,
      safe: true,
    });
    if (!page.success) return page;
    sessions.push(...page.answer.sessions);
    if (page.answer.next === null) return success({ sessions });
    after = page.answer.next;
  }
}

function sessionsOf(data: unknown): { sessions: FrostSession[]; next: number | null } | undefined {
  const [items, next] = [fieldOf(data, "sessions"), fieldOf(data, "next")];
  if (!Array.isArray(items) || next !== null && typeof next !== "number") return undefined;
  const sessions = items.map(asFrostSession);
  return sessions.every((session) => session !== undefined) ? { sessions, next } : undefined;
}

/** `Guardian` checks what the packages say. */
function pageOf(data: unknown): { work: QuorumPackage[]; next: string | undefined } | undefined {
  const items = fieldOf(data, "work");
  const next = fieldOf(data, "next");
  if (!Array.isArray(items) || next !== null && typeof next !== "string") return undefined;
  const work: QuorumPackage[] = [];
  for (const item of items) {
    const key = fieldOf(fieldOf(data, "key_packages"), String(fieldOf(item, "key_package_id")));
    const quorums = fieldOf(item, "quorums");
    const key_package = keyPackageOf(key);
    if (key_package === undefined || !Array.isArray(quorums)) return undefined;
    const { ciphersuite } = key_package;
    for (const quorum of quorums) work.push({ ...item, ...quorum, ciphersuite, key_package });
  }
  return { work, next: next ?? undefined };
}
