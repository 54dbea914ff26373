import assert from "node:assert/strict";
import type postgres from "postgres";
import { freshDatabase } from "../support/harness.ts";
import { openLanes } from "./at_once.ts";
import { tally } from "../support/calls.ts";
import { SqlFamily } from "../support/sql_family.ts";
import { Random } from "../support/random.ts";
import { assertRecoveriesLegal, Recovery } from "../support/sql_recovery.ts";

Deno.test("of eight guardians who hand in shares at once where four are needed, four make it ready, once", async () => {
  const random = Random.printed("eight recovery shares");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 8);
  const family = await SqlFamily.found(sql, random, { threshold: 4, guardians: 8 });
  for (let round = 0; round < 10; round++) {
    const recovery = await Recovery.ask(family);
    const calls = await Promise.all(
      random.shuffled(family.guardians).map((g) => recovery.submit(g)),
    );
    const outcomes = await lanes.atOnce(calls);
    assert.deepEqual(tally(outcomes), { ok: 4, round_closed: 4 });
    const counts = outcomes.filter(({ code }) => code === "ok")
      .map(({ answer }) => `${answer.share_count} ${answer.status}`).sort();
    assert.deepEqual(counts, ["1 partial", "2 partial", "3 partial", "4 ready"]);
    assert.equal((await eventsOf(sql, recovery)).filter((event) => event === "ready").length, 1);
  }
  await assertRecoveriesLegal(sql);
});

Deno.test("a recovery share sent eight times at once counts once, and each sender hears so", async () => {
  const random = Random.printed("one recovery share eight times");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 8);
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
  for (let round = 0; round < 10; round++) {
    const recovery = await Recovery.ask(family);
    const [first, second] = family.guardians;
    for (const [guardian, told] of [[first, "1 partial"], [second, "2 ready"]]) {
      const outcomes = await lanes.atOnce(Array(8).fill(await recovery.submit(guardian)));
      assert.deepEqual(
        new Set(outcomes.map(({ answer }) => `${answer.share_count} ${answer.status}`)),
        new Set([told]),
      );
    }
    const events = await eventsOf(sql, recovery);
    assert.deepEqual(events, ["created", "share_submitted", "partial", "share_submitted", "ready"]);
    const other = await Recovery.ask(family);
    const different = await Promise.all(Array.from({ length: 8 }, () => other.submit(first)));
    assert.deepEqual(tally(await lanes.atOnce(different)), { ok: 1, share_already_submitted: 7 });
  }
  await assertRecoveriesLegal(sql);
});

Deno.test("of eight recipients set at once one wins, and the same one again is fine", async () => {
  const random = Random.printed("eight recipients");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 8);
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
  for (let round = 0; round < 10; round++) {
    const recovery = await Recovery.ask(family, { recipient: false });
    const keys = Array.from({ length: 8 }, () => random.hex(32));
    const outcomes = await lanes.atOnce(
      await Promise.all(keys.map((key) => recovery.setRecipient(key))),
    );
    assert.deepEqual(tally(outcomes), { ok: 1, invalid_transition: 7 });
    const winner = keys[outcomes.findIndex(({ code }) => code === "ok")];
    const [{ recipient_public_key }] = await sql`
      select recipient_public_key from public.sss_signing_requests where request_id = ${recovery.id}`;
    assert.equal(recipient_public_key, winner);
    const again = await lanes.atOnce(Array(8).fill(await recovery.setRecipient(winner)));
    assert.deepEqual(tally(again), { ok: 8 });
  }
  await assertRecoveriesLegal(sql);
});

Deno.test("shares, rejections, declines, a failure and completions at once leave a legal request", async () => {
  const random = Random.printed("everything about a recovery at once");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 12);
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 5 });
  const ends: Record<string, number> = {};
  for (let round = 0; round < 30; round++) {
    const recovery = await Recovery.ask(family);
    const [first, second, third, fourth] = random.shuffled(family.guardians);
    // As far as the round says, the request has got on before.
    for (const guardian of [first, second].slice(0, round % 3)) {
      await family.must(recovery.submit(guardian));
    }
    const signature = random.hex(64);
    const calls = await Promise.all([
      ...[first, second, third, fourth].map((guardian) => recovery.submit(guardian)),
      ...[first, second].map((guardian) => recovery.reject(guardian)),
      ...[third, fourth].map((guardian) => recovery.decline(guardian)),
      ...[signature, signature, random.hex(64)].map((s) => Promise.resolve(recovery.complete(s))),
      ...(round % 2 === 0 ? [recovery.fail()] : []),
    ]);
    const outcomes = await lanes.atOnce(random.shuffled(calls));
    for (const { code } of outcomes) {
      assert.match(
        code,
        /^(ok|round_closed|round_open|session_finished|share_already_submitted|not_a_participant|invalid_transition)$/,
      );
    }
    const [{ status }] = await sql<{ status: string }[]>`
      select status from public.sss_signing_requests where request_id = ${recovery.id}`;
    ends[status] = (ends[status] ?? 0) + 1;
  }
  console.log(`Ends: ${JSON.stringify(ends)}`);
  await assertRecoveriesLegal(sql);
});

Deno.test("several requests that become ready at once mark their key exposed once", async () => {
  const random = Random.printed("several requests ready at once");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 8);
  for (let round = 0; round < 8; round++) {
    const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
    const calls = [];
    for (let i = 0; i < 8; i++) {
      const recovery = await Recovery.ask(family);
      await family.must(recovery.submit(family.guardians[0]));
      calls.push(await recovery.submit(family.guardians[1]));
    }
    assert.deepEqual(tally(await lanes.atOnce(calls)), { ok: 8 });
  }
  await assertRecoveriesLegal(sql);
});

Deno.test("new shares of a key that is being exposed are of an exposed key, or end what would expose it", async () => {
  const random = Random.printed("new shares of an exposed key");
  await using database = await freshDatabase();
  const { sql } = database;
  const lanes = openLanes(database, 2);
  for (let round = 0; round < 20; round++) {
    const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
    const [{ group_public_key }] = await sql<{ group_public_key: string }[]>`
      select group_public_key from public.frost_key_packages where family_id = ${family.id}`;
    const recovery = await Recovery.ask(family);
    await family.must(recovery.submit(family.guardians[0]));
    const ready = await recovery.submit(family.guardians[1]);
    const outcomes = await lanes.atOnce(
      random.shuffled([ready, family.registration(group_public_key)]),
    );
    const codes = outcomes.map(({ code }) => code).sort();
    const exposed = codes[0] === "ok";
    assert.deepEqual(codes, [exposed ? "ok" : "key_retired", "ok"]);
    const epochs = await sql<{ epoch: number; exposed: boolean }[]>`
      select epoch, exposed_at is not null as exposed from public.frost_key_packages
      where family_id = ${family.id} order by epoch`;
    assert.deepEqual(
      epochs.map((row) => ({ ...row })),
      [1, 2].map((epoch) => ({ epoch, exposed })),
      `round ${round}`,
    );
  }
  await assertRecoveriesLegal(sql);
});

async function eventsOf(sql: postgres.Sql, { id }: Recovery): Promise<string[]> {
  const rows = await sql<{ event: string }[]>`
    select event from public.frost_events where subject_id = ${id} order by seq`;
  return rows.map(({ event }) => event);
}
