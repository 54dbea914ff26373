/** `POST /functions/v1/create-key-ceremony` (user or secret key): guardians are asked to make a key, or to deal it anew. */
import { z } from "zod";
import { asUserOrService, type CallerContext } from "../_shared/authentication.ts";
import { requireParticipant } from "../_shared/caller.ts";
import { CEREMONY_KINDS, PROTOCOLS } from "../_shared/ceremony/terms.ts";
import { CreatedCeremony, read } from "../_shared/database.ts";
import { CIPHERSUITES } from "../_shared/frost/suites.ts";
import { endpoint, receive } from "../_shared/http.ts";
import {
  Expiration,
  Identifier,
  oneOf,
  OwnParticipant,
  Participants,
  Threshold,
} from "../_shared/input.ts";

export const Body = z.object({
  familyId: Identifier,
  kind: oneOf(CEREMONY_KINDS),
  protocol: oneOf(PROTOCOLS).optional(),
  ciphersuite: oneOf(CIPHERSUITES).optional(),
  threshold: Threshold,
  participants: Participants,
  dealers: Participants.optional(),
  expirationSeconds: Expiration.optional(),
  participantId: OwnParticipant,
});

export default {
  fetch: endpoint(asUserOrService(
    receive(Body, async (body, { supabase, claims }: CallerContext) => {
      if (claims !== undefined) requireParticipant(claims, body.familyId, body.participantId);
      const { ceremony_id, params_id, status, expires_at } = read(
        CreatedCeremony,
        await supabase.rpc("create_key_ceremony", {
          p_family_id: body.familyId,
          p_kind: body.kind,
          p_threshold: body.threshold,
          p_participants: body.participants,
          p_protocol: body.protocol,
          p_ciphersuite: body.ciphersuite,
          p_dealers: body.dealers,
          p_expiration_seconds: body.expirationSeconds,
        }),
      );
      return { ceremonyId: ceremony_id, paramsId: params_id, status, expiresAt: expires_at };
    }, { status: 201 }),
  )),
};
