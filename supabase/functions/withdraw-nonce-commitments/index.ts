/**
 * `POST /functions/v1/withdraw-nonce-commitments` (user): commitments that a guardian will not answer for. Those that
 * are bound already are dead, and their quorums with them.
 */
import { z } from "zod";
import { asUser, type UserContext } from "../_shared/authentication.ts";
import { requireParticipant } from "../_shared/caller.ts";
import { read, WithdrawnCommitments } from "../_shared/database.ts";
import { endpoint, MAX_LIST_BODY_BYTES, receive } from "../_shared/http.ts";
import { Identifier, NonceCommitments, OwnParticipant } from "../_shared/input.ts";

export const Body = z.object({
  familyId: Identifier,
  nonceCommitments: NonceCommitments.optional(),
  all: z.literal(true, "must be true, or absent").optional(),
  participantId: OwnParticipant,
}).refine(
  // Whoever forgets the list does not mean all of them.
  ({ nonceCommitments, all }) => (nonceCommitments === undefined) === (all === true),
  { path: ["nonceCommitments"], error: 'must be given, or "all": true in its place' },
);

export default {
  fetch: endpoint(asUser(
    receive(Body, async ({ familyId, nonceCommitments, participantId }, context: UserContext) => {
      requireParticipant(context.claims, familyId, participantId);
      return read(
        WithdrawnCommitments,
        await context.supabase.rpc("withdraw_nonce_commitments", {
          p_family_id: familyId,
          p_nonce_commitments: nonceCommitments,
        }),
      );
    }, { maxBodyBytes: MAX_LIST_BODY_BYTES }),
  )),
};
