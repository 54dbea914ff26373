/** `POST /functions/v1/reject-recovery-share` (user): the requester's device found a guardian's share bad. */
import { withSupabase } from "@supabase/server";
import { z } from "zod";
import { read, ShareCount } from "../_shared/database.ts";
import { type Context, endpoint, receive } from "../_shared/http.ts";
import { Identifier, Reason } from "../_shared/input.ts";

const Body = z.object({ requestId: Identifier, guardianId: Identifier, reason: Reason });

export default {
  fetch: endpoint(withSupabase(
    { auth: "user" },
    receive(Body, async ({ requestId, guardianId, reason }, { supabase }: Context) => {
      const { status, share_count: shareCount } = read(
        ShareCount,
        await supabase.rpc("reject_recovery_share", {
          p_request_id: requestId,
          p_guardian_id: guardianId,
          p_reason: reason,
        }),
      );
      return { status, shareCount };
    }),
  )),
};
