/** `POST /functions/v1/submit-recovery-share` (user): a guardian's share, encrypted to the requester's device. */
import { withSupabase } from "@supabase/server";
import { z } from "zod";
import { read, ShareCount } from "../_shared/database.ts";
import { type Context, endpoint, receive } from "../_shared/http.ts";
import { Ciphertext, Identifier } from "../_shared/input.ts";

export const Body = z.object({ requestId: Identifier, ciphertext: Ciphertext });

export default {
  fetch: endpoint(withSupabase(
    { auth: "user" },
    receive(Body, async ({ requestId, ciphertext }, { supabase }: Context) => {
      const { status, share_count: shareCount, threshold_met: thresholdMet } = read(
        ShareCount,
        await supabase.rpc("submit_recovery_share", {
          p_request_id: requestId,
          p_ciphertext: ciphertext,
        }),
      );
      return { status, shareCount, thresholdMet };
    }),
  )),
};
