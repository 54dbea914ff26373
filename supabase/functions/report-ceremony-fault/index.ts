/**
 * `POST /functions/v1/report-ceremony-fault` (user): a participant was sent a share that does not fit. The evidence
 * opens that one share; the ceremony fails by the name of who deviated, the sender or a false accuser.
 */
import { z } from "zod";
import { asUser, type UserContext } from "../_shared/authentication.ts";
import { requireParticipant } from "../_shared/caller.ts";
import { judge, readCeremony } from "../_shared/ceremony/coordination.ts";
import { endpoint, receive } from "../_shared/http.ts";
import { CeremonyEvidence, Identifier, OwnParticipant } from "../_shared/input.ts";

export const Body = z.object({
  ceremonyId: Identifier,
  against: Identifier,
  evidence: CeremonyEvidence,
  participantId: OwnParticipant,
});

export default {
  fetch: endpoint(asUser(
    receive(Body, async (body, context: UserContext) => {
      const ceremony = await readCeremony(context.supabase, body.ceremonyId);
      const reporter = requireParticipant(context.claims, ceremony.family_id, body.participantId);
      const { status, blamed, guilty } = await judge(
        context.supabaseAdmin,
        ceremony,
        reporter,
        body.against,
        body.evidence,
      );
      return { status, blamed, guilty };
    }),
  )),
};
