/**
 * What a guardian may answer now, of many sessions at once; and which sessions a batch has.
 *
 * @module
 */
import { postgrestAnswerOf } from "../answers.ts";
import type { SigningPackage } from "../guardian/signing_session.ts";
import { keyPackageOf } from "../key_package.ts";
import { type Result, success } from "../result.ts";
import { fieldOf } from "../shapes.ts";
import { selectMany, type Supabase } from "../supabase.ts";
import { call, type CallOptions, rpc } from "../transport.ts";

/** Of one session, of one batch, or of all. */
export interface WorkFilter {
  readonly sessionId?: string;
  readonly batchId?: string;
}

/** A package with the quorum that it is of. */
export type QuorumPackage = SigningPackage & { readonly quorum?: number };

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

/** Reads which sessions a batch has, in the order of their messages; none if there is no such batch. */
export async function readBatch(
  supabase: Supabase,
  batchId: string,
  options: CallOptions = {},
): Promise<Result<{ sessionIds: string[] }>> {
  const selected = await call(
    true,
    async (signal) =>
      postgrestAnswerOf(
        await selectMany(
          supabase,
          "frost_signing_batches",
          ["position", "session_id"],
          { batch_id: batchId },
          signal,
        ),
        idsOf,
      ),
    options,
  );
  return selected.success ? success({ sessionIds: selected.answer }) : selected;
}

function idsOf(rows: unknown): string[] | undefined {
  if (!Array.isArray(rows)) return undefined;
  return rows
    .toSorted((a, b) => Number(fieldOf(a, "position")) - Number(fieldOf(b, "position")))
    .map((row) => String(fieldOf(row, "session_id")));
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
