import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { z } from "zod";
import { accepted, call, type Credentials, refused, rpc, sharedStack } from "../support/answers.ts";
import { signToken } from "../../local/token.ts";
import { HandmadeCeremony, sceneOf } from "../support/handmade_ceremony.ts";
import { HttpFamily, secret, serviceRpc } from "../support/http_family.ts";
import { Recovering } from "../support/http_recovery.ts";
import { expire } from "../support/owner.ts";
import { randomHex } from "../support/family.ts";
import { logged } from "./logged.ts";

const stack = sharedStack();
const SECRET = randomHex(32);

/** What a provider has had, and what it answers, and when. */
const received: { headers: Headers; body: string }[] = [];
const provider = { answer: 202, held: Promise.resolve() };

const Notification = z.strictObject({
  kind: z.string(),
  familyId: z.string(),
  subject: z.string(),
  id: z.string(),
  participants: z.array(z.string()),
});

let server: Deno.HttpServer<Deno.NetAddr>;

Deno.test.beforeAll(() => {
  server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    received.push({ headers: request.headers, body: await request.text() });
    await provider.held;
    const { answer: status } = provider;
    const headers: HeadersInit = status === 307 ? { location: "/elsewhere" } : {};
    return new Response(null, { status, headers });
  });
  settings(`http://127.0.0.1:${server.addr.port}/notify`);
});

Deno.test.afterAll(() => server.shutdown());

function settings(url?: string, key: string | undefined = SECRET): void {
  for (const [name, value] of Object.entries({ URL: url, SECRET: key })) {
    if (value === undefined) Deno.env.delete(`PERMAFROST_NOTIFY_${name}`);
    else Deno.env.set(`PERMAFROST_NOTIFY_${name}`, value);
  }
}

/** What a database webhook sends of an event. */
function webhook(record: unknown, credentials: Credentials = secret(stack()), more = {}) {
  const body = { type: "INSERT", table: "frost_events", schema: "public", old_record: null };
  return call(stack(), "notify-guardians", credentials, { ...body, record, ...more });
}

const delivered = new Map<string, number>();

/** Delivers the events of something that were not delivered yet; whom the provider was told to tell. */
async function news(id: string): Promise<string[]> {
  const events = await stack().database.sql`
    select e.*, e.event_id::int as event_id, encode(e.digest, 'hex') as digest from public.frost_events as e
    where subject_id = ${id} and seq > ${delivered.get(id) ?? 0} order by seq`;
  const from = received.length;
  for (const event of events) {
    accepted(await webhook(event));
    delivered.set(id, Number(event.seq));
  }
  return received.slice(from).map(({ body }) => {
    const { kind, participants, ...about } = Notification.parse(JSON.parse(body));
    assert.equal(about.id, id);
    return `${kind}: ${participants.join(" ")}`;
  });
}

Deno.test("a session: the others are asked once, and again when it awaits them again, and told of its end", async () => {
  const family = await HttpFamily.found(stack());
  const id = await family.create();
  assert.deepEqual(await news(id), ["awaits_you: bob cleo"]);
  accepted(await family.commit("bob", id));
  assert.deepEqual(await news(id), []);
  accepted(await family.commit("cleo", id));
  // Cleo closed the round: the answer told her.
  assert.deepEqual(await news(id), ["awaits_you: bob"]);
  refused(await family.share("bob", id, randomHex(31).padStart(64, "0")), "share_invalid");
  accepted(await family.share("bob", id));
  assert.deepEqual(await news(id), []);
  accepted(await family.share("cleo", id));
  assert.deepEqual(await news(id), ["done: ann bob"]);
});

Deno.test("webhooks that come late are judged by what is true then", async () => {
  const family = await HttpFamily.found(stack());
  const closed = await family.signing(["bob", "cleo"]);
  assert.deepEqual(await news(closed), ["awaits_you: bob"]);
  assert.deepEqual(await news(await family.completed()), ["done: ann cleo"]);
  const old = await family.create();
  const { sql } = stack().database;
  await sql`alter table public.frost_events disable trigger user`;
  await sql`update public.frost_events set occurred_at = occurred_at - 86400001 where subject_id = ${old}`;
  await sql`alter table public.frost_events enable trigger user`;
  assert.deepEqual(await news(old), [], "a day later it is no news");
});

Deno.test("who has declined is not told; when it fails, those who were asked and had not answered are", async () => {
  const family = await Recovering.found(stack());
  const id = await family.create(family.request({ preferredMethod: "frost" }));
  await news(id);
  accepted(await family.decline("bob", id));
  assert.deepEqual(await news(id), []);
  accepted(await family.decline("ann", id));
  assert.deepEqual(await news(id), ["withdrawn: cleo"]);
});

