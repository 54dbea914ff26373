/**
 * The figures of a project, for those whose token has the claim `permafrost_operator`.
 *
 * @module
 */
import { type Result, success } from "../result.ts";
import { fieldOf } from "../shapes.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, rpc } from "../transport.ts";

/** What `frost_signing_metrics` answers, as far as people look at it. */
export interface Metrics {
  /** How many sessions, by status. */
  readonly sessions: Readonly<Record<string, number>>;
  /** Hours as ISO 8601 in UTC. */
  readonly sessions_by_hour: readonly {
    readonly hour: string;
    readonly sessions: Readonly<Record<string, number>>;
  }[];
  /** Completed of the finished ones, 0 to 1; null without any. */
  readonly success_rate: number | null;
  readonly phases: Readonly<
    Record<string, { readonly median_ms: number | null; readonly p95_ms: number | null }>
  >;
  readonly refused_shares: readonly {
    readonly family_id: string;
    readonly participant_id: string | null;
    readonly refused: number;
  }[];
  readonly alerts: readonly {
    readonly alert: string;
    readonly value: number;
    readonly threshold: number;
  }[];
}

/** Reads the figures of the last 24 hours, over all families. Errors: `permission_denied`. */
export async function readMetrics(
  supabase: Supabase,
  options: CallOptions = {},
): Promise<Result<{ metrics: Metrics }>> {
  const read = (data: unknown) => isMetrics(data) ? data : undefined;
  const got = await rpc(supabase, "frost_signing_metrics", {}, read, { ...options, safe: true });
  return got.success ? success({ metrics: got.answer }) : got;
}

/** By a few fields: the rest of it is the database's. */
function isMetrics(data: unknown): data is Metrics {
  return ["sessions_by_hour", "refused_shares", "alerts"].every((name) =>
    Array.isArray(fieldOf(data, name))
  ) && ["sessions", "phases"].every((name) => typeof fieldOf(data, name) === "object");
}
