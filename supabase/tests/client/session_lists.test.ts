import assert from "node:assert/strict";
import { listSessions } from "../../../client/sessions/list.ts";
import { FrostSessionManager } from "../../../client/sessions/manager.ts";
import { withStack } from "../support/harness.ts";
import { AppFamily, leaveAggregating, must, refusedWith } from "../support/app_family.ts";
import { expire, pastTheGuards } from "../support/owner.ts";

Deno.test("getActiveSessions() and getPendingSessions() list what is open and what is owed", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob, cleo] = family.members;
    const create = async () => must(await ann.sessions.createSession(family.request())).sessionId;
    const [fresh, committed, closed, failed, expired] = [
      await create(),
      await create(),
      await create(),
      await create(),
      await create(),
    ];
    const commit = async (sessionId: string, ...members: typeof family.members) => {
      for (const { guardian, sessions } of members) {
        await guardian.commit(must(await sessions.getSession(sessionId)).session);
      }
    };
    await commit(committed, bob);
    await commit(closed, bob, cleo);
    must(await ann.sessions.failSession(failed, "done with"));
    await expire(stack.database.sql, expired);

    const ids = (result: Awaited<ReturnType<FrostSessionManager["getActiveSessions"]>>) =>
      must(result).sessions.map(({ session_id }) => session_id);
    assert.deepEqual(ids(await cleo.sessions.getActiveSessions(family.id)), [
      closed,
      committed,
      fresh,
    ]);
    refusedWith("not_in_family", await cleo.sessions.getActiveSessions("another family"));
    const operator = new FrostSessionManager(family.operator);
    assert.deepEqual(ids(await operator.getActiveSessions(family.id)), [closed, committed, fresh]);
    assert.deepEqual(ids(await operator.getActiveSessions("another family")), []);

    assert.deepEqual(ids(await ann.sessions.getPendingSessions("ann")), [committed, fresh]);
    assert.deepEqual(ids(await bob.sessions.getPendingSessions("bob")), [closed, fresh]);
    assert.deepEqual(ids(await ann.sessions.getPendingSessions("bob")), [closed, fresh]);
    assert.deepEqual(ids(await operator.getPendingSessions("bob")), [closed, fresh]);
  });
});

Deno.test("all sessions are listed, however many pages they fill", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann] = family.members;
    const created: string[] = [];
    for (let i = 0; i < 7; i++) {
      created.push(must(await ann.sessions.createSession(family.request())).sessionId);
    }
    // Three in one millisecond, over the end of a page of four.
    await pastTheGuards(
      stack.database.sql,
      (sql) =>
        sql`update frost_signing_sessions set created_at = (
          select created_at from frost_signing_sessions where session_id = ${created[3]})
        where session_id = any (${created.slice(2, 5)})`,
    );
    for (const page of [1, 2, 4, 5, 6, 7, 8]) {
      const listed = must(await listSessions(ann.supabase, ["pending"], () => true, {}, {}, page));
      const ids = listed.sessions.map(({ session_id }) => session_id);
      assert.deepEqual([...ids].sort(), [...created].sort(), `with pages of ${page}`);
    }
  });
});

Deno.test("listSessions() takes a page behind a pair, of one family, or of what waits for the caller", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob] = family.members;
    for (let i = 0; i < 3; i++) must(await ann.sessions.createSession(family.request()));
    const list = async (filter: Parameters<typeof bob.sessions.listSessions>[0]) =>
      must(await bob.sessions.listSessions(filter)).sessions;
    const all = await list({ familyId: family.id });
    assert.equal(all.length, 3);
    const [first] = await list({ limit: 1 });
    assert.deepEqual(first, all[0]);
    const behind = { before: first.created_at, beforeId: first.session_id };
    assert.deepEqual(await list(behind), all.slice(1));
    const { session } = must(await bob.sessions.getSession(first.session_id));
    must((await bob.guardian.commit(session)).answer);
    assert.deepEqual(await list({ awaitingMe: true }), all.slice(1));
    assert.deepEqual(await list({ status: "signing" }), []);
    refusedWith("invalid_input", await bob.sessions.listSessions({ limit: 501 }));
    refusedWith("not_in_family", await bob.sessions.listSessions({ familyId: "another family" }));
  });
});

Deno.test("a session whose last caller died is finished by the next client that lists it", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob, cleo] = family.members;
    const lists = [
      () => cleo.sessions.getPendingSessions("cleo"),
      () => bob.sessions.getActiveSessions(family.id),
    ];
    for (const list of lists) {
      const { sessionId } = must(await ann.sessions.createSession(family.request()));
      await leaveAggregating(family, sessionId);
      const [waiting] = must(await cleo.sessions.listSessions({ awaitingMe: true })).sessions;
      assert.deepEqual([waiting.session_id, waiting.can_aggregate], [sessionId, true]);
      // Who cannot finish it, is shown it.
      const operator = new FrostSessionManager(family.operator);
      const [shown] = must(await operator.getActiveSessions(family.id)).sessions;
      assert.equal(shown.session_id, sessionId);
      assert.deepEqual(must(await list()).sessions, []);
      assert.equal(must(await ann.sessions.getSession(sessionId)).session.status, "completed");
    }
  });
});
