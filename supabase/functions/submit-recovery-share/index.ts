/** `POST /functions/v1/submit-recovery-share` (user): a guardian's share, encrypted to the requester's device. */
import { z } from "zod";
import { asUser, type UserContext } from "../_shared/authentication.ts";
import { read, ShareCount } from "../_shared/database.ts";
import { endpoint, receive } from "../_shared/http.ts";
import { Ciphertext, Identifier, OwnParticipant } from "../_shared/input.ts";
import { participantOfRecovery } from "../_shared/participant.ts";

export const Body = z.object({
  requestId: Identifier,
  ciphertext: Ciphertext,
  participantId: OwnParticipant,
});

export default {
  fetch: endpoint(asUser(
    receive(Body, async ({ requestId, ciphertext, participantId }, context: UserContext) => {
      if (participantId !== undefined) {
        await participantOfRecovery(context, requestId, participantId);
      }
      const { status, share_count: shareCount, threshold_met: thresholdMet } = read(
        ShareCount,
        await context.supabase.rpc("submit_recovery_share", {
          p_request_id: requestId,
          p_ciphertext: ciphertext,
        }),
      );
      return { status, shareCount, thresholdMet };
    }),
  )),
};
