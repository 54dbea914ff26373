/**
 * `POST /functions/v1/notify-guardians` (secret key): called by a database webhook for each new event, tells the people whom it
 * is news for, through the project's own provider. Of the record only the id is read; the event is the database's.
 */
import { z } from "zod";
import { asService, type ServiceContext } from "../_shared/authentication.ts";
import { PeopleToTell, read } from "../_shared/database.ts";
import { endpoint, MAX_LIST_BODY_BYTES, receive } from "../_shared/http.ts";
import { integer, oneOf } from "../_shared/input.ts";
import { notify, providerOf } from "../_shared/notifications.ts";

const EventId = integer(1, Number.MAX_SAFE_INTEGER);

export const Body = z.object({
  type: oneOf(["INSERT"]),
  schema: oneOf(["public"]),
  table: oneOf(["frost_events"]),
  record: z.custom<{ readonly event_id: number }>(
    (value) => z.object({ event_id: EventId }).safeParse(value).success,
    "must be an object with event_id, an integer from 1",
  ),
});

export default {
  fetch: endpoint(asService(
    receive(Body, async ({ record: { event_id } }, { supabaseAdmin }: ServiceContext) => {
      const news = read(
        PeopleToTell,
        await supabaseAdmin.rpc("people_to_tell", { p_event_id: event_id }),
      );
      if (news === null) return { sent: 0 };
      const provider = providerOf(
        Deno.env.get("PERMAFROST_NOTIFY_URL"),
        Deno.env.get("PERMAFROST_NOTIFY_SECRET"),
      );
      const { kind, family_id: familyId, subject, id, participants, digest } = news;
      // A restored database counts its events anew: the digest tells two of one number apart.
      const key = `${event_id}-${kind}-${digest.slice(0, 16)}`;
      await notify(provider, { kind, familyId, subject, id, participants }, key);
      return { sent: participants.length };
    }, { maxBodyBytes: MAX_LIST_BODY_BYTES }),
  )),
};
