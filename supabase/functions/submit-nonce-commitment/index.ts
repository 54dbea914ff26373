/** `POST /functions/v1/submit-nonce-commitment` (user): round one of RFC 9591, for one participant. */
import { withSupabase } from "@supabase/server";
import { z } from "zod";
import { participantOf } from "../_shared/caller.ts";
import { read, RecordedCommitment, Session } from "../_shared/database.ts";
import { Refusal } from "../_shared/errors.ts";
import { parseNonceCommitment } from "../_shared/frost/encoding.ts";
import { suiteOf } from "../_shared/frost/suites.ts";
import { type Context, endpoint, receive } from "../_shared/http.ts";
import { Hex, Identifier } from "../_shared/input.ts";
import { storeVerification } from "../_shared/signing.ts";

export const Body = z.object({ sessionId: Identifier, nonceCommitment: Hex });

export default {
  fetch: endpoint(withSupabase(
    { auth: "user" },
    receive(Body, async ({ sessionId, nonceCommitment }, context: Context) => {
      const { supabase, supabaseAdmin, jwtClaims } = context;
      const session = read(
        Session,
        await supabase.rpc("get_signing_session", { p_session_id: sessionId }),
      );
      if (session.ciphersuite === null) throw new Refusal("no_key_package");
      parseNonceCommitment(suiteOf(session.ciphersuite), nonceCommitment);
      const recorded = read(
        RecordedCommitment,
        await supabaseAdmin.rpc("record_nonce_commitment", {
          p_session_id: sessionId,
          p_participant_id: participantOf(jwtClaims),
          p_nonce_commitment: nonceCommitment,
        }),
      );
      if (recorded.signing_package) {
        await storeVerification(supabaseAdmin, sessionId, recorded.signing_package);
      }
      const { status, nonce_count: nonceCount, threshold_met: thresholdMet } = recorded;
      return { status, nonceCount, thresholdMet };
    }),
  )),
};
