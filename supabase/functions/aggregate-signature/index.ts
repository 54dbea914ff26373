/**
 * `POST /functions/v1/aggregate-signature` (user): finishes a session whose last caller died between its
 * share and the signature. Needs nothing that was kept from before, and may be called again.
 */
import { withSupabase } from "@supabase/server";
import { z } from "zod";
import { read, Session, SigningPackage } from "../_shared/database.ts";
import { Refusal } from "../_shared/errors.ts";
import { prepareVerification } from "../_shared/frost/verification.ts";
import { type Context, endpoint, receive } from "../_shared/http.ts";
import { Identifier } from "../_shared/input.ts";
import { complete } from "../_shared/signing.ts";

export const Body = z.object({ sessionId: Identifier });

export default {
  fetch: endpoint(withSupabase(
    { auth: "user" },
    receive(Body, async ({ sessionId }, { supabase, supabaseAdmin }: Context) => {
      const args = { p_session_id: sessionId };
      const session = read(Session, await supabase.rpc("get_signing_session", args));
      switch (session.status) {
        case "completed":
          return { status: session.status, finalSignature: session.final_signature };
        case "expired":
          throw new Refusal("session_expired");
        case "failed":
          throw new Refusal("session_finished", `The session failed: ${session.error_message}`);
        case "aggregating":
          break;
        default:
          throw new Refusal("round_open", "Not every signer's share is there yet");
      }
      const signingPackage = read(
        SigningPackage,
        await supabaseAdmin.rpc("get_signing_package", args),
      );
      const verification = prepareVerification({
        ...signingPackage,
        keyPackage: signingPackage.key_package,
      });
      const completed = await complete(
        supabaseAdmin,
        sessionId,
        verification,
        session.signature_shares,
      );
      return { status: completed.status, finalSignature: completed.final_signature };
    }),
  )),
};
