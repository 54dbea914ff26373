/** Quorums over plain HTTP: which shares finish a session, which come late, which come again. */
import assert from "node:assert/strict";
import { z } from "zod";
import {
  accepted,
  type Answer,
  type Json,
  refused,
  sharedStack,
  writesNothing,
} from "../support/answers.ts";
import { randomHex } from "../support/family.ts";
import { HttpFamily, serviceRpc, type ShareItem } from "../support/http_family.ts";

const stack = sharedStack();

/** Sends one share; its answer. */
const send = (family: HttpFamily, participant: string, item: Json) =>
  family.call(participant, "submit-signature-share", item);

async function oneTap(family: HttpFamily): Promise<string> {
  await family.fillPools(2);
  return await family.create(family.request({ mode: "one_tap" }));
}

/** A robust session whose first quorum is ann and bob, and what both owe. */
async function robust(): Promise<{ family: HttpFamily; sessionId: string; owed: ShareItem[] }> {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.create(family.request({ mode: "robust" }));
  const owed: ShareItem[] = [];
  for (const guardian of ["ann", "bob"]) {
    accepted(await family.commit(guardian, sessionId, await family.draw(guardian)));
  }
  for (const guardian of ["ann", "bob"]) owed.push(...await family.owed(guardian, sessionId));
  return { family, sessionId, owed };
}

Deno.test("a robust session goes on without a silent signer, by shares that bring the next commitment", async () => {
  const { family, sessionId, owed: [ann, bob] } = await robust();
  const commit = async (guardian: string) =>
    await family.commit(guardian, sessionId, await family.draw(guardian));
  refused(await commit("ann"), "share_owed");
  const waiting = accepted(await commit("cleo"));
  assert.deepEqual([waiting.quorum, waiting.nonceCount], [2, 1]);
  const [share] = await family.items("ann", "submit-signature-shares", [
    { ...ann, nextNonceCommitment: await family.draw("ann") },
  ]);
  const counted = { quorum: 1, status: "signing", signatureCount: 1, thresholdMet: false };
  assert.deepEqual(share, {
    sessionId,
    success: true,
    ...counted,
    nextNonceCommitment: {
      success: true,
      quorum: 2,
      status: "signing",
      nonceCount: 2,
      thresholdMet: true,
    },
  });
  const signers = ["ann", "cleo"];
  for (const guardian of signers) {
    const [item, ...others] = await family.owed(guardian, sessionId);
    assert.deepEqual([item.quorum, others], [2, []]);
    accepted(await send(family, guardian, item));
  }
  const { status, signers: finishers, final_signature } = await family.session(sessionId);
  assert.deepEqual([status, finishers], ["completed", signers]);
  // Bob comes late: with the signature nothing is left to do.
  const [late] = await family.items("bob", "submit-signature-shares", [
    { ...bob, nextNonceCommitment: await family.draw("bob") },
  ]);
  for (const part of [late, late.nextNonceCommitment]) {
    const { success, code, finalSignature } = z.looseObject({}).parse(part);
    assert.deepEqual([success, code], [false, "session_finished"]);
    assert.equal(finalSignature, final_signature);
  }
});

Deno.test("share and next commitment are judged apart", async () => {
  const { family, sessionId, owed: [ann, bob] } = await robust();
  const sendBoth = async (item: Json, nextNonceCommitment: string) => {
    const [answer] = await family.items("ann", "submit-signature-shares", [
      { ...item, nextNonceCommitment },
    ]);
    const next = z.looseObject({}).parse(answer.nextNonceCommitment);
    return [answer.code ?? answer.status, next.code ?? next.status];
  };
  const bad = { ...ann, signatureShare: bob.signatureShare };
  const next = await family.draw("ann");
  assert.deepEqual(await sendBoth(bad, next), ["share_invalid", "share_owed"]);
  assert.deepEqual(await sendBoth(ann, "00"), ["signing", "commitment_invalid"]);
  assert.deepEqual(await sendBoth(ann, next), ["signing", "signing"]);
  assert.deepEqual(await sendBoth(ann, next), ["signing", "signing"], "The same again");
  const other = await family.draw("ann");
  assert.deepEqual(await sendBoth(ann, other), ["signing", "commitment_already_submitted"]);
  const [malformed] = await family.items("ann", "submit-signature-shares", [
    { ...ann, nextNonceCommitment: other.toUpperCase() },
  ]);
  assert.deepEqual([malformed.code, malformed.nextNonceCommitment], ["invalid_input", undefined]);
  accepted(await send(family, "bob", bob));
  assert.equal((await family.session(sessionId)).status, "completed");
});

Deno.test("a share for a quorum that another has overtaken is told the signature, by both functions", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await oneTap(family);
  const [ann, bob, cleo] = await Promise.all(
    ["ann", "bob", "cleo"].map((guardian) => family.owed(guardian, sessionId)),
  );
  accepted(await send(family, "ann", ann[0]));
  const { finalSignature } = accepted(await send(family, "bob", bob[0]));
  assert.ok(typeof finalSignature === "string");
  await writesNothing(stack().database.sql, async () => {
    const { sessionId, signatureShare } = cleo[0];
    const bad = { ...cleo[0], signatureShare: cleo[1].signatureShare };
    for (const item of [cleo[0], { sessionId, signatureShare }, bad]) {
      const late = await send(family, "cleo", item);
      refused(late, "session_finished");
      assert.equal(late.body.finalSignature, finalSignature);
      const [one] = await family.items("cleo", "submit-signature-shares", [item]);
      assert.deepEqual(one, { sessionId, ...late.body });
    }
  });
});

