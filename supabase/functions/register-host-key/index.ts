/** `POST /functions/v1/register-host-key` (user): the key of a guardian's device, in the place of the one before. */
import { z } from "zod";
import { asUser, type UserContext } from "../_shared/authentication.ts";
import { requireParticipant } from "../_shared/caller.ts";
import { hostKeyProofHash, isSignedByHostKey } from "../_shared/ceremony/terms.ts";
import { HostKey, read } from "../_shared/database.ts";
import { parsePublicKey } from "../_shared/dkg/host_curve.ts";
import { Refusal } from "../_shared/errors.ts";
import { endpoint, receive } from "../_shared/http.ts";
import { hexOf, Identifier, OwnParticipant } from "../_shared/input.ts";

export const Body = z.object({
  familyId: Identifier,
  hostPublicKey: hexOf(33),
  proof: hexOf(64),
  participantId: OwnParticipant,
});

export default {
  fetch: endpoint(asUser(
    receive(Body, async (body, { claims, supabaseAdmin }: UserContext) => {
      const { familyId, hostPublicKey, proof } = body;
      const participant = requireParticipant(claims, familyId, body.participantId);
      try {
        parsePublicKey(hostPublicKey, "hostPublicKey");
      } catch {
        throw new Refusal("host_key_invalid", "hostPublicKey must be a valid point of secp256k1");
      }
      const hash = hostKeyProofHash(familyId, participant, hostPublicKey);
      if (!isSignedByHostKey(hash, proof, hostPublicKey)) {
        throw new Refusal(
          "host_key_invalid",
          "proof must be the host key's signature for this family and this participant",
        );
      }
      const { registered_at } = read(
        HostKey,
        await supabaseAdmin.rpc("register_host_key", {
          p_family_id: familyId,
          p_participant_id: participant,
          p_host_public_key: hostPublicKey,
        }),
      );
      return { hostPublicKey, registeredAt: registered_at };
    }),
  )),
};
