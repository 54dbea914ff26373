/**
 * Reading key packages from the database.
 *
 * @module
 */
import { postgrestAnswerOf } from "../answers.ts";
import { type RegisteredKeyPackage, registeredKeyPackageOf } from "../key_package.ts";
import { failure, type Result, success } from "../result.ts";
import { fieldOf, isTextList } from "../shapes.ts";
import { selectAll, selectOne, type Supabase } from "../supabase.ts";
import { call, type CallOptions } from "../transport.ts";
import type { AnySession } from "./session.ts";

const TABLE = "frost_key_packages";
const COLUMNS = [
  "key_package_id",
  "ciphersuite",
  "threshold",
  "participants",
  "group_public_key",
  "verifying_shares",
] as const satisfies readonly (keyof RegisteredKeyPackage)[];

/**
 * Reads the key package that a session is bound to.
 *
 * Errors: `no_key_package` for a dry run.
 */
export async function readKeyPackage(
  supabase: Supabase,
  { method, session }: AnySession,
  options: CallOptions = {},
): Promise<Result<{ keyPackage: RegisteredKeyPackage }>> {
  if (method === "sss") return success({ keyPackage: session.key_package });
  const { key_package_id } = session;
  const none = "The session is a dry run: it is not bound to a key";
  if (key_package_id === null) return failure("no_key_package", none);
  return await select(supabase, { key_package_id }, none, options);
}

/**
 * Reads the key package that a family's new sessions are bound to; for members of the family.
 *
 * Errors: `no_key_package`.
 */
export function readCurrentKeyPackage(
  supabase: Supabase,
  familyId: string,
  options: CallOptions = {},
): Promise<Result<{ keyPackage: RegisteredKeyPackage }>> {
  const none = "The family has no key package, or the caller is not in it";
  return select(supabase, { family_id: familyId, retired_at: null }, none, options);
}

async function select(
  supabase: Supabase,
  where: Readonly<Record<string, string | null>>,
  none: string,
  options: CallOptions,
): Promise<Result<{ keyPackage: RegisteredKeyPackage }>> {
  const read = (data: unknown) => {
    const keyPackage = registeredKeyPackageOf(data);
    return keyPackage === undefined && data !== null ? undefined : { keyPackage };
  };
  const selected = await call(
    true,
    async (signal) =>
      postgrestAnswerOf(await selectOne(supabase, TABLE, COLUMNS, where, signal), read),
    options,
  );
  if (!selected.success) return selected;
  const { keyPackage } = selected.answer;
  return keyPackage === undefined ? failure("no_key_package", none) : success({ keyPackage });
}

/** What a key of a family went through. */
export interface PackageHistory {
  readonly epoch: number;
  readonly threshold: number;
  readonly participants: readonly string[];
  /** Milliseconds since the epoch. */
  readonly created_at: number;
  /** Milliseconds since the epoch; null for the current one. */
  readonly retired_at: number | null;
  /** When it was put together for a recovery, in milliseconds since the epoch; null if it never was. */
  readonly exposed_at: number | null;
}

/** All keys of a family, the newest first; for its members. */
export async function listPackages(
  supabase: Supabase,
  familyId: string,
  options: CallOptions = {},
): Promise<Result<{ packages: PackageHistory[] }>> {
  const columns = ["epoch", "threshold", "participants", "created_at", "retired_at", "exposed_at"];
  const read = (data: unknown) => Array.isArray(data) ? data.filter(isHistory) : undefined;
  const selected = await call(
    true,
    async (signal) =>
      postgrestAnswerOf(
        await selectAll(supabase, TABLE, columns, { family_id: familyId }, signal),
        read,
      ),
    options,
  );
  if (!selected.success) return selected;
  return success({ packages: selected.answer.sort((a, b) => b.epoch - a.epoch) });
}

function isHistory(value: unknown): value is PackageHistory {
  const isTime = (name: string) => typeof fieldOf(value, name) === "number";
  return isTime("epoch") && isTime("threshold") && isTime("created_at") &&
    isTextList(fieldOf(value, "participants")) &&
    ["retired_at", "exposed_at"].every((name) => fieldOf(value, name) === null || isTime(name));
}
