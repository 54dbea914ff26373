/** The races of round one over HTTP, with real commitments, through the edge functions. */
import assert from "node:assert/strict";
import { withStack } from "../support/harness.ts";
import { Random } from "../support/random.ts";
import { assertLegal } from "../support/legality.ts";
import { tallyAnswers } from "../support/answers.ts";
import { HttpFamily } from "../support/http_family.ts";

Deno.test("over HTTP, of 64 callers at once with one nonce commitment one is accepted", async () => {
  const random = Random.printed("64 callers over HTTP");
  await withStack(async (stack) => {
    const { sql } = stack.database;
    const family = await HttpFamily.ofMany(stack, 2, 8);
    const drawn: string[] = [];
    const device = family.deviceOf(family.participants[0], {
      submitNonceCommitment: (_, hex) => Promise.resolve({ status: drawn.push(hex), body: {} }),
      submitSignatureShare: () => Promise.reject(new Error("Nobody asked for a share")),
    });
    const sessions: string[] = [];
    for (let i = 0; i < 64; i++) {
      sessions.push(await family.create(family.request({ messageHash: random.hex(32) })));
    }
    await device.commit(await family.sessionFor(device.participantId, sessions[0]));
    const [nonceCommitment] = drawn;

    const answers = await Promise.all(
      sessions.map((sessionId) =>
        family.call(random.pick(family.participants), "submit-nonce-commitment", {
          sessionId,
          nonceCommitment,
        })
      ),
    );
    assert.deepEqual(tallyAnswers(answers), { 200: 1, "409 nonce_reused": 63 });
    const refused = sessions.filter((_, i) => answers[i].status === 409);
    const events = await sql<{ session_id: string }[]>`
      select subject_id as session_id from public.frost_events
      where event = 'commitment_refused' and detail ->> 'code' = 'nonce_reused'`;
    assert.equal(events.length, 63);
    assert.deepEqual(new Set(events.map(({ session_id }) => session_id)), new Set(refused));
    await assertLegal(sql);
  });
});

Deno.test("over HTTP, of 16 who commit at once where 5 are needed 5 are in, and those can sign", async () => {
  const random = Random.printed("16 commit at once over HTTP");
  await withStack(async (stack) => {
    const { sql } = stack.database;
    const family = await HttpFamily.ofMany(stack, 3, 16);
    for (let round = 0; round < 5; round++) {
      const message = random.hex(32);
      const session = await family.create({
        ...family.request({ messageHash: message, threshold: 5 }),
      });
      const seen = await family.sessionFor(family.participants[0], session);
      const devices = random.shuffled(family.participants).map((guardian) =>
        family.deviceOf(guardian, family.transport(guardian))
      );
      const committed = await Promise.all(devices.map((device) => device.commit(seen)));
      const answers = committed.map(({ answer }) => answer);
      assert.deepEqual(tallyAnswers(answers), { 200: 5, "409 round_closed": 11 });
      const counts = answers.filter(({ status }) => status === 200)
        .map((
          { body: { nonceCount, status, thresholdMet } },
        ) => [nonceCount, status, thresholdMet]);
      assert.deepEqual(counts.sort(([a], [b]) => Number(a) - Number(b)), [
        ...[1, 2, 3, 4].map((count) => [count, "nonce_collection", false]),
        [5, "signing", true],
      ]);
      const accepted = devices.filter((_, i) => answers[i].status === 200);
      const { signers } = await family.packageFor(family.participants[0], session);
      const ids = accepted.map(({ participantId }) => participantId);
      assert.deepEqual(signers, family.participants.filter((guardian) => ids.includes(guardian)));

      const signed = await Promise.all(
        accepted.map(async (device) =>
          device.sign(await family.packageFor(device.participantId, session))
        ),
      );
      assert.deepEqual(tallyAnswers(signed.map(({ answer }) => answer)), { 200: 5 });
      const last = signed.map(({ answer }) => answer.body.finalSignature).filter(Boolean);
      assert.ok(last.length > 0 && last.every((signature) => family.verifies(message, signature)));
    }
    await assertLegal(sql);
  });
});
