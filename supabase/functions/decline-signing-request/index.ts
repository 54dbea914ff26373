/** `POST /functions/v1/decline-signing-request` (user): a guardian says no, to a request of either method, or a ceremony. */
import { z } from "zod";
import { asUser, type UserContext } from "../_shared/authentication.ts";
import { Decline, read } from "../_shared/database.ts";
import { endpoint, receive } from "../_shared/http.ts";
import { Identifier, OwnParticipant, Reason } from "../_shared/input.ts";
import { participantOfAny } from "../_shared/participant.ts";

export const Body = z.object({
  sessionId: Identifier,
  reason: Reason,
  participantId: OwnParticipant,
});

export default {
  fetch: endpoint(asUser(
    receive(Body, async ({ sessionId, reason, participantId }, context: UserContext) => {
      if (participantId !== undefined) await participantOfAny(context, sessionId, participantId);
      return read(
        Decline,
        await context.supabase.rpc("decline_signing_request", {
          p_session_id: sessionId,
          p_reason: reason,
        }),
      );
    }),
  )),
};
