/**
 * `POST /functions/v1/create-signing-request` (user): asks the family's guardians for a signature, by FROST
 * or, where the use case or the caller says so, by Shamir recovery.
 */
import { z } from "zod";
import { asUser, type UserContext } from "../_shared/authentication.ts";
import { requireParticipant } from "../_shared/caller.ts";
import { CurrentKey, read, RecoveryRequest, Session } from "../_shared/database.ts";
import { Refusal } from "../_shared/errors.ts";
import { eventId } from "../_shared/frost/nostr.ts";
import { TAPROOT_CIPHERSUITE } from "../_shared/frost/suites.ts";
import { endpoint, MAX_LIST_BODY_BYTES, receive } from "../_shared/http.ts";
import {
  EventTemplate,
  hexOf,
  Identifier,
  integer,
  MessageHash,
  oneOf,
  OwnParticipant,
  Participants,
  Threshold,
} from "../_shared/input.ts";
import { selectMethod, SIGNING_METHODS } from "../_shared/methods.ts";

export const Body = z.object({
  familyId: Identifier,
  messageHash: MessageHash,
  participants: Participants,
  threshold: Threshold,
  useCase: Identifier.optional(),
  preferredMethod: oneOf(SIGNING_METHODS).optional(),
  eventTemplate: EventTemplate.optional(),
  eventType: Identifier.optional(),
  expirationSeconds: integer(1, 604_800).optional(),
  recipientPublicKey: hexOf(32).optional(),
  participantId: OwnParticipant,
});

type Body = z.infer<typeof Body>;

/** Guardians hash the event again before they sign; here the mistake is found before they are asked. */
async function checkEvent(body: Body, { supabase }: UserContext): Promise<void> {
  if (body.eventTemplate === undefined) return;
  const keys = supabase.from("frost_key_packages").select("ciphersuite, group_public_key");
  const key = read(
    CurrentKey,
    await keys.eq("family_id", body.familyId).is("retired_at", null).maybeSingle(),
  );
  if (key === null) throw new Refusal("no_key_package");
  if (key.ciphersuite !== TAPROOT_CIPHERSUITE) {
    throw new Refusal("event_mismatch", `Nostr events are signed with ${TAPROOT_CIPHERSUITE}`);
  }
  if (eventId(body.eventTemplate, key.group_public_key) !== body.messageHash) {
    throw new Refusal("event_mismatch");
  }
}

const create = {
  async frost(body: Body, { supabase }: UserContext) {
    const { session_id, ...session } = read(
      Session,
      await supabase.rpc("create_signing_session", {
        p_family_id: body.familyId,
        p_message_hash: body.messageHash,
        p_participants: body.participants,
        p_threshold: body.threshold,
        p_event_template: body.eventTemplate,
        p_event_type: body.eventType,
        p_expiration_seconds: body.expirationSeconds,
      }),
    );
    return { ...session, id: session_id };
  },

  async sss(body: Body, { supabase }: UserContext) {
    const { request_id, ...request } = read(
      RecoveryRequest,
      await supabase.rpc("create_recovery_request", {
        p_family_id: body.familyId,
        p_message_hash: body.messageHash,
        p_participants: body.participants,
        p_threshold: body.threshold,
        p_event_template: body.eventTemplate,
        p_event_type: body.eventType,
        p_use_case: body.useCase,
        p_recipient_public_key: body.recipientPublicKey,
        p_expiration_seconds: body.expirationSeconds,
      }),
    );
    return { ...request, id: request_id };
  },
};

export default {
  fetch: endpoint(asUser(
    receive(Body, async (body, context: UserContext) => {
      requireParticipant(context.claims, body.familyId, body.participantId);
      await checkEvent(body, context);
      const method = selectMethod(body.useCase, body.preferredMethod);
      const { id, status, expires_at, warning } = await create[method](body, context);
      const answer = { method, sessionId: id, status, expiresAt: expires_at };
      return warning === null ? answer : { ...answer, warning };
    }, { status: 201, maxBodyBytes: MAX_LIST_BODY_BYTES }),
  )),
};
