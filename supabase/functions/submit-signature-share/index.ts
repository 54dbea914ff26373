/**
 * `POST /functions/v1/submit-signature-share` (user): round two of RFC 9591, for one signer. A share is
 * verified before it is recorded; the last one finishes the session in the same call.
 */
import { withSupabase } from "@supabase/server";
import { z } from "zod";
import { participantOf } from "../_shared/caller.ts";
import { read, RecordedRefusal, RecordedShare } from "../_shared/database.ts";
import { Refusal } from "../_shared/errors.ts";
import { FrostError } from "../_shared/frost/error.ts";
import { verifyShare } from "../_shared/frost/verification.ts";
import { type Context, endpoint, receive } from "../_shared/http.ts";
import { Hex, Identifier } from "../_shared/input.ts";
import { complete, type OwnShareCheck, shareCheckOf } from "../_shared/signing.ts";

export const Body = z.object({ sessionId: Identifier, signatureShare: Hex });

/** Why a share is refused, or nothing. */
function fault({ context, signer }: OwnShareCheck, signatureShare: string): string | undefined {
  try {
    if (!verifyShare(context, signer, signatureShare)) return "The signature share does not verify";
  } catch (error) {
    if (error instanceof FrostError) return error.message;
    throw error;
  }
}

export default {
  fetch: endpoint(withSupabase(
    { auth: "user" },
    receive(Body, async ({ sessionId, signatureShare }, context: Context) => {
      const { supabaseAdmin, jwtClaims } = context;
      const participant = participantOf(jwtClaims);
      const signer = { p_session_id: sessionId, p_participant_id: participant };
      const check = await shareCheckOf(context, sessionId, participant);
      // A second share is the database's to judge: the same again, or another for the same nonce.
      const reason = check.submitted === null ? fault(check, signatureShare) : undefined;
      if (reason !== undefined) {
        read(
          RecordedRefusal,
          await supabaseAdmin.rpc("record_refused_share", { ...signer, p_reason: reason }),
        );
        throw new Refusal("share_invalid", reason);
      }
      const recorded = read(
        RecordedShare,
        await supabaseAdmin.rpc("record_signature_share", {
          ...signer,
          p_signature_share: signatureShare,
        }),
      );
      const finished = recorded.signature_shares
        ? await complete(supabaseAdmin, sessionId, check.context, recorded.signature_shares)
        : recorded;
      return {
        status: finished.status,
        signatureCount: recorded.signature_count,
        thresholdMet: recorded.threshold_met,
        finalSignature: finished.final_signature ?? undefined,
      };
    }),
  )),
};
