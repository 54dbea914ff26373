import type { GuardianTransport } from "./guardian.ts";
import { FrostSessionManager } from "../sessions/manager.ts";
import type { Supabase } from "../supabase.ts";

/** What the coordinator answers to a commitment, and to a signature share. */
type Answer<Method extends "submitNonceCommitment" | "submitPartialSignature"> = Awaited<
  ReturnType<FrostSessionManager[Method]>
>;

/** How a `Guardian` reaches the coordinator over supabase-js, signed in as that guardian. */
export function guardianTransport(
  supabase: Supabase,
): GuardianTransport<Answer<"submitNonceCommitment">, Answer<"submitPartialSignature">> {
  const sessions = new FrostSessionManager(supabase);
  return {
    submitNonceCommitment: (sessionId, nonceCommitment, participantId) =>
      sessions.submitNonceCommitment(sessionId, nonceCommitment, { participantId }),
    submitSignatureShare: (sessionId, signatureShare, participantId) =>
      sessions.submitPartialSignature(sessionId, signatureShare, { participantId }),
  };
}
