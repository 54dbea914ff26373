import assert from "node:assert/strict";
import { claims } from "../support/harness.ts";
import { accepted, sharedStack } from "../support/answers.ts";
import { HttpFamily } from "../support/http_family.ts";
import { Recovering } from "../support/http_recovery.ts";
import { expire } from "../support/owner.ts";

const stack = sharedStack();
const MIGRATIONS = new URL("../../migrations/", import.meta.url);

/** Realtime as a hosted project has it, as far as it is used: what is sent is kept. */
const REALTIME = `
  create schema if not exists realtime;
  grant usage on schema realtime to authenticated;
  create table if not exists realtime.messages (
    id bigint generated always as identity,
    topic text not null, extension text not null, payload jsonb, event text, private boolean
  );
  alter table realtime.messages enable row level security;
  grant select on realtime.messages to authenticated;
  create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true)
  returns void language sql as $$
    insert into realtime.messages (payload, event, topic, private, extension)
    values (payload, event, topic, private, 'broadcast')
  $$;`;

/** Puts Realtime there, if it was not, and applies the migration again. */
async function withRealtime(): Promise<void> {
  await stack().database.sql.unsafe(REALTIME);
  for await (const { name } of Deno.readDir(MIGRATIONS)) {
    if (!name.endsWith("_realtime.sql")) continue;
    await stack().database.sql.unsafe(await Deno.readTextFile(new URL(name, MIGRATIONS)));
  }
}

async function sent(topic: string) {
  const rows = await stack().database.sql`
    select payload, event, private from realtime.messages where topic = ${topic} order by id`;
  return rows.map((row) => ({ ...row }));
}

Deno.test("without Realtime nothing is sent, and nothing is missed", async () => {
  const family = await HttpFamily.found(stack());
  assert.equal((await family.session(await family.completed())).status, "completed");
});

Deno.test("each state of a session is broadcast, its id and state and nothing else", async () => {
  await withRealtime();
  const family = await HttpFamily.found(stack());
  const session_id = await family.completed(undefined, family.eventRequest());
  const message = (status: string) => ({
    payload: { session_id, method: "frost", status },
    event: "session_status",
    private: true,
  });
  assert.deepEqual(
    await sent(`family:${family.id}`),
    ["pending", "nonce_collection", "signing", "aggregating", "completed"].map(message),
  );
});

Deno.test("each state of a recovery is broadcast likewise", async () => {
  await withRealtime();
  const recovering = await Recovering.found(stack());
  const session_id = await recovering.ready();
  accepted(await recovering.reject(session_id, "bob"));
  accepted(await recovering.submit("bob", session_id));
  accepted(await recovering.complete(session_id, await recovering.sign(session_id)));
  assert.deepEqual(
    await sent(`family:${recovering.family.id}`),
    ["pending", "partial", "ready", "partial", "ready", "completed"].map((status) => ({
      payload: { session_id, method: "sss", status },
      event: "session_status",
      private: true,
    })),
  );
});

Deno.test("failures and expiry are broadcast, and what changes no state is not", async () => {
  await withRealtime();
  const family = await HttpFamily.found(stack());
  const failed = await family.create();
  await family.rpc("ann", "fail_signing_session", { p_session_id: failed, p_reason: "secret" });
  const expired = await family.create();
  await expire(family.stack.database.sql, expired);
  await stack().database.sql`select public.expire_old_frost_signing_sessions()`;
  const request = family.eventRequest();
  const published = await family.completed(undefined, request);
  const before = await sent(`family:${family.id}`);
  await family.rpc("ann", "record_published_event", {
    p_session_id: published,
    p_event_id: request.messageHash,
  });
  assert.deepEqual(await sent(`family:${family.id}`), before);
  const states = before.map(({ payload: { session_id, status } }) => [session_id, status]);
  assert.deepEqual(states.slice(0, 4), [
    [failed, "pending"],
    [failed, "failed"],
    [expired, "pending"],
    [expired, "expired"],
  ]);
});

Deno.test("a refused call broadcasts nothing", async () => {
  await withRealtime();
  const family = await HttpFamily.found(stack());
  const sessionId = await family.signing();
  const before = await sent(`family:${family.id}`);
  await family.commit("cleo", sessionId);
  await family.share("ann", sessionId, "00".repeat(32));
  assert.deepEqual(await sent(`family:${family.id}`), before);
});

Deno.test("a broadcast that fails loses no change of state", async () => {
  await withRealtime();
  const { sql } = stack().database;
  await sql.unsafe(`
    create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true)
    returns void language plpgsql as $$ begin perform 1 / 0; end $$`);
  const family = await HttpFamily.found(stack());
  const sessionId = await family.completed();
  assert.equal((await family.session(sessionId)).status, "completed");
  const recovering = await Recovering.found(stack());
  const requestId = await recovering.ready();
  accepted(await recovering.complete(requestId, await recovering.sign(requestId)));
  assert.equal((await recovering.see(requestId)).status, "completed");
});

Deno.test("a broadcast that fails is said in the database's log", async () => {
  await withRealtime();
  await stack().database.sql.unsafe(`
    create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true)
    returns void language plpgsql as $$ begin perform 1 / 0; end $$`);
  const notices: string[] = [];
  const sql = stack().database.connect(undefined, {
    max: 1,
    onnotice: ({ severity, message }) => notices.push(`${severity} ${message}`),
  });
  await sql`
    insert into public.frost_signing_sessions
      (session_id, family_id, message_hash, participants, threshold, created_by)
    values ('said', 'f', 'x', array['a', 'b'], 1, 'a')`;
  assert.equal(notices.filter((notice) => /^WARNING .*broadcast.*22012/.test(notice)).length, 1);
});

Deno.test("members hear of their own family and of no other", async () => {
  await withRealtime();
  const family = await HttpFamily.found(stack());
  const other = await HttpFamily.found(stack());
  await family.create();
  await other.create();
  const hears = (id: string) =>
    claims(
      stack().database.sql,
      { participant: "ann", family: id },
      (sql) => sql`select distinct topic from realtime.messages`,
    );
  assert.deepEqual((await hears(family.id)).map(({ topic }) => topic), [`family:${family.id}`]);
  assert.deepEqual((await hears("nobody")).length, 0);
  assert.deepEqual((await hears("")).length, 0);
});

Deno.test("the migration can be run again where there is Realtime", async () => {
  for (let again = 0; again < 2; again++) await withRealtime();
  const [{ policies, triggers }] = await stack().database.sql`
    select (select count(*)::int from pg_policies where schemaname = 'realtime') as policies,
      (select count(*)::int from pg_trigger where tgname like '%broadcast') as triggers`;
  assert.deepEqual([policies, triggers], [1, 3]);
});
