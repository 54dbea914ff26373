/**
 * Round two on the coordinator's side: share checks are prepared once, each share is then one comparison,
 * and a session with all its shares is finished.
 *
 * @module
 */
import type { Admin } from "./authentication.ts";
import { CompletedSession, read, RefusedShare, SigningPackage } from "./database.ts";
import { Refusal } from "./errors.ts";
import { FrostError } from "./frost/error.ts";
import { faultsAmong } from "./frost/several_shares.ts";
import {
  aggregate,
  prepareVerification,
  type ShareVerification,
  type VerificationContext,
  verifySignature,
} from "./frost/verification.ts";

type SignatureShares = Readonly<Record<string, string>>;

/** What the shares of a quorum are checked with. */
export function verificationOf(signingPackage: SigningPackage): ShareVerification {
  return prepareVerification({ ...signingPackage, keyPackage: signingPackage.key_package });
}

/** Keeps what a quorum's share checks are made from. It only saves time: each share's call computes it again. */
export async function keep(
  admin: Admin,
  sessionId: string,
  quorum: number,
  verification: ShareVerification,
): Promise<void> {
  const { error } = await admin.rpc("store_share_verification", {
    p_session_id: sessionId,
    p_quorum: quorum,
    p_verification: { ...verification, signers: verification.signers.map((s) => ({ ...s })) },
  });
  if (error) console.error(`Keeping the share verification of a session failed: ${error.message}`);
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

/** The signature of these shares, if they make one that verifies under the group key. */
export function validSignature(
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
  const signingPackage = read(SigningPackage, await admin.rpc("get_signing_package", args));
  const context = verificationOf(signingPackage);
  const signature = validSignature(context, signatureShares);
  if (signature !== undefined) return signature;
  const shares = context.signers.map((signer) => ({
    context,
    signer,
    signatureShare: signatureShares[signer.participant],
  }));
  for (const { position, fault } of faultsAmong(shares, true)) {
    const { signer, signatureShare } = shares[position];
    const { status } = read(
      RefusedShare,
      await admin.rpc("record_refused_share", {
        p_session_id: sessionId,
        p_participant_id: signer.participant,
        p_reason: fault,
        p_quorum: signingPackage.quorum,
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
