/**
 * `POST /functions/v1/submit-signature-shares` (user): round two for many quorums, of one session or of many, each
 * judged alone. A share may bring its signer's commitment for the next quorum.
 */
import { z } from "zod";
import { asUser, type UserContext } from "../_shared/authentication.ts";
import { endpoint, MAX_LIST_BODY_BYTES, receive } from "../_shared/http.ts";
import { Hex, Identifier, OwnParticipant, Quorum } from "../_shared/input.ts";
import { Items, judgeItems } from "../_shared/items.ts";
import { submitSharesAndCommitments } from "../_shared/shares.ts";

export const Body = z.object({ items: Items, participantId: OwnParticipant });

export const Item = z.object({
  sessionId: Identifier,
  quorum: Quorum.optional(),
  signatureShare: Hex,
  nextNonceCommitment: Hex.optional(),
});

export default {
  fetch: endpoint(asUser(
    receive(Body, async ({ items, participantId }, context: UserContext) => ({
      results: await judgeItems(
        Item,
        items,
        (taken) => submitSharesAndCommitments(context, taken, participantId),
      ),
    }), { maxBodyBytes: MAX_LIST_BODY_BYTES }),
  )),
};
