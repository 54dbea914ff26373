/** The secret key can record any share. A session that has such a one ends, with the name of whose it is. */
import assert from "node:assert/strict";
import { accepted, type Answer, refused, sharedStack } from "../support/answers.ts";
import { randomHex } from "../support/family.ts";
import { HttpFamily, serviceRpc } from "../support/http_family.ts";

const stack = sharedStack();

/** Shares of no guardian: a scalar, zero, and what is no scalar. */
const MADE_UP = [randomHex(31).padStart(64, "0"), "00".repeat(32), "ff".repeat(32)];

/** A session of ann and bob, in which a share is recorded that bob did not make. */
async function withShareOfBob(
  share = MADE_UP[0],
): Promise<{ family: HttpFamily; sessionId: string }> {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.signing(["ann", "bob"]);
  await record(sessionId, "bob", share);
  return { family, sessionId };
}

async function record(sessionId: string, participant: string, share: string): Promise<void> {
  const { status, text } = await serviceRpc(stack(), "record_signature_share", {
    p_session_id: sessionId,
    p_participant_id: participant,
    p_signature_share: share,
  });
  assert.equal(status, 200, text);
}

/** That the session failed because of that participant's share, and that the answer says so. */
async function blames(
  family: HttpFamily,
  sessionId: string,
  answer: Answer,
  participant = "bob",
): Promise<void> {
  const sentence = `The recorded signature share of ${participant} does not verify`;
  refused(answer, "session_finished");
  assert.equal(answer.body.error, `The session failed: ${sentence}`);
  const { status, error_message, final_signature } = await family.session(sessionId);
  assert.deepEqual([status, error_message, final_signature], ["failed", sentence, null]);
}

/** Whose shares were refused, and which. */
async function refusedShares(sessionId: string) {
  const rows = await stack().database.sql`
    select actor, detail ->> 'signature_share' as share from public.frost_events
    where subject = 'session' and subject_id = ${sessionId} and event = 'share_refused'
    order by seq`;
  return rows.map(({ actor, share }) => [actor, share]);
}

Deno.test("the last honest share's call finds the share that was made up", async () => {
  for (const share of MADE_UP) {
    const { family, sessionId } = await withShareOfBob(share);
    await blames(family, sessionId, await family.share("ann", sessionId));
    assert.deepEqual(await refusedShares(sessionId), [["bob", share]]);
  }
});

Deno.test("so does aggregate-signature, for any participant", async () => {
  for (const share of MADE_UP) {
    const { family, sessionId } = await withShareOfBob(share);
    await record(sessionId, "ann", await family.shareOf("ann", sessionId));
    assert.equal((await family.session(sessionId)).status, "aggregating");
    const answer = await family.call("cleo", "aggregate-signature", { sessionId });
    await blames(family, sessionId, answer);
    assert.deepEqual(await refusedShares(sessionId), [["bob", share]]);
  }
});

Deno.test("after that every call says how the session ended", async () => {
  const { family, sessionId } = await withShareOfBob();
  const share = await family.shareOf("ann", sessionId);
  await blames(family, sessionId, await family.share("ann", sessionId, share));
  // It came in time, so it is answered; nothing comes of it.
  assert.equal(accepted(await family.share("ann", sessionId, share)).status, "failed");
  for (const participant of family.participants) {
    const answer = await family.call(participant, "aggregate-signature", { sessionId });
    await blames(family, sessionId, answer);
  }
});

Deno.test("all who find it at once are told the same", async () => {
  const { family, sessionId } = await withShareOfBob();
  await record(sessionId, "ann", await family.shareOf("ann", sessionId));
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => family.call("cleo", "aggregate-signature", { sessionId })),
  );
  for (const answer of answers) refused(answer, "session_finished");
  const [{ failed }] = await stack().database.sql`
    select count(*)::int as failed from public.frost_events
    where subject = 'session' and subject_id = ${sessionId} and event = 'failed'`;
  assert.equal(failed, 1);
});

Deno.test("of several made-up shares the first one ends the session", async () => {
  const { family, sessionId } = await withShareOfBob();
  await record(sessionId, "ann", MADE_UP[1]);
  const answer = await family.call("bob", "aggregate-signature", { sessionId });
  await blames(family, sessionId, answer, "ann");
});
