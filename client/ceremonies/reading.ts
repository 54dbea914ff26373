/**
 * Ceremonies as the server tells them. Devices believe none of it: they hold what they read against what they pinned.
 *
 * @module
 */
import { isCiphersuite } from "../../supabase/functions/_shared/frost/suites.ts";
import {
  type CeremonyTerms,
  type EpochPackage,
  type Protocol,
  PROTOCOLS,
} from "../../supabase/functions/_shared/ceremony/terms.ts";
import type { Payload } from "../../supabase/functions/_shared/ceremony/payload.ts";
import { postgrestAnswerOf } from "../answers.ts";
import { keyPackageOf } from "../key_package.ts";
import { type Result, success } from "../result.ts";
import { fieldOf, isTextList } from "../shapes.ts";
import { selectAll, type Supabase } from "../supabase.ts";
import { call, type CallOptions, rpc } from "../transport.ts";

/** Where a ceremony stands. */
export type CeremonyStatus =
  | "round_one"
  | "round_two"
  | "confirming"
  | "completed"
  | "failed"
  | "expired";

/** A ceremony as the server tells it. */
export interface CeremonyView {
  readonly terms: CeremonyTerms;
  /** What the server says that `paramsIdOf(terms)` is. */
  readonly paramsId: string;
  readonly status: CeremonyStatus;
  /** The open round; null where none is. */
  readonly round: number | null;
  /** Who has sent its message, by round. */
  readonly received: Readonly<Record<string, readonly string[]>>;
  /** Who is waited for in the open round. */
  readonly missing: readonly string[];
  /** How many guardians of the current key have yet to let the new one take its place. */
  readonly approvalsMissing: number;
  readonly declined: Readonly<Record<string, string>>;
  readonly blamed: readonly string[];
  readonly coordinatorMessages: readonly string[];
  /** From confirming on: what would be registered. */
  readonly keyPackage: EpochPackage | null;
  /** Once completed. */
  readonly keyPackageId: string | null;
  readonly errorMessage: string | null;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The server's clock when it answered: milliseconds since the epoch. */
  readonly now: number;
}

/** A ceremony. Errors: `session_not_found`. */
export async function readCeremony(
  supabase: Supabase,
  ceremonyId: string,
  options: CallOptions = {},
): Promise<Result<{ ceremony: CeremonyView }>> {
  const read = await rpc(
    supabase,
    "get_key_ceremony",
    { p_ceremony_id: ceremonyId },
    ceremonyOf,
    { ...options, safe: true },
  );
  return read.success ? success({ ceremony: read.answer }) : read;
}

