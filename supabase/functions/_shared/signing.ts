/**
 * Round two on the coordinator's side: share checks are prepared once, each share is then one comparison,
 * and a session with all its shares is finished.
 *
 * @module
 */
import { CompletedSession, read, ShareCheck, SigningPackage } from "./database.ts";
import {
  aggregate,
  prepareVerification,
  type ShareVerification,
  type SignerVerification,
  type VerificationContext,
  verifySignature,
} from "./frost/verification.ts";
import type { Context } from "./http.ts";

type Admin = Context["supabaseAdmin"];

/** Computes what a session's share checks are made from, and keeps it with the session. */
export async function storeVerification(
  admin: Admin,
  sessionId: string,
  signingPackage: SigningPackage,
): Promise<ShareVerification> {
  const verification = prepareVerification({
    ...signingPackage,
    keyPackage: signingPackage.key_package,
  });
  const { error } = await admin.rpc("store_share_verification", {
    p_session_id: sessionId,
    p_verification: { ...verification, signers: verification.signers.map((s) => ({ ...s })) },
  });
  // It is a saving and no more: whoever misses it computes it again.
  if (error) console.error(`Keeping the share verification of a session failed: ${error.message}`);
  return verification;
}

/** What the caller's share is checked with, and the share it has submitted, if it has. */
export interface OwnShareCheck {
  readonly context: VerificationContext;
  readonly signer: SignerVerification;
  readonly submitted: string | null;
}

/** Reads what the caller's share is checked with; where a crash left none, computes it again. */
export async function shareCheckOf(
  { supabase, supabaseAdmin }: Context,
  sessionId: string,
  participant: string,
): Promise<OwnShareCheck> {
  const args = { p_session_id: sessionId };
  const check = read(ShareCheck, await supabase.rpc("get_share_verification", args));
  const submitted = check.signature_share;
  if (check.verification && check.signer) {
    return { context: check.verification, signer: check.signer, submitted };
  }
  const signingPackage = read(SigningPackage, await supabase.rpc("get_signing_package", args));
  const context = await storeVerification(supabaseAdmin, sessionId, signingPackage);
  const signer = context.signers.find((entry) => entry.participant === participant);
  if (!signer) throw new Error("The signer is missing in what was computed for its session");
  return { context, signer, submitted };
}

/**
 * Makes the signature of all signers' verified shares, verifies it, and completes the session with it.
 * Whoever else does so at the same time makes the same signature.
 *
 * @returns The final signature as the ciphersuite's verifiers expect it, lower-case hex.
 */
export async function complete(
  admin: Admin,
  sessionId: string,
  context: VerificationContext,
  signatureShares: Readonly<Record<string, string>>,
): Promise<CompletedSession> {
  const signature = aggregate(context, signatureShares);
  const { ciphersuite, group_public_key, message } = context;
  if (!verifySignature(ciphersuite, group_public_key, message, signature)) {
    throw new Error("The signature of verified shares does not verify");
  }
  return read(
    CompletedSession,
    await admin.rpc("complete_signing_session", {
      p_session_id: sessionId,
      p_final_signature: signature,
    }),
  );
}
