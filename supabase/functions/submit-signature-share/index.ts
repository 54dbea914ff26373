/**
 * `POST /functions/v1/submit-signature-share` (user): round two of RFC 9591, for one signer. A share is
 * verified before it is recorded; the last one finishes the session in the same call.
 */
import { z } from "zod";
import { asUser, type UserContext } from "../_shared/authentication.ts";
import { read, RecordedShare, RefusedShare } from "../_shared/database.ts";
import { Refusal } from "../_shared/errors.ts";
import { endpoint, receive } from "../_shared/http.ts";
import { Hex, Identifier, OwnParticipant } from "../_shared/input.ts";
import { participantOfSession } from "../_shared/participant.ts";
import { complete, faultOfShare, shareCheckOf } from "../_shared/signing.ts";

export const Body = z.object({
  sessionId: Identifier,
  signatureShare: Hex,
  participantId: OwnParticipant,
});

export default {
  fetch: endpoint(asUser(
    receive(Body, async ({ sessionId, signatureShare, participantId }, context: UserContext) => {
      const { supabaseAdmin } = context;
      const participant = await participantOfSession(context, sessionId, participantId);
      const check = await shareCheckOf(context, sessionId, participant);
      const submission = {
        p_session_id: sessionId,
        p_participant_id: participant,
        p_signature_share: signatureShare,
      };
      // A second share is the database's to judge: the same again, or another for the same nonce.
      const reason = check.submitted === null
        ? faultOfShare(check.context, check.signer, signatureShare)
        : undefined;
      if (reason !== undefined) {
        read(
          RefusedShare,
          await supabaseAdmin.rpc("record_refused_share", { ...submission, p_reason: reason }),
        );
        throw new Refusal("share_invalid", reason);
      }
      const recorded = read(
        RecordedShare,
        await supabaseAdmin.rpc("record_signature_share", submission),
      );
      const finished = recorded.signature_shares
        ? await complete(supabaseAdmin, sessionId, recorded.signature_shares, check.context)
        : recorded;
      return {
        status: finished.status,
        signatureCount: recorded.signature_count,
        thresholdMet: recorded.threshold_met,
        finalSignature: finished.final_signature ?? undefined,
      };
    }),
  )),
};
