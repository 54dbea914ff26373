/**
 * Round one on the coordinator's side: commitments are checked under every curve they may be of, recorded in one
 * RPC, and what the shares are checked with is prepared after the answer.
 *
 * @module
 */
import type { UserContext } from "./authentication.ts";
import { afterAnswer } from "./background.ts";
import { membershipsOf } from "./caller.ts";
import { read, RecordedCommitments, refusalFrom } from "./database.ts";
import { validSuites } from "./frost/commitment_suites.ts";
import type { Outcomes } from "./items.ts";
import { keep, verificationOf } from "./signing.ts";

/** A participant's commitment for a session. */
export interface SubmittedCommitment {
  readonly sessionId: string;
  readonly nonceCommitment: string;
}

/** What became of a commitment. */
export interface AcceptedCommitment extends Record<string, unknown> {
  readonly quorum: number;
  readonly status: string;
  readonly nonceCount: number;
  readonly thresholdMet: boolean;
}

/**
 * Records the caller's commitments, each judged alone.
 *
 * @param participantId - Who the client takes itself for, if it says so.
 */
export async function submitCommitments(
  { supabaseAdmin, claims }: UserContext,
  items: readonly SubmittedCommitment[],
  participantId: string | undefined,
): Promise<Outcomes<AcceptedCommitment>> {
  const suites = validSuites(items.map(({ nonceCommitment }) => nonceCommitment));
  const recorded = read(
    RecordedCommitments,
    await supabaseAdmin.rpc("submit_nonce_commitments", {
      p_memberships: membershipsOf(claims),
      p_participant_id: participantId,
      p_items: items.map(({ sessionId, nonceCommitment }, i) => ({
        session_id: sessionId,
        nonce_commitment: nonceCommitment,
        valid_suites: suites[i],
      })),
    }),
  );
  const closed = recorded.flatMap((answer, i) =>
    "signing_package" in answer && answer.signing_package !== undefined
      ? [{ ...answer.signing_package, session_id: items[i].sessionId }]
      : []
  );
  if (closed.length > 0) {
    afterAnswer("Preparing the share verification of a session", async () => {
      for (const signingPackage of closed) {
        await keep(
          supabaseAdmin,
          signingPackage.session_id,
          signingPackage.quorum,
          verificationOf(signingPackage),
        );
      }
    });
  }
  return await Promise.allSettled(recorded.map((answer) =>
    Promise.try(() => {
      if ("code" in answer) throw refusalFrom(answer);
      const { quorum, status, nonce_count: nonceCount, threshold_met: thresholdMet } = answer;
      return { quorum, status, nonceCount, thresholdMet };
    })
  ));
}
