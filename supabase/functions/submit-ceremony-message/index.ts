/**
 * `POST /functions/v1/submit-ceremony-message` (user): a guardian's message of a round is verified, then recorded.
 * Whoever finds the round complete brings the ceremony on: a function that died in between costs nothing.
 */
import { z } from "zod";
import { asUser, type UserContext } from "../_shared/authentication.ts";
import { requireParticipant } from "../_shared/caller.ts";
import { advance, readCeremony, receiveMessage } from "../_shared/ceremony/coordination.ts";
import { endpoint, MAX_LIST_BODY_BYTES, receive } from "../_shared/http.ts";
import { CeremonyPayload, Identifier, integer, OwnParticipant } from "../_shared/input.ts";

export const Body = z.object({
  ceremonyId: Identifier,
  round: integer(1, 3),
  payload: CeremonyPayload,
  participantId: OwnParticipant,
});

export default {
  fetch: endpoint(asUser(
    receive(Body, async (body, context: UserContext) => {
      const ceremony = await readCeremony(context.supabase, body.ceremonyId);
      const sender = requireParticipant(context.claims, ceremony.family_id, body.participantId);
      const recorded = await receiveMessage(context, ceremony, body.round, sender, body.payload);
      const { status, received, missing, coordinator_message } = await advance(
        context.supabaseAdmin,
        ceremony,
        recorded,
      );
      return {
        status,
        received,
        missing,
        ...(coordinator_message === null ? {} : { coordinatorMessage: coordinator_message }),
      };
    }, { maxBodyBytes: MAX_LIST_BODY_BYTES }),
  )),
};