Deno.test("when it expires, the sweep tells those who were asked and had not answered", async () => {
  const family = await HttpFamily.found(stack());
  const [unanswered, answered] = [await family.create(), await family.create()];
  accepted(await family.commit("bob", answered));
  refused(await family.commit("bob", unanswered, "00"), "commitment_invalid");
  for (const id of [unanswered, answered]) {
    await news(id);
    await expire(stack().database.sql, id);
    assert.deepEqual(await news(id), []);
  }
  await serviceRpc(stack(), "expire_old_frost_signing_sessions");
  assert.deepEqual(await news(unanswered), ["withdrawn: bob cleo"]);
  assert.deepEqual(await news(answered), ["withdrawn: cleo"]);
});

Deno.test("one_tap: all quorums are there from the start, and ask each once", async () => {
  const family = await HttpFamily.found(stack());
  await family.fillPools(4);
  const id = await family.create(family.request({ mode: "one_tap" }));
  assert.deepEqual(await news(id), ["awaits_you: bob cleo"]);
  await family.items("bob", "submit-signature-shares", await family.owed("bob", id));
  assert.deepEqual(await news(id), []);
  await family.items("cleo", "submit-signature-shares", await family.owed("cleo", id));
  assert.deepEqual(await news(id), ["done: ann bob"]);
});

Deno.test("robust: when a quorum is lost, its others are asked for another", async () => {
  const family = await HttpFamily.found(stack());
  const id = await family.create(family.request({ mode: "robust" }));
  assert.deepEqual(await news(id), ["awaits_you: bob cleo"]);
  const commit = async (who: string, sessionId = id) =>
    family.items(who, "submit-nonce-commitments", [{
      sessionId,
      nonceCommitment: await family.draw(who),
    }]);
  await commit("bob");
  await commit("cleo");
  assert.deepEqual(await news(id), ["awaits_you: bob"]);
  const [share] = await family.owed("bob", id);
  await family.items("bob", "submit-signature-shares", [share]);
  const bad = { ...share, signatureShare: randomHex(31).padStart(64, "0") };
  await family.items("cleo", "submit-signature-shares", [bad]);
  assert.deepEqual(await news(id), ["awaits_you: bob"]);
  const decline = (who: string, sessionId = id) =>
    family.call(who, "decline-signing-request", { sessionId, reason: "no" });
  assert.equal(accepted(await decline("ann")).status, "failed");
  assert.deepEqual(await news(id), ["withdrawn: bob"]);
  const another = await family.create(family.request({ mode: "robust" }));
  accepted(await decline("ann", another));
  for (const who of ["bob", "cleo"]) await commit(who, another);
  assert.equal(accepted(await decline("bob", another)).status, "failed");
  assert.deepEqual(await news(another), [], "Cleo had answered, and nobody asked her for more");
});

Deno.test("nobody is asked in a dry run", async () => {
  const family = crypto.randomUUID();
  const token = await signToken({ participant: "ann", family });
  const request = { p_family_id: family, p_message_hash: "m", p_threshold: 2 };
  const p_participants = ["ann", "bob"];
  const args = { ...request, p_participants };
  const { body } = await rpc(stack(), "create_signing_session", { token }, args);
  const id = String(body.session_id);
  await rpc(stack(), "fail_signing_session", { token }, { p_session_id: id, p_reason: "no" });
  assert.deepEqual(await news(id), []);
});

Deno.test("a recovery: guardians are asked, and one whose share is rejected again", async () => {
  const recovering = await Recovering.found(stack());
  const id = await recovering.create();
  assert.deepEqual(await news(id), ["awaits_you: bob cleo"]);
  accepted(await recovering.submit("bob", id));
  assert.deepEqual(await news(id), []);
  accepted(await recovering.submit("cleo", id));
  assert.deepEqual(await news(id), []);
  accepted(await recovering.reject(id, "bob"));
  assert.deepEqual(await news(id), ["awaits_you: bob"]);
  accepted(await recovering.submit("bob", id));
  accepted(await recovering.complete(id, await recovering.sign(id)));
  assert.deepEqual(await news(id), ["done: bob cleo"]);
});

