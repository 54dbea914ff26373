import assert from "node:assert/strict";
import { privateCluster } from "../support/harness.ts";
import { asOperator, asService, make } from "../support/calls.ts";
import { stopClock } from "./clock.ts";
import { CrashDriver } from "./crash_driver.ts";
import { SqlFamily } from "../support/sql_family.ts";
import { assertLegal } from "../support/legality.ts";
import { Outages } from "./outages.ts";
import { Random } from "../support/random.ts";

const KILLS = 20;

Deno.test(`PostgreSQL killed ${KILLS} times amid sessions loses nothing it told, and halves nothing`, async () => {
  const random = Random.printed("PostgreSQL killed");
  await using server = await privateCluster();
  const { cluster, database: { sql } } = server;
  const outages = new Outages(cluster, new Random(random.hex(8)));
  // Nobody would hear of it if the connection broke while the driver fetches types for itself.
  const options = { max: 12, backoff: () => 0.01, fetch_types: false };
  const calls = server.database.connect("postgres", options);
  const drivers = [];
  for (let i = 0; i < 5; i++) {
    const family = await SqlFamily.found(sql, random, { threshold: 2 + i % 2, guardians: 4 });
    drivers.push(new CrashDriver(calls, outages, family, new Random(random.hex(8))));
  }
  const playing = Promise.all(drivers.map((driver) => driver.run()));
  const killing = (async () => {
    // A kill that finds everybody between two calls shows nothing: it is done, and does not count.
    const moments: number[] = [];
    for (let amid = 0; amid < KILLS;) {
      assert.ok(moments.length < 10 * KILLS, "kills meet callers at work");
      const calls = 1 + random.below(random.pick([10, 100, 400]));
      moments.push(calls);
      const before = outages.lost;
      // A caller who was told something untrue ends it.
      await Promise.race([outages.killAfter(calls), playing]);
      if (outages.lost > before) amid++;
      await assertLegal(sql);
    }
    console.log(`Killed after so many calls each: ${moments.join(", ")}`);
    for (const driver of drivers) driver.stop();
  })();
  try {
    await Promise.all([killing, playing]);
  } finally {
    for (const driver of drivers) driver.stop();
  }
  await assertLegal(sql);

  // What anybody was told is so.
  const rows = await sql<{ nonce_commitment: string; whose: string }[]>`
    select nonce_commitment, session_id || ' ' || participant_id as whose
    from public.frost_nonce_commitments`;
  const accepted = drivers.flatMap(({ told }) => [...told.accepted]);
  const stored = new Map(rows.map(({ nonce_commitment, whose }) => [nonce_commitment, whose]));
  for (const [commitment, whose] of accepted) assert.equal(stored.get(commitment), whose);
  assert.equal(stored.size, accepted.length, "and nothing is there that nobody was told");
  const signed = await sql<{ session_id: string; final_signature: string }[]>`
    select session_id, final_signature from public.frost_signing_sessions where status = 'completed'`;
  const completed = drivers.flatMap(({ told }) => [...told.completed]);
  const signatures = new Map(signed.map((row) => [row.session_id, row.final_signature]));
  for (const [session, signature] of completed) assert.equal(signatures.get(session), signature);
  console.log(
    `${accepted.length} commitments, ${completed.length} signatures; ` +
      `${outages.lost} calls and ${outages.unheard} answers were lost`,
  );

  // What was left behind at any stage can be finished, or else expires.
  const left = await sql<{ session_id: string; family_id: string; status: string }[]>`
    select session_id, family_id, status from public.frost_signing_sessions
    where status in ('pending', 'nonce_collection', 'signing', 'aggregating')
    order by status, session_id`;
  console.log(
    `Left behind: ${[...new Set(left.map(({ status }) => status))]}, ${left.length} in all`,
  );
  for (const [i, { session_id, family_id }] of left.entries()) {
    if (i % 4 === 0) {
      await drivers.find(({ family }) => family.id === family_id)?.finish(session_id);
    }
  }
  const clock = await stopClock(sql);
  await make(sql, asOperator(clock.moveTo(clock.start + 86_400_000)));
  const swept = await make(sql, asService("expire_old_frost_signing_sessions"));
  assert.equal(swept.answer.value, left.length - Math.ceil(left.length / 4));
  const open = await sql`
    select from public.frost_signing_sessions where status not in ('completed', 'failed', 'expired')`;
  assert.equal(open.length, 0);
  await assertLegal(sql);
});
