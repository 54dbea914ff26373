/**
 * `POST /functions/v1/approve-key-package` (user or secret key): a guardian of the family's key lets the new key of a
 * confirming dkg take its place.
 */
import { z } from "zod";
import { asUserOrService, type CallerContext } from "../_shared/authentication.ts";
import { requireParticipant } from "../_shared/caller.ts";
import { isSignedByHostKey } from "../_shared/ceremony/terms.ts";
import { Approval, HostKeys, read } from "../_shared/database.ts";
import { Refusal } from "../_shared/errors.ts";
import { endpoint, receive } from "../_shared/http.ts";
import { hexOf, Identifier, OwnParticipant } from "../_shared/input.ts";

export const Body = z.object({
  familyId: Identifier,
  keyPackageDigest: hexOf(32),
  signature: hexOf(64).optional(),
  participantId: OwnParticipant,
});

export default {
  fetch: endpoint(asUserOrService(
    receive(Body, async (body, { supabase, supabaseAdmin, claims }: CallerContext) => {
      const { familyId, keyPackageDigest, signature } = body;
      const guardian = claims && requireParticipant(claims, familyId, body.participantId);
      if (guardian !== undefined) {
        if (signature === undefined) throw new Refusal("invalid_input", "signature is missing");
        const keys = read(
          HostKeys,
          await supabase.rpc("list_host_keys", { p_family_id: familyId }),
        );
        const own = keys.find((key) => key.participant_id === guardian && key.retired_at === null);
        if (!own || !isSignedByHostKey(keyPackageDigest, signature, own.host_public_key)) {
          throw new Refusal(
            "host_key_invalid",
            "signature must be of keyPackageDigest, by the host key that the caller has registered",
          );
        }
      }
      const { ceremony_id, status, approvals_missing } = read(
        Approval,
        await supabaseAdmin.rpc("approve_key_package", {
          p_family_id: familyId,
          p_participant_id: guardian,
          p_key_package_digest: keyPackageDigest,
          p_signature: signature,
        }),
      );
      return { ceremonyId: ceremony_id, status, approvalsMissing: approvals_missing ?? 0 };
    }),
  )),
};
