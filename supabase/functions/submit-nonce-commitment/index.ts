/** `POST /functions/v1/submit-nonce-commitment` (user): round one of RFC 9591, for one participant. */
import { z } from "zod";
import { asUser, type UserContext } from "../_shared/authentication.ts";
import { requireParticipant } from "../_shared/caller.ts";
import { read, RecordedCommitment, RefusedCommitment, Session } from "../_shared/database.ts";
import { Refusal } from "../_shared/errors.ts";
import { parseNonceCommitment } from "../_shared/frost/encoding.ts";
import { FrostError } from "../_shared/frost/error.ts";
import { type Ciphersuite, suiteOf } from "../_shared/frost/suites.ts";
import { endpoint, receive } from "../_shared/http.ts";
import { Hex, Identifier, OwnParticipant } from "../_shared/input.ts";
import { storeVerification } from "../_shared/signing.ts";

export const Body = z.object({
  sessionId: Identifier,
  nonceCommitment: Hex,
  participantId: OwnParticipant,
});

/** Why a commitment is refused, or nothing. */
function faultOfCommitment(ciphersuite: Ciphersuite, nonceCommitment: string): string | undefined {
  try {
    parseNonceCommitment(suiteOf(ciphersuite), nonceCommitment);
  } catch (error) {
    if (error instanceof FrostError) return error.message;
    throw error;
  }
}

/** The commitment is recorded by now. What goes wrong here, the first share's call puts right. */
async function prepare(...args: Parameters<typeof storeVerification>): Promise<void> {
  try {
    await storeVerification(...args);
  } catch (error) {
    console.error("Preparing the share verification of a session failed:", error);
  }
}

export default {
  fetch: endpoint(asUser(
    receive(Body, async ({ sessionId, nonceCommitment, participantId }, context: UserContext) => {
      const { supabase, supabaseAdmin, claims } = context;
      const { family_id, ciphersuite } = read(
        Session,
        await supabase.rpc("get_signing_session", { p_session_id: sessionId }),
      );
      const participant = requireParticipant(claims, family_id, participantId);
      if (ciphersuite === null) {
        throw new Refusal(
          "no_key_package",
          "This session was created without a key package: it is a dry run and is never signed",
        );
      }
      const submission = {
        p_session_id: sessionId,
        p_participant_id: participant,
        p_nonce_commitment: nonceCommitment,
      };
      const reason = faultOfCommitment(ciphersuite, nonceCommitment);
      if (reason !== undefined) {
        read(
          RefusedCommitment,
          await supabaseAdmin.rpc("record_refused_commitment", { ...submission, p_reason: reason }),
        );
        throw new Refusal("commitment_invalid", reason);
      }
      const recorded = read(
        RecordedCommitment,
        await supabaseAdmin.rpc("record_nonce_commitment", submission),
      );
      if (recorded.signing_package) {
        await prepare(supabaseAdmin, sessionId, recorded.signing_package);
      }
      const { status, nonce_count: nonceCount, threshold_met: thresholdMet } = recorded;
      return { status, nonceCount, thresholdMet };
    }),
  )),
};
