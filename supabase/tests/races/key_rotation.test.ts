import assert from "node:assert/strict";
import { claims, freshDatabase } from "../support/harness.ts";
import { openLanes } from "./at_once.ts";
import { asService, make, tally } from "../support/calls.ts";
import { SqlFamily } from "../support/sql_family.ts";
import { assertLegal } from "../support/legality.ts";
import { Random } from "../support/random.ts";

Deno.test("eight registrations of a family at once get epochs of their own, and the last one is current", async () => {
  const random = Random.printed("eight registrations");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 8);
  for (let round = 0; round < 10; round++) {
    const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
    const outcomes = await lanes.atOnce(Array.from({ length: 8 }, () => family.registration()));
    assert.deepEqual(tally(outcomes), { ok: 8 });
    const epochs = outcomes.map(({ answer }) => Number(answer.epoch)).sort((a, b) => a - b);
    assert.deepEqual(epochs, [2, 3, 4, 5, 6, 7, 8, 9]);
    const current = await sql<{ epoch: number }[]>`
      select epoch from public.frost_key_packages
      where family_id = ${family.id} and retired_at is null`;
    assert.deepEqual(current.map(({ epoch }) => epoch), [9]);
    const [{ ordered }] = await sql`
      select bool_and(retired_at >= created_at) as ordered from public.frost_key_packages
      where family_id = ${family.id} and epoch < 9`;
    assert.equal(ordered, true);
  }
});

Deno.test("one registration sent eight times at once makes one epoch", async () => {
  const random = Random.printed("one registration eight times");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 8);
  for (let round = 0; round < 10; round++) {
    const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
    const outcomes = await lanes.atOnce(Array(8).fill(family.registration()));
    assert.deepEqual(
      new Set(outcomes.map(({ answer }) => JSON.stringify(answer))).size,
      1,
    );
    const [{ epochs }] = await sql`
      select count(*)::int as epochs from public.frost_key_packages where family_id = ${family.id}`;
    assert.equal(epochs, 2);
  }
});

Deno.test("a login that may do nothing here keeps no family from changing its key", async () => {
  const random = Random.printed("a login without rights");
  await using database = await freshDatabase();
  const { sql } = database;
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
  await claims(sql, { role: "anon" }, async (transaction) => {
    // Advisory locks are everybody's: a turn that was one could be taken, and kept, by any role.
    await transaction`select pg_advisory_xact_lock(hashtextextended(
      ${`permafrost.key_package:${family.id}`}, 0))`;
    await sql.begin(async (registering) => {
      await registering`set local lock_timeout = '2s'`;
      await registering`select permafrost.lock_family_key(${family.id})`;
    });
  });
});

Deno.test("a session made while the key changes belongs to the one key or the other, and fits it", async () => {
  const random = Random.printed("sessions while the key changes");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 9);
  const bound: Record<string, number> = {};
  for (let round = 0; round < 15; round++) {
    const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 4 });
    const [leaver, ...stayers] = family.guardians;
    const register = asService("register_key_package", {
      p_family_id: family.id,
      p_ciphersuite: "FROST-secp256k1-SHA256-TR-v1",
      p_threshold: 2,
      p_participants: stayers,
      p_group_public_key: random.point(),
      p_verifying_shares: stayers.map(() => random.point()),
    });
    const session = (participants: readonly string[]) =>
      family.as(stayers[0], "create_signing_session", {
        p_family_id: family.id,
        p_message_hash: random.hex(32),
        p_participants: participants,
        p_threshold: 2,
      });
    const creations = await Promise.all(
      Array.from({ length: 8 }, (_, i) => session(i % 2 === 0 ? stayers : [...stayers, leaver])),
    );
    const [registered, ...created] = await lanes.atOnce([register, ...creations]);
    assert.deepEqual([registered.code, registered.answer.epoch], ["ok", 2]);
    for (const [i, { code }] of created.entries()) {
      assert.ok(code === "ok" || i % 2 === 1 && code === "participants_invalid", code);
    }
    const rows = await sql<{ epoch: number; fits: boolean }[]>`
      select k.epoch, s.participants <@ k.participants as fits
      from public.frost_signing_sessions as s join public.frost_key_packages as k using (key_package_id)
      where s.family_id = ${family.id}`;
    assert.equal(rows.length, tally(created).ok);
    for (const { epoch, fits } of rows) {
      assert.ok(fits);
      bound[epoch] = (bound[epoch] ?? 0) + 1;
    }
    // Once the registration was answered, nothing is made for the old key.
    const after = await make(sql, await session(stayers));
    assert.equal(after.answer.key_package_id, registered.answer.key_package_id);
    assert.equal((await make(sql, await session(family.guardians))).code, "participants_invalid");
  }
  console.log(`Sessions by epoch: ${JSON.stringify(bound)}`);
  await assertLegal(sql);
});
