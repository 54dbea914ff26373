/**
 * `POST /functions/v1/publish-nonce-commitments` (user): a guardian's commitments for sessions that are yet to come.
 * All are taken or none; those that were published before are no error.
 */
import { z } from "zod";
import { asUser, type UserContext } from "../_shared/authentication.ts";
import { requireParticipant } from "../_shared/caller.ts";
import { PublishedCommitments, read } from "../_shared/database.ts";
import { commonSuites } from "../_shared/frost/commitment_suites.ts";
import { endpoint, MAX_LIST_BODY_BYTES, receive } from "../_shared/http.ts";
import { Identifier, NonceCommitments, OwnParticipant } from "../_shared/input.ts";

export const Body = z.object({
  familyId: Identifier,
  nonceCommitments: NonceCommitments,
  participantId: OwnParticipant,
});

export default {
  fetch: endpoint(asUser(
    receive(
      Body,
      async ({ familyId, nonceCommitments, participantId }, context: UserContext) =>
        read(
          PublishedCommitments,
          await context.supabaseAdmin.rpc("publish_nonce_commitments", {
            p_family_id: familyId,
            p_participant_id: requireParticipant(context.claims, familyId, participantId),
            p_nonce_commitments: nonceCommitments,
            p_valid_suites: commonSuites(nonceCommitments),
          }),
        ),
      { maxBodyBytes: MAX_LIST_BODY_BYTES },
    ),
  )),
};
