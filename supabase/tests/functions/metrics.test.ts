import assert from "node:assert/strict";
import { signToken } from "../../local/token.ts";
import { assertCors, call, type Credentials, refused, sharedStack } from "../support/answers.ts";
import { parseExposition, type Sample } from "./exposition.ts";
import { HttpFamily, secret } from "../support/http_family.ts";
import { logged } from "./logged.ts";
import { eventfulFamily, metricsOf } from "./monitored.ts";

const stack = sharedStack();

function scrape(credentials: Credentials = secret(stack()), method = "GET") {
  return call(stack(), "metrics", credentials, undefined, { method });
}

function valuesOf(samples: readonly Sample[], name: string): Record<string, number> {
  return Object.fromEntries(
    samples.filter((sample) => sample.name === name)
      .map(({ labels, value }) => [Object.values(labels).join(" "), value]),
  );
}

Deno.test("before anything happened there are zeros where nothing was counted, and no rate at all", async () => {
  const answer = await scrape();
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assertCors(answer);
  const samples = parseExposition(answer.text);
  assert.deepEqual(samples.filter(({ value }) => value !== 0), []);
  const names = new Set(samples.map(({ name }) => name));
  assert.ok(!names.has("permafrost_success_ratio") && !names.has("permafrost_phase_seconds"));
  assert.match(answer.text, /^# TYPE permafrost_success_ratio gauge$/m);
  assert.equal(Object.keys(valuesOf(samples, "permafrost_sessions")).length, 7);
});

Deno.test("the numbers are those of what happened, whatever a family is called", async () => {
  const id = 'the "quoted\\n" family, {x="1"} ❄';
  await eventfulFamily(stack(), 120, id);
  const samples = parseExposition((await scrape()).text);
  assert.deepEqual(valuesOf(samples, "permafrost_sessions"), {
    pending: 1,
    nonce_collection: 1,
    signing: 0,
    aggregating: 1,
    completed: 3,
    failed: 1,
    expired: 1,
  });
  const single = (name: string) => valuesOf(samples, `permafrost_${name}`)[""];
  assert.equal(single("success_ratio"), 0.6);
  assert.equal(single("nonce_reuse_attempts"), 1);
  assert.equal(single("orphaned_sessions"), 1);
  assert.equal(single("stuck_sessions"), 1);
  // Two points each of 3 × 2 commitments, of 1, and of 2.
  assert.equal(single("nonce_ledger_points"), 18);
  assert.deepEqual(
    samples.filter(({ name }) => name === "permafrost_refused_shares").map(({ labels, value }) => ({
      ...labels,
      value,
    })),
    [
      { family: id, participant: "ann", value: 2 },
      { family: id, participant: "bob", value: 1 },
    ],
  );
  assert.deepEqual(valuesOf(samples, "permafrost_alert"), {
    failure_rate: 1,
    nonce_reuse_attempts: 1,
    stuck_sessions: 1,
  });
});

Deno.test("pools, guardians who do not sign and refusals past a limit are told of, with their alerts", async () => {
  const { sql } = stack().database;
  const before = parseExposition((await scrape()).text);
  const single = (samples: readonly Sample[], name: string) =>
    valuesOf(samples, `permafrost_${name}`)[""];
  const family = await HttpFamily.found(stack(), { id: "__proto__" });
  await family.fillPools(2);
  await sql`
    insert into permafrost.limits values ('recorded_refusals_per_minute', ${family.id}, 0)`;
  refused(await family.commit("ann", await family.create(), "00"), "commitment_invalid");
  await sql`
    update permafrost.guardian_proofs set last_proved_at = 1 where key_package_id in (
      select key_package_id from public.frost_key_packages where family_id = ${family.id})`;
  const samples = parseExposition((await scrape()).text);
  assert.deepEqual(
    samples.filter(({ name }) => name === "permafrost_one_tap_sessions"),
    [{ name: "permafrost_one_tap_sessions", labels: { family: "__proto__" }, value: 2 }],
  );
  for (const [name, more] of [["unrecorded_refusals", 1], ["unproven_guardians", 3]] as const) {
    assert.equal(single(samples, name), single(before, name) + more, name);
  }
  const { low_pools, unproven_guardians } = valuesOf(samples, "permafrost_alert");
  assert.deepEqual([low_pools, unproven_guardians], [1, 1]);
});

Deno.test("phases are in seconds, the same as the database has in milliseconds", async () => {
  const { body } = await metricsOf(stack());
  const samples = parseExposition((await scrape()).text);
  const seconds = valuesOf(samples, "permafrost_phase_seconds");
  assert.equal(Object.keys(seconds).length, 8);
  for (const [phase, took] of Object.entries(body.phases ?? {})) {
    assert.equal(seconds[`${phase} 0.5`], took.median_ms / 1000, phase);
    assert.equal(seconds[`${phase} 0.95`], took.p95_ms / 1000, phase);
  }
  assert.ok(seconds["total 0.5"] > 0 && seconds["total 0.5"] < 60);
});

Deno.test("metrics are for the secret key", async () => {
  const token = await signToken({ participant: "ann", family: "f" });
  const service = await signToken({
    participant: "ann",
    family: "f",
    claims: { role: "service_role" },
  });
  for (
    const credentials of [
      {},
      { apikey: stack().publishableKey },
      { token },
      { token: service },
      { apikey: stack().publishableKey, token: stack().secretKey },
    ]
  ) refused(await scrape(credentials), "unauthorized", JSON.stringify(credentials));
});

Deno.test("metrics are read by GET alone", async () => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
    const answer = await scrape(secret(stack()), method);
    refused(answer, "method_not_allowed", method);
    assert.match(String(answer.body.error), /GET/);
  }
});

Deno.test("what cannot be read is an error, never a zero", async () => {
  const { sql } = stack().database;
  const breaks = [
    [
      "alter table permafrost.nonce_ledger rename to gone",
      "alter table permafrost.gone rename to nonce_ledger",
    ],
    [
      "alter view public.frost_refusals rename column code to gone",
      "alter view public.frost_refusals rename column gone to code",
    ],
    [
      "revoke execute on function public.frost_signing_metrics from service_role",
      "grant execute on function public.frost_signing_metrics to service_role",
    ],
  ];
  for (const [breaking, mending] of breaks) {
    await sql.unsafe(breaking);
    const { result, log } = await logged(() => scrape());
    await sql.unsafe(mending);
    refused(result, "internal", breaking);
    assert.ok(log.includes(String(result.body.requestId)), log);
    assert.equal((await scrape()).status, 200, mending);
  }
});
