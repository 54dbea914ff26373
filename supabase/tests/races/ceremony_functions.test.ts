/** Functions of a ceremony that die between its steps, and that run at once. */
import assert from "node:assert/strict";
import { accepted, refused, sharedStack } from "../support/answers.ts";
import { must } from "../support/app_family.ts";
import { type HandmadeCeremony, NAMES, sceneOf, SCENES } from "../support/handmade_ceremony.ts";

const stack = sharedStack();

/** The rounds before confirming. */
const roundsOf = (scene: string) => scene === "reshare" ? [1] : [1, 2];

for (const scene of SCENES.keys()) {
  Deno.test(`${scene}: whoever asks next ends a round whose last function died`, async () => {
    for (const round of roundsOf(scene)) {
      const ceremony = await sceneOf(stack(), scene);
      await ceremony.playTo(round);
      await ceremony.playTo(round + 1, "bob");
      await ceremony.record("bob", round);
      const left = await ceremony.view();
      assert.deepEqual([left.round, left.missing], [round, []]);
      // Sent again, by whomever of those who have sent.
      const { status } = accepted(await ceremony.submit("ann", round));
      assert.notEqual(status, left.status);
      await ceremony.finish();
    }
  });

  Deno.test(`${scene}: a guardian's device that finds such a round ends it`, async () => {
    for (const round of roundsOf(scene)) {
      const ceremony = await sceneOf(stack(), scene);
      await ceremony.playTo(round);
      await ceremony.playTo(round + 1, "bob");
      await ceremony.record("bob", round);
      const joined = await Promise.all(
        NAMES.map((name) => ceremony.family.join(name, ceremony.started)),
      );
      for (const result of joined) must(result);
    }
  });

  Deno.test(`${scene}: the last confirmation completes, even if its function died`, async () => {
    const ceremony = await sceneOf(stack(), scene);
    await ceremony.playTo(3);
    await ceremony.playTo(4, "bob");
    await ceremony.record("bob", 3);
    assert.equal((await ceremony.view()).status, "completed");
    for (const name of NAMES) must(await ceremony.family.join(name, ceremony.started));
  });

  Deno.test(`${scene}: of two last messages at once one ends the round`, async () => {
    const ceremony = await sceneOf(stack(), scene);
    for (const round of [...roundsOf(scene), 3]) {
      await ceremony.playTo(round);
      await ceremony.playTo(round + 1, "ann", "bob");
      const [ann, bob] = await Promise.all(
        ["ann", "bob"].map((name) => ceremony.message(name, round)),
      );
      const answers = await Promise.all([
        ceremony.submit("ann", round, ann),
        ceremony.submit("bob", round, bob),
        ceremony.submit("ann", round, ann),
        ceremony.submit("bob", round, bob),
      ]);
      for (const answer of answers) accepted(answer);
      assert.notEqual((await ceremony.view()).round, round);
      const sent = (await ceremony.events("message_accepted"))
        .filter(({ detail }) => detail.round === round).map(({ actor }) => actor);
      assert.deepEqual(sent.sort(), sendersIn(ceremony, round));
    }
    assert.equal((await ceremony.view()).status, "completed");
    assert.equal((await ceremony.keys()).length, scene === "reshare" ? 2 : 1);
  });

  Deno.test(`${scene}: two processes of each guardian at once send one message a round`, async () => {
    const ceremony = await sceneOf(stack(), scene);
    for (const name of NAMES) {
      await ceremony.family.guardian(name).store.remove(ceremony.id, "begun");
    }
    const joined = await Promise.all(
      [...NAMES, ...NAMES].map((name) => ceremony.family.join(name, ceremony.started)),
    );
    const shares = joined.map((result) => must(result).keyShare);
    assert.deepEqual(shares.slice(0, NAMES.length), shares.slice(NAMES.length));
    const messages = await ceremony.events("message_accepted");
    const rounds = [...roundsOf(scene), 3];
    assert.equal(
      messages.length,
      rounds.reduce((sum, round) => sum + sendersIn(ceremony, round).length, 0),
    );
  });
}

for (const scene of ["chilldkg", "pedersen"]) {
  Deno.test(`${scene}: a message of a round that opens while it is received is not recorded unverified`, async () => {
    const ceremony = await sceneOf(stack(), scene);
    const { sql } = stack().database;
    await ceremony.playTo(2, "ann");
    const { rounds, ...state } = await ceremony.state();
    assert.equal(rounds[0].size, 2);
    const { id, family } = ceremony;
    const lie = await ceremony.signed("bob", 3, { message: "00" });
    const payload = JSON.stringify(await ceremony.message("ann", 1));
    // The function has read that round one is open, and waits for its turn while that ends.
    const sending = await sql.begin(async (transaction) => {
      await transaction`select permafrost.lock_family_key(${family.id})`;
      const submitted = ceremony.submit("bob", 2, lie);
      await untilBlocked(submitted);
      await transaction`select permafrost.record_ceremony_message(${id}, 'ann', 1, ${payload}::jsonb)`;
      await transaction`select permafrost.advance_key_ceremony(${id}, 1,
        ${scene === "chilldkg" ? "00" : null}, null, null)`;
      return { submitted };
    });
    assert.equal(state.view.round, 1);
    refused(await sending.submitted, "round_open");
    const kept = await sql`
      select participant_id from public.frost_ceremony_messages
      where ceremony_id = ${id} and round = 2`;
    assert.deepEqual([...kept], []);
  });
}

/** Waits until a statement waits for a lock, or the call is answered without. */
async function untilBlocked(call: Promise<unknown>): Promise<void> {
  let isAnswered = false;
  call.finally(() => isAnswered = true);
  for (;;) {
    const [{ blocked }] = await stack().database.sql<{ blocked: boolean }[]>`
      select exists (select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock') as blocked`;
    if (blocked || isAnswered) return;
  }
}

function sendersIn({ request }: HandmadeCeremony, round: number): string[] {
  return [...(round === 1 ? request.dealers : undefined) ?? request.participants].sort();
}
