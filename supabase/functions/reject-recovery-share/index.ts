/** `POST /functions/v1/reject-recovery-share` (user): the requester's device found a guardian's share bad. */
import { withSupabase } from "@supabase/server";
import { z } from "zod";
import { read, ShareCount } from "../_shared/database.ts";
import { type Context, endpoint, receive } from "../_shared/http.ts";
import { Ciphertext, Identifier, Reason } from "../_shared/input.ts";

export const Body = z.object({
  requestId: Identifier,
  guardianId: Identifier,
  reason: Reason,
  /** The share that was found bad; without it, whichever is there when this arrives. */
  ciphertext: Ciphertext.optional(),
});

export default {
  fetch: endpoint(withSupabase(
    { auth: "user" },
    receive(Body, async ({ requestId, guardianId, reason, ciphertext }, { supabase }: Context) => {
      const { status, share_count: shareCount } = read(
        ShareCount,
        await supabase.rpc("reject_recovery_share", {
          p_request_id: requestId,
          p_guardian_id: guardianId,
          p_reason: reason,
          p_ciphertext: ciphertext,
        }),
      );
      return { status, shareCount };
    }),
  )),
};
