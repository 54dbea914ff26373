/**
 * Verifies a finished session's signature on this device, under the group key that the database has for the
 * session. The key is not passed in, so it cannot be the wrong one by mistake.
 *
 * @module
 */
import { codeOfFailed } from "../../supabase/functions/_shared/errors.ts";
import { verifySignature } from "../../supabase/functions/_shared/frost/verification.ts";
import type { SigningMethod } from "../../supabase/functions/_shared/methods.ts";
import { type Failure, failure, type Result, success } from "../result.ts";
import type { RegisteredKeyPackage } from "../key_package.ts";
import { readKeyPackage } from "./key_packages.ts";
import { type AnySession, readSession } from "./session.ts";
import type { Supabase } from "../supabase.ts";
import type { CallOptions } from "../transport.ts";

/** A session that has its signature, and the key package that it is under. */
export interface SignedSession {
  readonly found: AnySession;
  readonly keyPackage: RegisteredKeyPackage;
  /** Lower-case hex, in the encoding the suite's verifiers expect. */
  readonly finalSignature: string;
}

/**
 * Reads a session that must have its signature.
 *
 * Errors: `session_not_found`, `no_key_package`; `round_open`, `session_expired`, `session_finished` where
 * there is no signature.
 */
export async function readSignedSession(
  supabase: Supabase,
  id: string,
  method: SigningMethod | undefined,
  options: CallOptions,
): Promise<Result<SignedSession>> {
  const found = await readSession(supabase, id, method, options);
  if (!found.success) return found;
  const finalSignature = found.session.final_signature;
  if (finalSignature === null) return unsigned(found);
  const key = await readKeyPackage(supabase, found, options);
  return key.success ? success({ found, keyPackage: key.keyPackage, finalSignature }) : key;
}

/** Verifies the signature of a session of either kind. Errors: as `readSignedSession` has them. */
export async function verifyFinalSignature(
  supabase: Supabase,
  id: string,
  method: SigningMethod | undefined,
  options: CallOptions,
): Promise<Result<{ valid: boolean; finalSignature: string; groupPublicKey: string }>> {
  const signed = await readSignedSession(supabase, id, method, options);
  if (!signed.success) return signed;
  const { found, keyPackage, finalSignature } = signed;
  const { ciphersuite, group_public_key: groupPublicKey } = keyPackage;
  const message = found.session.message_hash;
  const valid = verifySignature(ciphersuite, groupPublicKey, message, finalSignature);
  return success({ valid, finalSignature, groupPublicKey });
}

function unsigned({ status, session }: AnySession): Failure {
  switch (status) {
    case "expired":
      return failure("session_expired", "The session expired before it was signed");
    case "failed":
      return failure(
        codeOfFailed(session.error_message),
        `The session failed: ${session.error_message}`,
      );
    default:
      return failure("round_open", "The session is not signed yet");
  }
}
