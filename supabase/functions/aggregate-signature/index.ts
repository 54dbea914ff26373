/**
 * `POST /functions/v1/aggregate-signature` (user): finishes a session whose last caller died between its
 * share and the signature. Everybody who may see the session may call it, and may call it again.
 */
import { z } from "zod";
import { asUser, type UserContext } from "../_shared/authentication.ts";
import { read, Session } from "../_shared/database.ts";
import { codeOfFailed, Refusal } from "../_shared/errors.ts";
import { endpoint, receive } from "../_shared/http.ts";
import { Identifier } from "../_shared/input.ts";
import { complete } from "../_shared/signing.ts";

export const Body = z.object({ sessionId: Identifier });

export default {
  fetch: endpoint(asUser(
    receive(Body, async ({ sessionId }, { supabase, supabaseAdmin }: UserContext) => {
      const session = read(
        Session,
        await supabase.rpc("get_signing_session", { p_session_id: sessionId }),
      );
      switch (session.status) {
        case "completed":
          return { status: session.status, finalSignature: session.final_signature };
        case "expired":
          throw new Refusal("session_expired");
        case "failed":
          throw new Refusal(
            codeOfFailed(session.error_message),
            `The session failed: ${session.error_message}`,
          );
        case "aggregating":
          break;
        default:
          throw new Refusal("round_open", "The share of a signer is still missing");
      }
      const { status, final_signature: finalSignature } = await complete(
        supabaseAdmin,
        sessionId,
        session.signature_shares,
      );
      return { status, finalSignature };
    }),
  )),
};
