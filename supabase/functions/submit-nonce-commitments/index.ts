/** `POST /functions/v1/submit-nonce-commitments` (user): round one of many sessions, each judged alone. */
import { z } from "zod";
import { asUser, type UserContext } from "../_shared/authentication.ts";
import { submitCommitments } from "../_shared/commitments.ts";
import { endpoint, MAX_LIST_BODY_BYTES, receive } from "../_shared/http.ts";
import { Hex, Identifier, OwnParticipant } from "../_shared/input.ts";
import { answerOf, Items, judgeItems } from "../_shared/items.ts";

export const Body = z.object({ items: Items, participantId: OwnParticipant });

export const Item = z.object({ sessionId: Identifier, nonceCommitment: Hex });

export default {
  fetch: endpoint(asUser(
    receive(Body, async ({ items, participantId }, context: UserContext) => ({
      results: await judgeItems(
        Item,
        items,
        async (taken) => (await submitCommitments(context, taken, participantId)).map(answerOf),
      ),
    }), { maxBodyBytes: MAX_LIST_BODY_BYTES }),
  )),
};
