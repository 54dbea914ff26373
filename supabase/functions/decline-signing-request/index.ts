/** `POST /functions/v1/decline-signing-request` (user): a guardian says no, to a request of either method. */
import { withSupabase } from "@supabase/server";
import { z } from "zod";
import { Decline, read } from "../_shared/database.ts";
import { type Context, endpoint, receive } from "../_shared/http.ts";
import { Identifier, Reason } from "../_shared/input.ts";

export const Body = z.object({ sessionId: Identifier, reason: Reason });

export default {
  fetch: endpoint(withSupabase(
    { auth: "user" },
    receive(Body, async ({ sessionId, reason }, { supabase }: Context) => {
      return read(
        Decline,
        await supabase.rpc("decline_signing_request", {
          p_session_id: sessionId,
          p_reason: reason,
        }),
      );
    }),
  )),
};
