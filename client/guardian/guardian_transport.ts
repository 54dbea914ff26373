import { FrostSessionManager } from "../sessions/manager.ts";
import type { Supabase } from "../supabase.ts";
import { type QuorumTransport, quorumTransport } from "./quorum_transport.ts";

/** How a guardian reaches the coordinator. Its answers are handed on as they are. */
export interface GuardianTransport<CommitmentAnswer = unknown, ShareAnswer = unknown> {
  /**
   * `submit-nonce-commitment`: hiding ‖ binding, 2·Ne bytes as lower-case hex.
   *
   * @param participantId - Who the guardian is, by its key share; the coordinator compares it with the token.
   */
  submitNonceCommitment(
    sessionId: string,
    nonceCommitment: string,
    participantId: string,
  ): Promise<CommitmentAnswer>;
  /** `submit-signature-share`: a scalar of Ns bytes as lower-case hex. */
  submitSignatureShare(
    sessionId: string,
    signatureShare: string,
    participantId: string,
  ): Promise<ShareAnswer>;
  /** For `approve`, `watch` and `publishNonces`, which fail without it. */
  readonly quorums?: QuorumTransport;
}

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
    quorums: quorumTransport(supabase),
  };
}
