/**
 * A roll call: every guardian of a key signs once, so that all know that all can. What is signed is fixed by the
 * key package, is the hash of no event, and serves nothing else.
 *
 * @module
 */
import {
  type EpochPackage,
  hashOfJson,
  keyPackageDigest,
} from "../../supabase/functions/_shared/ceremony/terms.ts";
import type { Result } from "../result.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, invoke } from "../transport.ts";

/** What a roll call signs: SHA-256 of `JSON.stringify(["permafrost/roll-call", digest of the key package])`. */
export function rollCallHash(keyPackage: EpochPackage): string {
  return hashOfJson(["permafrost/roll-call", keyPackageDigest(keyPackage)]);
}

/**
 * Asks all guardians of a key for the roll call's signature: a session whose threshold is all of them.
 *
 * Errors: those of `create-signing-request`.
 */
export function startRollCall(
  supabase: Supabase,
  familyId: string,
  keyPackage: EpochPackage,
  options: CallOptions & { readonly expirationSeconds?: number } = {},
): Promise<Result<{ sessionId: string; status: string; expiresAt: number }>> {
  const { participants } = keyPackage;
  const { expirationSeconds = 604_800, ...rest } = options;
  return invoke(supabase, "create-signing-request", {
    familyId,
    messageHash: rollCallHash(keyPackage),
    participants,
    threshold: participants.length,
    preferredMethod: "frost",
    eventType: "roll_call",
    expirationSeconds,
  }, { ...rest, safe: false });
}
