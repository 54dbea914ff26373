/**
 * How a guardian reaches the coordinator in sessions of quorums: what there is to answer, many answers in one call, and
 * its pool.
 *
 * @module
 */
import type { Ciphersuite } from "../../supabase/functions/_shared/frost/suites.ts";
import { aggregateSession } from "../sessions/aggregate.ts";
import { pagesOf, SESSIONS } from "../sessions/list.ts";
import {
  type FrostSession,
  type FrostSessionSummary,
  readFrostSession,
} from "../sessions/session.ts";
import {
  type QuorumPackage,
  readFrostSessions,
  readSigningWork,
  type SessionsFilter,
  type WorkFilter,
} from "../sessions/work.ts";
import { type Failure, type Result, success } from "../result.ts";
import { fieldOf, isTextList } from "../shapes.ts";
import { listen } from "../sessions/status_feed.ts";
import { hasRealtime, type Supabase } from "../supabase.ts";
import { type CallOptions, invoke, type ParticipantOptions, rpc } from "../transport.ts";

/** The most items that a call takes. */
export const MOST_ITEMS = 256;

/** How many shares a call takes: a hosted function has two seconds of CPU to verify them (docs/http.md). */
export function mostShares(ciphersuite: Ciphersuite): number {
  switch (ciphersuite) {
    case "FROST-ED448-SHAKE256-v1":
      return 64;
    case "FROST-ED25519-SHA512-v1":
    case "FROST-RISTRETTO255-SHA512-v1":
    case "FROST-P256-SHA256-v1":
      return 128;
    default:
      return MOST_ITEMS;
  }
}

/** A commitment for a session's open round or quorum. */
export interface CommitmentItem {
  readonly sessionId: string;
  /** hiding ‖ binding, lower-case hex. */
  readonly nonceCommitment: string;
}

/** A share for a quorum, and maybe the commitment for the next one. */
export interface ShareItem {
  readonly sessionId: string;
  /** As the work names it. */
  readonly quorum?: number;
  /** A scalar, lower-case hex. */
  readonly signatureShare: string;
  readonly nextNonceCommitment?: string;
}

/** What became of an item. */
export type ItemResult =
  | { readonly success: true; readonly sessionId: string; readonly finalSignature?: string }
  | (Failure & { readonly sessionId: string; readonly finalSignature?: string });

/** The pools of a family, as the coordinator has them. */
export interface NoncePool {
  /** How many commitments each guardian has left. */
  readonly guardians: Readonly<Record<string, number>>;
  /** How many more sessions would be `one_tap` now. */
  readonly one_tap_sessions: number;
  /** The caller's commitments that are left. */
  readonly own: readonly string[];
}

/** What else than the single calls a guardian asks of the coordinator. Nothing of it throws. */
export interface QuorumTransport {
  readSession(id: string, options?: CallOptions): Promise<Result<{ session: FrostSession }>>;
  /** Several at once: of at most 256 ids, or of a batch in its order; none if there is no such batch. */
  readSessions(
    filter: SessionsFilter,
    options?: CallOptions,
  ): Promise<Result<{ sessions: FrostSession[] }>>;
  /** What the caller may answer now. */
  readWork(
    filter: WorkFilter,
    options?: CallOptions,
  ): Promise<Result<{ work: QuorumPackage[] }>>;
  /** Sessions that await the caller, in one family or in all of its families. */
  listAwaited(
    options?: CallOptions & { readonly familyId?: string },
  ): Promise<Result<{ sessions: FrostSessionSummary[] }>>;
  /** 1 to 256 items. */
  submitCommitments(
    items: readonly CommitmentItem[],
    options?: ParticipantOptions,
  ): Promise<Result<{ results: ItemResult[] }>>;
  /** 1 to 256 items. */
  submitShares(
    items: readonly ShareItem[],
    options?: ParticipantOptions,
  ): Promise<Result<{ results: ItemResult[] }>>;
  /** Calls `heard` when a session of the family moved; absent without Realtime. */
  listen?(familyId: string, heard: () => void): { stop(): Promise<void> };
  aggregate(
    sessionId: string,
    options?: ParticipantOptions,
  ): Promise<Result<{ finalSignature: string }>>;
  readPool(familyId: string, options?: CallOptions): Promise<Result<{ pool: NoncePool }>>;
  /** 1 to 256 commitments. */
  publish(
    familyId: string,
    nonceCommitments: readonly string[],
    options?: ParticipantOptions,
  ): Promise<Result<{ accepted: number; available: number }>>;
  /** 1 to 256 commitments; those that are bound are declared dead. */
  withdraw(
    familyId: string,
    nonceCommitments: readonly string[],
    options?: ParticipantOptions,
  ): Promise<Result<{ withdrawn: number; dead: number }>>;
}

/** The same over supabase-js, signed in as the guardian. */
export function quorumTransport(supabase: Supabase): QuorumTransport {
  const safe = { safe: true } as const;
  return {
    readSession: (id, options) => readFrostSession(supabase, id, options),
    readSessions: (filter, options) => readFrostSessions(supabase, filter, options),
    readWork: (filter, options) => readSigningWork(supabase, filter, options),
    async listAwaited({ familyId, ...options } = {}) {
      const sessions: FrostSessionSummary[] = [];
      const filter = { awaitingMe: true, familyId };
      for await (const page of pagesOf(supabase, SESSIONS, filter, options)) {
        if (!page.success) return page;
        sessions.push(...page.rows);
      }
      return success({ sessions });
    },
    submitCommitments: (items, options) =>
      invoke(supabase, "submit-nonce-commitments", { items }, { ...options, ...safe }),
    submitShares: (items, options) =>
      invoke(supabase, "submit-signature-shares", { items }, { ...options, ...safe }),
    ...hasRealtime(supabase)
      ? { listen: (family: string, heard: () => void) => listen(supabase, family, heard) }
      : {},
    aggregate: (sessionId, options) => aggregateSession(supabase, sessionId, options),
    async readPool(familyId, options) {
      const args = { p_family_id: familyId };
      const read = await rpc(supabase, "get_nonce_pool", args, poolOf, { ...options, ...safe });
      return read.success ? success({ pool: read.answer }) : read;
    },
    publish: (familyId, nonceCommitments, options) =>
      invoke(supabase, "publish-nonce-commitments", { familyId, nonceCommitments }, {
        ...options,
        ...safe,
      }),
    withdraw: (familyId, nonceCommitments, options) =>
      invoke(supabase, "withdraw-nonce-commitments", { familyId, nonceCommitments }, {
        ...options,
        ...safe,
      }),
  };
}

function poolOf(data: unknown): NoncePool | undefined {
  return isPool(data) ? data : undefined;
}

function isPool(data: unknown): data is NoncePool {
  return isTextList(fieldOf(data, "own")) && typeof fieldOf(data, "guardians") === "object" &&
    typeof fieldOf(data, "one_tap_sessions") === "number";
}

/** A list in parts of at most that many. */
export function* chunksOf<Item>(items: readonly Item[], most: number): Generator<Item[]> {
  for (let i = 0; i < items.length; i += most) yield items.slice(i, i + most);
}
