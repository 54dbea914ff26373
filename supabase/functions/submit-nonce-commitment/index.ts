/** `POST /functions/v1/submit-nonce-commitment` (user): round one of RFC 9591, for one participant. */
import { withSupabase } from "@supabase/server";
import { z } from "zod";
import { participantOf } from "../_shared/caller.ts";
import { read, RecordedCommitment, RecordedRefusal, Session } from "../_shared/database.ts";
import { Refusal } from "../_shared/errors.ts";
import { parseNonceCommitment } from "../_shared/frost/encoding.ts";
import { FrostError } from "../_shared/frost/error.ts";
import { type Ciphersuite, suiteOf } from "../_shared/frost/suites.ts";
import { type Context, endpoint, receive } from "../_shared/http.ts";
import { Hex, Identifier } from "../_shared/input.ts";
import { storeVerification } from "../_shared/signing.ts";

export const Body = z.object({ sessionId: Identifier, nonceCommitment: Hex });

/** Why a commitment is refused, or nothing. */
function fault(ciphersuite: Ciphersuite, nonceCommitment: string): string | undefined {
  try {
    parseNonceCommitment(suiteOf(ciphersuite), nonceCommitment);
  } catch (error) {
    if (error instanceof FrostError) return error.message;
    throw error;
  }
}

/** The commitment is recorded by now: whatever goes wrong here is put right with the first share. */
async function prepare(...args: Parameters<typeof storeVerification>): Promise<void> {
  try {
    await storeVerification(...args);
  } catch (error) {
    console.error("Preparing the share verification of a session failed:", error);
  }
}

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
      const committer = { p_session_id: sessionId, p_participant_id: participantOf(jwtClaims) };
      const reason = fault(session.ciphersuite, nonceCommitment);
      if (reason !== undefined) {
        read(
          RecordedRefusal,
          await supabaseAdmin.rpc("record_refused_commitment", { ...committer, p_reason: reason }),
        );
        throw new Refusal("commitment_invalid", reason);
      }
      const recorded = read(
        RecordedCommitment,
        await supabaseAdmin.rpc("record_nonce_commitment", {
          ...committer,
          p_nonce_commitment: nonceCommitment,
        }),
      );
      if (recorded.signing_package) {
        await prepare(supabaseAdmin, sessionId, recorded.signing_package);
      }
      const { status, nonce_count: nonceCount, threshold_met: thresholdMet } = recorded;
      return { status, nonceCount, thresholdMet };
    }),
  )),
};
