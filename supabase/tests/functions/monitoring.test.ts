import assert from "node:assert/strict";
import { accepted, type Json, rpc, rpcRefused, sharedStack } from "../support/answers.ts";
import { signToken } from "../../local/token.ts";
import { HttpFamily, serviceRpc } from "../support/http_family.ts";
import { expire } from "../support/owner.ts";
import { backdate, eventfulFamily, metricsOf } from "./monitored.ts";

const stack = sharedStack();

async function metrics(args: Record<string, unknown> = {}): Promise<Json> {
  const answer = await metricsOf(stack(), args);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

const alertsOf = ({ alerts }: Json) => {
  assert.ok(Array.isArray(alerts));
  return Object.fromEntries(
    alerts.map(({ alert, value, threshold }) => [alert, [value, threshold]]),
  );
};

Deno.test("each number is that of one family, or of all", async () => {
  const { family } = await eventfulFamily(stack(), 120);
  const { family: other } = await eventfulFamily(stack(), 0);
  for (const [id, factor] of [[family.id, 1], [other.id, 1], [null, 2]] as const) {
    const seen = await metrics({ p_family_id: id });
    assert.equal(seen.family_id, id);
    assert.deepEqual(
      seen.sessions,
      Object.fromEntries(
        Object.entries({
          pending: 1,
          nonce_collection: 1,
          signing: 0,
          aggregating: 1,
          completed: 3,
          failed: 1,
          expired: 1,
        }).map(([status, sessions]) => [status, sessions * factor]),
      ),
    );
    assert.equal(seen.failed, factor);
    assert.equal(seen.expired, factor);
    assert.equal(seen.success_rate, 0.6);
    assert.equal(seen.nonce_reuse_attempts, factor);
    assert.equal(seen.orphaned_sessions, factor);
    assert.equal(seen.ledger_size, 18 * factor);
    const refused = [[family.id, "ann", 2], [family.id, "bob", 1], [other.id, "ann", 2], [
      other.id,
      "bob",
      1,
    ]];
    assert.ok(Array.isArray(seen.refused_shares));
    assert.deepEqual(
      new Set(seen.refused_shares.map((row) => JSON.stringify(row))),
      new Set(
        refused.filter(([of]) => id === null || of === id).map((
          [family_id, participant_id, refused],
        ) => JSON.stringify({ refused, family_id, participant_id })),
      ),
    );
  }
  assert.equal((await metrics({ p_family_id: family.id })).stuck_sessions, 1);
  assert.equal((await metrics({ p_family_id: other.id })).stuck_sessions, 0);
});

Deno.test("a family of which nothing is known has no success rate, no phases and no alerts", async () => {
  const seen = await metrics({ p_family_id: "nobody" });
  assert.equal(seen.success_rate, null);
  assert.deepEqual([seen.phases, seen.alerts, seen.refused_shares, seen.sessions_by_hour], [
    {},
    [],
    [],
    [],
  ]);
});

Deno.test("alerts go by their thresholds, which are parameters", async () => {
  const { family } = await eventfulFamily(stack(), 90);
  const p_family_id = family.id;
  assert.deepEqual(alertsOf(await metrics({ p_family_id })), {
    failure_rate: [0.4, 0.25],
    nonce_reuse_attempts: [1, 1],
    stuck_sessions: [1, 1],
  });
  // At the threshold an alert is on; a session is stuck once it is past its seconds.
  assert.ok("failure_rate" in alertsOf(await metrics({ p_family_id, p_failure_rate: 0.4 })));
  assert.deepEqual(
    alertsOf(
      await metrics({
        p_family_id,
        p_failure_rate: 0.41,
        p_reuse_attempts: 2,
        p_stuck_seconds: 3600,
      }),
    ),
    {},
  );
});

Deno.test("a session that aggregates past its time is orphaned, not stuck, and the sweep ends that", async () => {
  const { family, stuck } = await eventfulFamily(stack(), 90);
  const p_family_id = family.id;
  await expire(family.stack.database.sql, stuck);
  const before = await metrics({ p_family_id });
  assert.deepEqual([before.orphaned_sessions, before.stuck_sessions], [2, 0]);
  await serviceRpc(stack(), "expire_old_frost_signing_sessions");
  const after = await metrics({ p_family_id });
  assert.deepEqual([after.orphaned_sessions, after.stuck_sessions], [0, 0]);
});

Deno.test("only sessions created, and attempts made, in the window count", async () => {
  const family = await HttpFamily.found(stack());
  const p_family_id = family.id;
  const old = await family.completed();
  await backdate(stack(), old, { created_at: 25 * 3_600_000 });
  assert.equal((await metrics({ p_family_id })).success_rate, null);
  const longer = await metrics({ p_family_id, p_window: "26 hours" });
  assert.equal(longer.success_rate, 1);
  assert.equal(Number(longer.until) - Number(longer.since), 26 * 3_600_000);
});

Deno.test("sessions are counted by the hour they were created in", async () => {
  const family = await HttpFamily.found(stack());
  const [first, second] = [await family.create(), await family.completed()];
  const hour = 3_600_000;
  const ago = Date.now() - (Math.floor(Date.now() / hour) * hour - 2 * hour);
  await backdate(stack(), first, { created_at: ago - 1 });
  await backdate(stack(), second, { created_at: ago });
  const name = new Date(Math.floor((Date.now() - ago) / hour) * hour).toISOString()
    .replace(".000Z", "Z");
  const { sessions_by_hour } = await metrics({ p_family_id: family.id });
  assert.deepEqual(sessions_by_hour, [{ hour: name, sessions: { completed: 1, pending: 1 } }]);
});

Deno.test("phases add up to the whole", async () => {
  const family = await HttpFamily.found(stack());
  const id = await family.completed();
  const { phases } = await metrics({ p_family_id: family.id });
  const { created_at, signing_started_at, aggregating_started_at, completed_at } = await family
    .session(id);
  const took = (from: unknown, to: unknown) => {
    const ms = Number(to) - Number(from);
    return { median_ms: ms, p95_ms: ms };
  };
  assert.deepEqual(phases, {
    round_one: took(created_at, signing_started_at),
    round_two: took(signing_started_at, aggregating_started_at),
    aggregation: took(aggregating_started_at, completed_at),
    total: took(created_at, completed_at),
  });
});

Deno.test("a window that is none, and thresholds that are missing, are invalid_input", async () => {
  for (
    const args of [
      { p_window: "0" },
      { p_window: "-1 hour" },
      { p_window: "11 years" },
      { p_window: null },
      { p_failure_rate: null },
      { p_reuse_attempts: null },
      { p_stuck_seconds: null },
    ]
  ) rpcRefused(await metricsOf(stack(), args), "invalid_input");
});

Deno.test("members have no part in monitoring, but for those with the claim of operators", async () => {
  const family = await HttpFamily.found(stack());
  const answer = await family.rpc("ann", "frost_signing_metrics", {});
  assert.equal(answer.status, 403, answer.text);
  assert.equal(answer.body.code, "42501");
  const token = await signToken({
    participant: "olga",
    family: "another",
    claims: { permafrost_operator: true },
  });
  const { body } = await rpc(stack(), "frost_signing_metrics", { token });
  assert.deepEqual(Object.keys(body), Object.keys(await metrics()));
  accepted(await family.call("ann", "create-signing-request", family.request()), 201);
  const view = await fetch(`${stack().apiUrl}/rest/v1/frost_refusals`, {
    headers: {
      apikey: stack().publishableKey,
      authorization: `Bearer ${await family.token("ann")}`,
    },
  });
  await view.body?.cancel();
  assert.equal(view.status, 403);
});
