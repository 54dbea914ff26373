import assert from "node:assert/strict";
import { Relay as RelayClient } from "nostr-tools/relay";
import type { Failure } from "../../../client/result.ts";
import { publishSignedEvent } from "../../../client/sessions/publish.ts";
import { withStack } from "../support/harness.ts";
import { AppFamily, must, refusedWith } from "../support/app_family.ts";
import { pastTheGuards } from "../support/owner.ts";
import { startRelay } from "../support/relay.ts";

Deno.test("an event is signed, published to relays, and found there by others", async () => {
  await withStack(async (stack) => {
    await using first = startRelay();
    await using second = startRelay("gives no reasons");
    const family = await AppFamily.found(stack);
    const [ann, bob] = family.members;
    const request = family.eventRequest();
    const { sessionId } = must(await ann.sessions.createSession(request));
    refusedWith("round_open", await ann.sessions.publishSignedEvent(sessionId, [first.url]));
    await family.sign(sessionId);

    // Somebody else than the creator may publish it; and one relay is named twice.
    const relays = [first.url, second.url, first.url.slice(0, -1)];
    const published = must(await bob.sessions.publishSignedEvent(sessionId, relays));
    assert.deepEqual(published.relays, [
      { relay: first.url, accepted: true, message: "" },
      { relay: second.url, accepted: true, message: "" },
    ]);
    assert.equal(published.event.id, request.messageHash);
    assert.equal(published.event.content, request.eventTemplate.content);
    assert.equal(first.received(), 1);

    const reader = await RelayClient.connect(first.url);
    const found = await new Promise((resolve) => {
      reader.subscribe([{ ids: [published.event.id] }], { onevent: resolve });
    });
    // nostr-tools gives out what it has verified, and nothing else.
    assert.deepEqual(JSON.parse(JSON.stringify(found)), published.event);
    reader.close();
    const { session } = must(await ann.sessions.getSession(sessionId));
    assert.equal(session.final_event_id, request.messageHash);
  });
});

Deno.test("publishing may be repeated: it is the same event, and it is recorded once", async () => {
  await withStack(async (stack) => {
    await using first = startRelay();
    await using second = startRelay();
    const family = await AppFamily.found(stack);
    const [ann] = family.members;
    const { sessionId } = must(await ann.sessions.createSession(family.eventRequest()));
    await family.sign(sessionId);
    const [one, two] = [
      must(await ann.sessions.publishSignedEvent(sessionId, [first.url])),
      must(await ann.sessions.publishSignedEvent(sessionId, [first.url, second.url])),
    ];
    assert.deepEqual(one.event, two.event);
    assert.deepEqual(two.relays, [
      { relay: first.url, accepted: true, message: "duplicate: already have this event" },
      { relay: second.url, accepted: true, message: "" },
    ]);
    const [{ count }] = await stack.database.sql`select count(*)::int from frost_events
      where subject_id = ${sessionId} and event = 'published'`;
    assert.equal(count, 1);
  });
});

Deno.test("each relay's own answer is reported, and one that takes it is enough", async () => {
  await withStack(async (stack) => {
    await using good = startRelay();
    await using blocking = startRelay("blocks");
    await using silent = startRelay("silent");
    await using hangingUp = startRelay("hangs up");
    const family = await AppFamily.found(stack);
    const [ann] = family.members;
    const { sessionId } = must(await ann.sessions.createSession(family.eventRequest()));
    await family.sign(sessionId);
    const nobody = "ws://127.0.0.1:1/";
    const bad = [blocking.url, silent.url, hangingUp.url, nobody];
    const options = { relayTimeoutMs: 400 };
    const none: Failure & { relays?: unknown } = failureOf(
      await ann.sessions.publishSignedEvent(sessionId, bad, options),
    );
    assert.equal(none.code, "not_published");
    assert.ok(Array.isArray(none.relays));
    assert.deepEqual(none.relays.map(({ relay, accepted }) => [relay, accepted]), [
      [blocking.url, false],
      [silent.url, false],
      [hangingUp.url, false],
      [nobody, false],
    ]);
    assert.equal(none.relays[0].message, "blocked: not on the list");
    assert.match(none.relays[1].message, /timed out/);
    assert.match(none.relays[2].message, /closed/);
    assert.match(none.relays[3].message, /fail/);
    assert.equal(must(await ann.sessions.getSession(sessionId)).session.final_event_id, null);

    const some = must(
      await ann.sessions.publishSignedEvent(sessionId, [good.url, ...bad], options),
    );
    assert.deepEqual(some.relays.map(({ accepted }) => accepted), [
      true,
      false,
      false,
      false,
      false,
    ]);
    const { session } = must(await ann.sessions.getSession(sessionId));
    assert.equal(session.final_event_id, some.event.id);
  });
});

Deno.test("nothing is sent unless it is an event with a valid signature", async () => {
  await withStack(async (stack) => {
    await using relay = startRelay();
    const family = await AppFamily.found(stack);
    const [ann] = family.members;
    const publish = (id: string, relays = [relay.url]) =>
      publishSignedEvent(ann.supabase, id, relays);
    refusedWith("session_not_found", await publish("nowhere"));

    const plain = must(await ann.sessions.createSession(family.request())).sessionId;
    await family.sign(plain);
    refusedWith("event_mismatch", await publish(plain));

    const event = must(await ann.sessions.createSession(family.eventRequest())).sessionId;
    await family.sign(event);
    refusedWith("invalid_input", await publish(event, []));
    refusedWith("invalid_input", await publish(event, ["https://relay.example"]));
    refusedWith("invalid_input", await publish(event, [relay.url, "relay"]));

    const failed = must(await ann.sessions.createSession(family.eventRequest())).sessionId;
    must(await ann.sessions.failSession(failed, "done with"));
    refusedWith("session_finished", await publish(failed));

    // A database that was tampered with does not make guardians' names sign anything else.
    const [{ final_signature: other }] = await stack.database.sql`
      select final_signature from frost_signing_sessions where session_id = ${plain}`;
    await pastTheGuards(
      stack.database.sql,
      (sql) =>
        sql`update frost_signing_sessions set final_signature = ${other} where session_id = ${event}`,
    );
    refusedWith("signature_invalid", await publish(event));
    await pastTheGuards(
      stack.database.sql,
      (sql) =>
        sql`update frost_signing_sessions set event_template =
          jsonb_set(event_template, '{content}', '"Something else"') where session_id = ${event}`,
    );
    refusedWith("event_mismatch", await publish(event));
    assert.equal(relay.received(), 0);
  });
});

Deno.test("publishing stops when the caller gives up", async () => {
  await withStack(async (stack) => {
    await using relay = startRelay("silent");
    const family = await AppFamily.found(stack);
    const [ann] = family.members;
    const { sessionId } = must(await ann.sessions.createSession(family.eventRequest()));
    await family.sign(sessionId);
    const controller = new AbortController();
    const publishing = ann.sessions.publishSignedEvent(sessionId, [relay.url], {
      signal: controller.signal,
      relayTimeoutMs: 5_000,
    });
    while (relay.received() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const started = performance.now();
    controller.abort();
    refusedWith("aborted", await publishing);
    assert.ok(performance.now() - started < 3_000, "It waited for the relay all the same");
  });
});

function failureOf(result: { success: boolean }): Failure {
  if (isFailure(result)) return result;
  throw new assert.AssertionError({ message: "Expected a failure" });
}

function isFailure(result: { success: boolean }): result is Failure {
  return !result.success;
}
