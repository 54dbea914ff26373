/**
 * `POST /functions/v1/complete-recovery` (user): the signature that the requester's device made. It is
 * verified under the group key before the request is completed.
 */
import { withSupabase } from "@supabase/server";
import { z } from "zod";
import { participantOf } from "../_shared/caller.ts";
import { CompletedSession, read, RecoveryRequest } from "../_shared/database.ts";
import { Refusal } from "../_shared/errors.ts";
import { verifySignature } from "../_shared/frost/verification.ts";
import { type Context, endpoint, receive } from "../_shared/http.ts";
import { Hex, Identifier } from "../_shared/input.ts";

export const Body = z.object({ requestId: Identifier, finalSignature: Hex });

export default {
  fetch: endpoint(withSupabase(
    { auth: "user" },
    receive(Body, async ({ requestId, finalSignature }, context: Context) => {
      const { supabase, supabaseAdmin, jwtClaims } = context;
      const { message_hash, key_package: { ciphersuite, group_public_key } } = read(
        RecoveryRequest,
        await supabase.rpc("get_recovery_request", { p_request_id: requestId }),
      );
      if (!verifySignature(ciphersuite, group_public_key, message_hash, finalSignature)) {
        throw new Refusal("signature_invalid");
      }
      const completed = read(
        CompletedSession,
        await supabaseAdmin.rpc("complete_recovery_request", {
          p_request_id: requestId,
          p_participant_id: participantOf(jwtClaims),
          p_final_signature: finalSignature,
        }),
      );
      return { status: completed.status, finalSignature: completed.final_signature };
    }),
  )),
};
