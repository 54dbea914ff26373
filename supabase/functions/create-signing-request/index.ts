/**
 * `POST /functions/v1/create-signing-request` (user): asks the family's guardians for a signature, by FROST
 * or, where the use case or the caller says so, by Shamir recovery. Several messages are several sessions.
 */
import { z } from "zod";
import { asUser, type UserContext } from "../_shared/authentication.ts";
import { requireParticipant } from "../_shared/caller.ts";
import { CreatedSessions, CurrentKey, read, RecoveryRequest } from "../_shared/database.ts";
import { Refusal } from "../_shared/errors.ts";
import { eventId } from "../_shared/frost/nostr.ts";
import { TAPROOT_CIPHERSUITE } from "../_shared/frost/suites.ts";
import { endpoint, MAX_LIST_BODY_BYTES, receive } from "../_shared/http.ts";
import {
  EventTemplate,
  Expiration,
  hexOf,
  Identifier,
  MessageHash,
  oneOf,
  OwnParticipant,
  Participants,
  Threshold,
} from "../_shared/input.ts";
import { Constants } from "../_shared/database.types.ts";
import { selectMethod, SIGNING_METHODS } from "../_shared/methods.ts";

const MESSAGES = "must be a list of 1 to 256 messages";

const optional = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullish().transform((value) => value ?? undefined);

const Message = z.object({
  messageHash: MessageHash,
  eventTemplate: optional(EventTemplate),
  eventType: optional(Identifier),
}, MESSAGES);

export const Body = z.object({
  familyId: Identifier,
  messageHash: MessageHash.optional(),
  messages: z.array(Message, MESSAGES).min(1, MESSAGES).max(256, MESSAGES).optional(),
  mode: oneOf(Constants.public.Enums.signing_mode).optional(),
  participants: Participants,
  threshold: Threshold,
  useCase: Identifier.optional(),
  preferredMethod: oneOf(SIGNING_METHODS).optional(),
  eventTemplate: EventTemplate.optional(),
  eventType: Identifier.optional(),
  expirationSeconds: Expiration.optional(),
  recipientPublicKey: hexOf(32).optional(),
  participantId: OwnParticipant,
});

type Body = z.infer<typeof Body>;
type Message = z.infer<typeof Message>;

/**
 * What is to be signed.
 *
 * @throws {Refusal} `invalid_input` unless it is said in one of the two ways.
 */
function messagesOf({ messages, messageHash, eventTemplate, eventType }: Body): Message[] {
  if (messages === undefined) {
    if (messageHash === undefined) throw new Refusal("invalid_input", "messageHash is missing");
    return [{ messageHash, eventTemplate, eventType }];
  }
  if ([messageHash, eventTemplate, eventType].some((field) => field !== undefined)) {
    throw new Refusal(
      "invalid_input",
      "messages must stand in the place of messageHash, eventTemplate and eventType",
    );
  }
  return messages;
}

/** Guardians hash the event again before they sign; here the mistake is found before they are asked. */
async function checkEvents(
  familyId: string,
  messages: readonly Message[],
  { supabase }: UserContext,
): Promise<void> {
  const events = messages.filter(({ eventTemplate }) => eventTemplate !== undefined);
  if (events.length === 0) return;
  const keys = supabase.from("frost_key_packages").select("ciphersuite, group_public_key");
  const key = read(
    CurrentKey,
    await keys.eq("family_id", familyId).is("retired_at", null).maybeSingle(),
  );
  if (key === null) throw new Refusal("no_key_package");
  if (key.ciphersuite !== TAPROOT_CIPHERSUITE) {
    throw new Refusal("event_mismatch", `Nostr events are signed with ${TAPROOT_CIPHERSUITE}`);
  }
  for (const { eventTemplate, messageHash } of events) {
    if (eventId(eventTemplate, key.group_public_key) !== messageHash) {
      throw new Refusal("event_mismatch");
    }
  }
}

const create = {
  async frost(body: Body, messages: readonly Message[], { supabase }: UserContext) {
    const asked = messages.map(({ messageHash, eventTemplate, eventType }) => ({
      message_hash: messageHash,
      event_template: eventTemplate && { ...eventTemplate },
      event_type: eventType,
    }));
    const { mode, batch_id, short, quorums, sessions } = read(
      CreatedSessions,
      await supabase.rpc("create_signing_sessions", {
        p_family_id: body.familyId,
        p_messages: body.messages === undefined ? asked[0] : asked,
        p_participants: body.participants,
        p_threshold: body.threshold,
        p_mode: body.mode,
        p_expiration_seconds: body.expirationSeconds,
      }),
    );
    const [{ session_id: sessionId, status, expires_at: expiresAt, warning }] = sessions;
    const created = body.messages === undefined
      ? { mode, sessionId, status, expiresAt, quorums }
      : {
        mode,
        batchId: batch_id,
        sessionIds: sessions.map(({ session_id }) => session_id),
        status,
        expiresAt,
      };
    const isShort = short !== null && Object.keys(short).length > 0;
    return { ...created, ...(isShort ? { short } : {}), warning };
  },

  async sss(body: Body, messages: readonly Message[], { supabase }: UserContext) {
    if (body.messages !== undefined || body.mode !== undefined) {
      throw new Refusal("invalid_input", "mode and messages must be absent in a request by sss");
    }
    const [{ messageHash, eventTemplate, eventType }] = messages;
    const { request_id: sessionId, status, expires_at: expiresAt, warning } = read(
      RecoveryRequest,
      await supabase.rpc("create_recovery_request", {
        p_family_id: body.familyId,
        p_message_hash: messageHash,
        p_participants: body.participants,
        p_threshold: body.threshold,
        p_event_template: eventTemplate,
        p_event_type: eventType,
        p_use_case: body.useCase,
        p_recipient_public_key: body.recipientPublicKey,
        p_expiration_seconds: body.expirationSeconds,
      }),
    );
    return { sessionId, status, expiresAt, warning };
  },
};

export default {
  fetch: endpoint(asUser(
    receive(Body, async (body, context: UserContext) => {
      requireParticipant(context.claims, body.familyId, body.participantId);
      const messages = messagesOf(body);
      await checkEvents(body.familyId, messages, context);
      const method = selectMethod(body.useCase, body.preferredMethod);
      const { warning, ...created } = await create[method](body, messages, context);
      return { method, ...created, ...(warning === null ? {} : { warning }) };
    }, { status: 201, maxBodyBytes: MAX_LIST_BODY_BYTES }),
  )),
};
