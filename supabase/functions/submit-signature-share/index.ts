/**
 * `POST /functions/v1/submit-signature-share` (user): round two of RFC 9591, for one signer. A share is
 * verified before it is recorded; the last one finishes the session in the same call.
 */
import { z } from "zod";
import { asUser, type UserContext } from "../_shared/authentication.ts";
import { endpoint, receive } from "../_shared/http.ts";
import { Hex, Identifier, OwnParticipant, Quorum } from "../_shared/input.ts";
import { single } from "../_shared/items.ts";
import { submitShares } from "../_shared/shares.ts";

export const Body = z.object({
  sessionId: Identifier,
  quorum: Quorum.optional(),
  signatureShare: Hex,
  participantId: OwnParticipant,
});

export default {
  fetch: endpoint(asUser(
    receive(Body, async ({ participantId, ...share }, context: UserContext) => {
      return single(await submitShares(context, [share], participantId));
    }),
  )),
};
