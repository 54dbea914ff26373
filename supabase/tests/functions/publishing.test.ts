import assert from "node:assert/strict";
import { accepted, rpcRefused, sharedStack, writesNothing } from "../support/answers.ts";
import { randomHex } from "../support/family.ts";
import { HttpFamily } from "../support/http_family.ts";
import { Recovering } from "../support/http_recovery.ts";

const stack = sharedStack();

function publish(family: HttpFamily, id: string, eventId: unknown, by = "ann") {
  return family.rpc(by, "record_published_event", { p_session_id: id, p_event_id: eventId });
}

Deno.test("the id of a published event is recorded once, by any participant, and repeated at will", async () => {
  const family = await HttpFamily.found(stack());
  const request = family.eventRequest();
  const id = await family.completed(undefined, request);
  const eventId = String(request.messageHash);
  const first = await publish(family, id, eventId, "cleo");
  assert.deepEqual(first.body, { final_event_id: eventId });
  const [event] = await stack().database.sql`
    select actor, detail from public.frost_events
    where subject = 'session' and subject_id = ${id} and event = 'published'`;
  assert.deepEqual({ ...event }, { actor: "cleo", detail: { final_event_id: eventId } });
  await writesNothing(stack().database.sql, async () => {
    assert.deepEqual((await publish(family, id, eventId)).body, first.body);
  });
  assert.equal((await family.session(id)).final_event_id, eventId);
});

Deno.test("the event of a recovery is recorded the same way", async () => {
  const recovering = await Recovering.found(stack());
  const { family } = recovering;
  const recipientPublicKey = randomHex(32);
  const request = family.eventRequest(undefined, { useCase: "key_rotation", recipientPublicKey });
  const id = await recovering.ready(request);
  rpcRefused(await publish(family, id, request.messageHash), "invalid_transition");
  accepted(await recovering.complete(id, await recovering.sign(id)));
  for (const by of ["ann", "bob"]) {
    const { body } = await publish(family, id, request.messageHash, by);
    assert.deepEqual(body, { final_event_id: request.messageHash });
  }
  assert.equal((await recovering.see(id)).final_event_id, request.messageHash);
});

Deno.test("what was not signed is not published", async () => {
  const family = await HttpFamily.found(stack());
  const other = await HttpFamily.found(stack());
  const request = family.eventRequest();
  const open = await family.signing(undefined, request);
  const done = await family.completed(undefined, request);
  const noEvent = await family.completed();
  const { message_hash } = await family.session(noEvent);
  await writesNothing(stack().database.sql, async () => {
    rpcRefused(await publish(family, open, request.messageHash), "invalid_transition");
    rpcRefused(await publish(family, done, randomHex(32)), "event_mismatch");
    rpcRefused(await publish(family, noEvent, message_hash), "event_mismatch");
    for (const bad of [null, "", "ab", "AB".repeat(32), `${request.messageHash}00`]) {
      rpcRefused(await publish(family, done, bad), "invalid_input");
    }
    rpcRefused(await publish(other, done, request.messageHash), "session_not_found");
    rpcRefused(await publish(family, "none", request.messageHash), "session_not_found");
  });
});
