/**
 * `POST /functions/v1/complete-recovery` (user): the signature that the requester's device made. It is
 * verified under the group key before the request is completed.
 */
import { z } from "zod";
import { asUser, type UserContext } from "../_shared/authentication.ts";
import { requireParticipant } from "../_shared/caller.ts";
import { CompletedSession, read, RecoveryRequest } from "../_shared/database.ts";
import { Refusal } from "../_shared/errors.ts";
import { verifySignature } from "../_shared/frost/verification.ts";
import { endpoint, receive } from "../_shared/http.ts";
import { Hex, Identifier, OwnParticipant } from "../_shared/input.ts";

export const Body = z.object({
  requestId: Identifier,
  finalSignature: Hex,
  participantId: OwnParticipant,
});

export default {
  fetch: endpoint(asUser(
    receive(Body, async ({ requestId, finalSignature, participantId }, context: UserContext) => {
      const { supabase, supabaseAdmin, claims } = context;
      const { family_id, message_hash, key_package: { ciphersuite, group_public_key } } = read(
        RecoveryRequest,
        await supabase.rpc("get_recovery_request", { p_request_id: requestId }),
      );
      const participant = requireParticipant(claims, family_id, participantId);
      if (!verifySignature(ciphersuite, group_public_key, message_hash, finalSignature)) {
        throw new Refusal("signature_invalid");
      }
      const completed = read(
        CompletedSession,
        await supabaseAdmin.rpc("complete_recovery_request", {
          p_request_id: requestId,
          p_participant_id: participant,
          p_final_signature: finalSignature,
        }),
      );
      return { status: completed.status, finalSignature: completed.final_signature };
    }),
  )),
};