/** A ceremony as lists show it. */
export interface CeremonySummary {
  readonly ceremonyId: string;
  readonly kind: "dkg" | "reshare";
  readonly status: CeremonyStatus;
  readonly threshold: number;
  readonly participants: readonly string[];
  /** Who is waited for in the open round; empty where none is. */
  readonly missing: readonly string[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Null for operators. */
  readonly createdBy: string | null;
}

/** The newest 50 ceremonies of a family, newest first. Errors: `not_in_family`. */
export async function listCeremonies(
  supabase: Supabase,
  familyId: string,
  options: CallOptions = {},
): Promise<Result<{ ceremonies: CeremonySummary[] }>> {
  const read = (data: unknown) => Array.isArray(data) ? data.flatMap(summaryOf) : undefined;
  const listed = await rpc(supabase, "list_key_ceremonies", { p_family_id: familyId }, read, {
    ...options,
    safe: true,
  });
  return listed.success ? success({ ceremonies: listed.answer }) : listed;
}

function summaryOf(value: unknown): CeremonySummary[] {
  const field = (name: string) => fieldOf(value, name);
  const [ceremonyId, kind, status] = [field("ceremony_id"), field("kind"), field("status")];
  const [threshold, participants] = [field("threshold"), field("participants")];
  const missing = field("missing");
  const [createdAt, createdBy] = [field("created_at"), field("created_by")];
  return typeof ceremonyId === "string" && (kind === "dkg" || kind === "reshare") &&
      isStatus(status) && typeof threshold === "number" && isTextList(participants) &&
      isTextList(missing) && typeof createdAt === "number"
    ? [{
      ceremonyId,
      kind,
      status,
      threshold,
      participants,
      missing,
      createdAt,
      createdBy: typeof createdBy === "string" ? createdBy : null,
    }]
    : [];
}

/** A message as it is kept. */
export interface KeptMessage {
  readonly round: number;
  readonly sender: string;
  readonly payload: Payload;
}

/** All messages of a ceremony; for those who take part. */
export async function readMessages(
  supabase: Supabase,
  ceremonyId: string,
  options: CallOptions = {},
): Promise<Result<{ messages: KeptMessage[] }>> {
  const read = (data: unknown) => Array.isArray(data) ? data.flatMap(messageOf) : undefined;
  const selected = await call(true, async (signal) =>
    postgrestAnswerOf(
      await selectAll(
        supabase,
        "frost_ceremony_messages",
        ["round", "participant_id", "payload"],
        { ceremony_id: ceremonyId },
        signal,
      ),
      read,
    ), options);
  return selected.success ? success({ messages: selected.answer }) : selected;
}

function messageOf(value: unknown): KeptMessage[] {
  const round = fieldOf(value, "round");
  const sender = fieldOf(value, "participant_id");
  const payload = fieldOf(value, "payload");
  return typeof round === "number" && typeof sender === "string" && isPayload(payload)
    ? [{ round, sender, payload }]
    : [];
}

function isPayload(value: unknown): value is Payload {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A key package with its epoch; `undefined` if the value is none. */
export function epochPackageOf(value: unknown): EpochPackage | undefined {
  const keyPackage = keyPackageOf(value);
  const epoch = fieldOf(value, "epoch");
  return keyPackage === undefined || typeof epoch !== "number"
    ? undefined
    : { ...keyPackage, epoch };
}

const STATUSES: readonly string[] = [
  "round_one",
  "round_two",
  "confirming",
  "completed",
  "failed",
  "expired",
];

function isStatus(value: unknown): value is CeremonyStatus {
  return typeof value === "string" && STATUSES.includes(value);
}

/** Whether a value is the name of a protocol. */
export function isProtocol(value: unknown): value is Protocol {
  return PROTOCOLS.some((name) => name === value);
}

function ceremonyOf(value: unknown): CeremonyView | undefined {
  const field = (name: string) => fieldOf(value, name);
  const text = (name: string) => {
    const found = field(name);
    return typeof found === "string" ? found : undefined;
  };
  const list = (name: string) => {
    const found = field(name);
    return isTextList(found) ? found : undefined;
  };
  const ceremonyId = text("ceremony_id");
  const familyId = text("family_id");
  const kind = field("kind");
  const protocol = field("protocol");
  const ciphersuite = text("ciphersuite");
  const threshold = field("threshold");
  const participants = list("participants");
  const hostPublicKeys = list("host_public_keys");
  const paramsId = text("params_id");
  const status = field("status");
  const round = field("round");
  const received = field("received");
  const expiresAt = field("expires_at");
  const approvalsMissing = field("approvals_missing");
  const declined = field("declined");
  const now = field("now");
  if (
    ceremonyId === undefined || familyId === undefined || kind !== "dkg" && kind !== "reshare" ||
    !isProtocol(protocol) || ciphersuite === undefined || !isCiphersuite(ciphersuite) ||
    typeof threshold !== "number" || participants === undefined || hostPublicKeys === undefined ||
    paramsId === undefined || !isStatus(status) || !isByText(received, isTextList) ||
    typeof expiresAt !== "number" || round !== null && typeof round !== "number" ||
    typeof approvalsMissing !== "number" || typeof now !== "number" || !isByText(declined, isText)
  ) return undefined;
  return {
    terms: {
      ceremonyId,
      familyId,
      kind,
      protocol,
      ciphersuite,
      threshold,
      participants,
      hostPublicKeys,
      dealers: list("dealers") ?? null,
      dealerHostPublicKeys: list("dealer_host_public_keys") ?? null,
      fromPackage: epochPackageOf(field("from_key_package")) ?? null,
    },
    paramsId,
    status,
    round,
    received,
    missing: list("missing") ?? [],
    approvalsMissing,
    declined,
    blamed: list("blamed") ?? [],
    coordinatorMessages: list("coordinator_messages") ?? [],
    keyPackage: epochPackageOf(field("key_package")) ?? null,
    keyPackageId: text("key_package_id") ?? null,
    errorMessage: text("error_message") ?? null,
    expiresAt,
    now,
  };
}

const isText = (value: unknown): value is string => typeof value === "string";

function isByText<T>(
  value: unknown,
  isPart: (part: unknown) => part is T,
): value is Record<string, T> {
  return typeof value === "object" && value !== null && Object.values(value).every(isPart);
}
