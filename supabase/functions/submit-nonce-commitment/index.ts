/** `POST /functions/v1/submit-nonce-commitment` (user): round one of RFC 9591, for one participant. */
import { z } from "zod";
import { asUser, type UserContext } from "../_shared/authentication.ts";
import { submitCommitments } from "../_shared/commitments.ts";
import { endpoint, receive } from "../_shared/http.ts";
import { Hex, Identifier, OwnParticipant } from "../_shared/input.ts";
import { single } from "../_shared/items.ts";

export const Body = z.object({
  sessionId: Identifier,
  nonceCommitment: Hex,
  participantId: OwnParticipant,
});

export default {
  fetch: endpoint(asUser(
    receive(Body, async ({ participantId, ...commitment }, context: UserContext) => {
      return single(await submitCommitments(context, [commitment], participantId));
    }),
  )),
};
