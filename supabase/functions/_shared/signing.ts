/**
 * Round two on the coordinator's side: share checks are prepared once, each share is then one comparison,
 * and a session with all its shares is finished.
 *
 * @module
 */
import type { Admin, UserContext } from "./authentication.ts";
import { CompletedSession, read, RefusedShare, ShareCheck, SigningPackage } from "./database.ts";
import { Refusal } from "./errors.ts";
import { FrostError } from "./frost/error.ts";
import {
  aggregate,
  prepareVerification,
  type ShareVerification,
  type SignerVerification,
  type VerificationContext,
  verifyShare,
  verifySignature,
} from "./frost/verification.ts";

type SignatureShares = Readonly<Record<string, string>>;

function verificationOf(signingPackage: SigningPackage): ShareVerification {
  return prepareVerification({ ...signingPackage, keyPackage: signingPackage.key_package });
}

/** Computes what a session's share checks are made from, and keeps it with the session. */
export async function storeVerification(
  admin: Admin,
  sessionId: string,
  signingPackage: SigningPackage,
): Promise<ShareVerification> {
  const verification = verificationOf(signingPackage);
  const { error } = await admin.rpc("store_share_verification", {
    p_session_id: sessionId,
    p_verification: { ...verification, signers: verification.signers.map((s) => ({ ...s })) },
  });
  // It only saves time: without it, each share's call computes it again.
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
  { supabase, supabaseAdmin }: UserContext,
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

/** Why a signature share is refused, or nothing. */
export function faultOfShare(
  context: VerificationContext,
  signer: SignerVerification,
  signatureShare: string,
): string | undefined {
  try {
    if (!verifyShare(context, signer, signatureShare)) return "The signature share does not verify";
  } catch (error) {
    if (error instanceof FrostError) return error.message;
    throw error;
  }
}

/**
 * Makes the signature of all signers' shares, verifies it, and completes the session with it. Calls that do
 * so at the same time make the same signature.
 *
 * @param context - Of the share checks, if it is at hand; it is computed again if it makes no valid signature.
 * @returns The final signature as the ciphersuite's verifiers expect it, lower-case hex.
 * @throws {Refusal} `session_finished` if a recorded share does not verify: the session fails with the name
 *   of its signer. Only the secret key can record such a share.
 */
export async function complete(
  admin: Admin,
  sessionId: string,
  signatureShares: SignatureShares,
  context?: VerificationContext,
): Promise<CompletedSession> {
  const signature = (context && validSignature(context, signatureShares)) ??
    await signatureOrBlame(admin, sessionId, signatureShares);
  return read(
    CompletedSession,
    await admin.rpc("complete_signing_session", {
      p_session_id: sessionId,
      p_final_signature: signature,
    }),
  );
}

function validSignature(
  context: VerificationContext,
  signatureShares: SignatureShares,
): string | undefined {
  try {
    const signature = aggregate(context, signatureShares);
    const { ciphersuite, group_public_key, message } = context;
    if (verifySignature(ciphersuite, group_public_key, message, signature)) return signature;
  } catch (error) {
    // A recorded share may be any text.
    if (!(error instanceof FrostError)) throw error;
  }
}

/** Trusts nothing that was computed before. */
async function signatureOrBlame(
  admin: Admin,
  sessionId: string,
  signatureShares: SignatureShares,
): Promise<string> {
  const args = { p_session_id: sessionId };
  const context = verificationOf(
    read(SigningPackage, await admin.rpc("get_signing_package", args)),
  );
  const signature = validSignature(context, signatureShares);
  if (signature !== undefined) return signature;
  for (const signer of context.signers) {
    const signatureShare = signatureShares[signer.participant];
    const reason = faultOfShare(context, signer, signatureShare);
    if (reason === undefined) continue;
    const { status } = read(
      RefusedShare,
      await admin.rpc("record_refused_share", {
        p_session_id: sessionId,
        p_participant_id: signer.participant,
        p_reason: reason,
        p_signature_share: signatureShare,
      }),
    );
    if (status === "failed") {
      throw new Refusal(
        "session_finished",
        `The session failed: The recorded signature share of ${signer.participant} does not verify`,
      );
    }
  }
  throw new Error("The signature of verified shares does not verify");
}