Deno.test("a ceremony: who is missing is asked in each round, and all are told of its end", async () => {
  const ceremony: HandmadeCeremony = await sceneOf(stack(), "chilldkg");
  assert.deepEqual(await news(ceremony.id), ["awaits_you: bob cleo"]);
  for (const round of [1, 2]) {
    for (const name of ["ann", "bob"]) accepted(await ceremony.submit(name, round));
    assert.deepEqual(await news(ceremony.id), []);
    accepted(await ceremony.submit("cleo", round));
    assert.deepEqual(await news(ceremony.id), ["awaits_you: ann bob"]);
  }
  await ceremony.finish();
  assert.deepEqual(await news(ceremony.id), ["done: ann bob"]);
  const reshare = await sceneOf(stack(), "reshare");
  assert.deepEqual(await news(reshare.id), ["awaits_you: bob"], "only the dealers send first");
  for (const name of ["ann", "bob"]) accepted(await reshare.submit(name, 1));
  assert.deepEqual(await news(reshare.id), ["awaits_you: ann cleo"]);
  const sessionId = reshare.id;
  accepted(await reshare.call("bob", "decline-signing-request", { sessionId, reason: "no" }));
  assert.deepEqual(await news(reshare.id), ["withdrawn: ann cleo"]);
});

Deno.test("a webhook that is delivered twice has the same key twice, signed each time", async () => {
  const family = await HttpFamily.found(stack());
  const keys: (string | null)[] = [];
  for (const id of [await family.create(), await family.create()]) {
    for (const _ of ["once", "twice"]) {
      delivered.delete(id);
      assert.deepEqual(await news(id), ["awaits_you: bob cleo"]);
      const { headers, body } = received[received.length - 1];
      const [, time, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/
        .exec(headers.get("permafrost-signature") ?? "") ?? [];
      assert.equal(mac, createHmac("sha256", SECRET).update(`${time}.${body}`).digest("hex"));
      assert.ok(Math.abs(Number(time) - Date.now() / 1000) < 60);
      assert.deepEqual(JSON.parse(body), {
        kind: "awaits_you",
        familyId: family.id,
        subject: "session",
        id,
        participants: ["bob", "cleo"],
      });
      keys.push(headers.get("idempotency-key"));
    }
  }
  assert.equal(new Set(keys).size, 2);
  assert.equal(keys[0], keys[1]);
});

Deno.test("only the secret key tells anybody; of a record nothing counts but the number of its event", async () => {
  const family = await HttpFamily.found(stack());
  const id = await family.create();
  const [{ event_id }] = await stack().database.sql`
    select event_id::int from public.frost_events where subject_id = ${id}`;
  const before = received.length;
  for (
    const credentials of [{}, { apikey: stack().publishableKey }, {
      token: await family.token("ann"),
    }]
  ) refused(await webhook({ event_id }, credentials), "unauthorized");
  for (const record of [undefined, {}, { event_id: "1" }, { event_id: 0 }]) {
    refused(await webhook(record), "invalid_input");
  }
  refused(await webhook({ event_id }, undefined, { table: "members" }), "invalid_input");
  const about = { subject_id: "another", event: "completed", actor: "bob", family_id: "other" };
  assert.equal(accepted(await webhook({ event_id: 2 ** 40, ...about })).sent, 0);
  assert.equal(received.length, before);
  assert.equal(accepted(await webhook({ event_id, ...about })).sent, 2);
  assert.equal(JSON.parse(received[before].body).id, id);
});

Deno.test("a provider that does not take it, and settings that are missing, are in the webhook's log", async () => {
  const family = await HttpFamily.found(stack());
  const id = await family.create();
  const [{ event_id }] = await stack().database.sql`
    select event_id::int from public.frost_events where subject_id = ${id}`;
  const fails = async (sentence: RegExp) => {
    const { result } = await logged(() => webhook({ event_id }));
    refused(result, "internal");
    assert.match(String(result.body.error), sentence);
  };
  for (const answer of [500, 404, 307]) {
    const before = received.length;
    provider.answer = answer;
    await fails(RegExp(`PERMAFROST_NOTIFY_URL answered ${answer}$`));
    assert.equal(received.length, before + 1, "no redirect is followed");
  }
  provider.answer = 204;
  const { promise, resolve } = Promise.withResolvers<void>();
  provider.held = promise;
  const { timeout } = AbortSignal;
  AbortSignal.timeout = (ms) => timeout.call(AbortSignal, ms === 10_000 ? 1 : ms);
  await fails(/^The provider at PERMAFROST_NOTIFY_URL did not answer within 10 seconds$/);
  AbortSignal.timeout = timeout;
  resolve();
  const url = Deno.env.get("PERMAFROST_NOTIFY_URL");
  settings("http://127.0.0.1:1/?key=hidden");
  await fails(/^The provider at PERMAFROST_NOTIFY_URL cannot be reached$/);
  for (const wrong of [undefined, "nowhere", "http://provider.example/", "ftp://localhost/"]) {
    settings(wrong);
    await fails(/^The secret PERMAFROST_NOTIFY_URL must be set, to the https URL of the provider$/);
  }
  settings(url, "short");
  await fails(/^The secret PERMAFROST_NOTIFY_SECRET must be set, to 32 characters or more$/);
  settings(url);
  assert.equal(accepted(await webhook({ event_id })).sent, 2);
});
