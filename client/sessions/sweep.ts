/**
 * Operators' sweeps: RPCs that answer how many rows they changed.
 *
 * @module
 */
import type { Result } from "../result.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, rpc } from "../transport.ts";

/** Runs a sweep, once: a repetition would count what is left, not what was done. */
export function sweep(
  supabase: Supabase,
  name: string,
  args: Readonly<Record<string, unknown>>,
  options: CallOptions,
): Promise<Result<{ answer: number }>> {
  const asCount = (data: unknown) => typeof data === "number" ? data : undefined;
  return rpc(supabase, name, args, asCount, { ...options, safe: false });
}
