/** `POST /functions/v1/reject-recovery-share` (user): the requester's device found a guardian's share bad. */
import { z } from "zod";
import { asUser, type UserContext } from "../_shared/authentication.ts";
import { read, ShareCount } from "../_shared/database.ts";
import { endpoint, receive } from "../_shared/http.ts";
import { Ciphertext, Identifier, OwnParticipant, Reason } from "../_shared/input.ts";
import { participantOfRecovery } from "../_shared/participant.ts";

export const Body = z.object({
  requestId: Identifier,
  guardianId: Identifier,
  reason: Reason,
  /** The share that was found bad. Without it, the one that is there when this arrives. */
  ciphertext: Ciphertext.optional(),
  participantId: OwnParticipant,
});

export default {
  fetch: endpoint(asUser(
    receive(Body, async (body, context: UserContext) => {
      const { requestId, participantId } = body;
      if (participantId !== undefined) {
        await participantOfRecovery(context, requestId, participantId);
      }
      const { status, share_count: shareCount } = read(
        ShareCount,
        await context.supabase.rpc("reject_recovery_share", {
          p_request_id: requestId,
          p_guardian_id: body.guardianId,
          p_reason: body.reason,
          p_ciphertext: body.ciphertext,
        }),
      );
      return { status, shareCount };
    }),
  )),
};