Deno.test("a share that is sent again gets its answer, with the quorum and without", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await oneTap(family);
  const [first, second] = await family.owed("ann", sessionId);
  const answer = accepted(await send(family, "ann", first));
  const { quorum: _, ...nameless } = first;
  const again = async (status: string) => {
    for (const item of [first, nameless]) {
      const { body } = await writesNothing(
        stack().database.sql,
        () => send(family, "ann", item),
      );
      assert.deepEqual([body.quorum, body.status], [1, status], JSON.stringify(body));
      if (status === "signing") assert.deepEqual(body, answer);
    }
  };
  await again("signing");
  // Without a quorum, what was not sent before is for the first that is not answered.
  const { signatureShare } = second;
  assert.equal(accepted(await send(family, "ann", { sessionId, signatureShare })).quorum, 2);
  await again("signing");
  const other = { ...first, signatureShare: randomHex(31).padStart(64, "0") };
  const { sql } = stack().database;
  const refusal = await writesNothing(sql, () => send(family, "ann", other), { events: 1 });
  refused(refusal, "share_already_submitted");
  const [cleo] = await family.owed("cleo", sessionId);
  assert.equal(accepted(await send(family, "cleo", cleo)).status, "completed");
  await again("completed");
});

Deno.test("one call holds shares of one session for two quorums, in any order, each judged alone", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await oneTap(family);
  const [first, second] = await family.owed("bob", sessionId);
  const swapped = { ...first, signatureShare: second.signatureShare };
  const results = await family.items("bob", "submit-signature-shares", [second, swapped, first]);
  assert.deepEqual(
    results.map(({ code, quorum, status }) => code ?? [quorum, status]),
    [[3, "signing"], "share_invalid", [1, "signing"]],
  );
  const [ann] = await family.owed("ann", sessionId);
  assert.equal(accepted(await send(family, "ann", ann)).status, "completed");
});

/** What a function leaves that dies between recording a share and completing. */
async function recordOnly(participant: string, item: ShareItem): Promise<Answer> {
  return await serviceRpc(stack(), "record_signature_share", {
    p_session_id: item.sessionId,
    p_participant_id: participant,
    p_signature_share: item.signatureShare,
    p_quorum: item.quorum,
  });
}

Deno.test("a one_tap session whose last caller died is finished by any, from the quorum that is full", async () => {
  for (
    const finish of ["aggregate-signature", "submit-signature-share", "submit-signature-shares"]
  ) {
    const family = await HttpFamily.found(stack());
    const sessionId = await oneTap(family);
    const [, ann] = await family.owed("ann", sessionId);
    const [cleo] = await family.owed("cleo", sessionId);
    const [bob] = await family.owed("bob", sessionId);
    accepted(await send(family, "bob", bob));
    accepted(await send(family, "ann", ann));
    assert.equal((await recordOnly("cleo", cleo)).body.status, "aggregating");
    const body = { ...cleo, items: [cleo] };
    accepted(await family.call("cleo", finish, body));
    const { message_hash, final_signature, signers } = await family.session(sessionId);
    assert.ok(family.verifies(String(message_hash), final_signature), finish);
    assert.deepEqual(signers, ["ann", "cleo"]);
  }
});

Deno.test("a made-up share in a quorum ends its session with the name of whose it is", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await oneTap(family);
  const [, ann] = await family.owed("ann", sessionId);
  await recordOnly("cleo", { ...ann, signatureShare: randomHex(31).padStart(64, "0") });
  const answer = await send(family, "ann", ann);
  refused(answer, "session_finished");
  const { status, error_message } = await family.session(sessionId);
  assert.deepEqual(
    [status, error_message],
    ["failed", "The recorded signature share of cleo does not verify"],
  );
});

Deno.test("guardians who finish a session at once, each by another quorum, all learn of one signature", async () => {
  const family = await HttpFamily.found(stack());
  for (let repetition = 0; repetition < 8; repetition++) {
    const sessionId = await oneTap(family);
    const calls = await Promise.all(family.participants.map(async (guardian, i) => {
      const owed = await family.owed(guardian, sessionId);
      const items = i % 2 === 0 ? owed : owed.toReversed();
      return () => family.items(guardian, "submit-signature-shares", items);
    }));
    const results = (await Promise.all(calls.map((go) => go()))).flat();
    for (const { success, code } of results) {
      assert.ok(success === true || code === "session_finished", String(code));
    }
    const { message_hash, final_signature } = await family.session(sessionId);
    assert.ok(family.verifies(String(message_hash), final_signature));
    const told = results.flatMap(({ finalSignature }) => finalSignature ?? []);
    assert.deepEqual(new Set(told), new Set([final_signature]));
    const { sql } = stack().database;
    const accused = await sql`
      select from public.frost_events where subject_id = ${sessionId} and event = 'share_refused'`;
    assert.equal(accused.length, 0, "Who was slower is accused of nothing");
  }
});
