import assert from "node:assert/strict";
import { accepted, refused, sharedStack, writesNothing } from "../support/answers.ts";
import { randomHex } from "../support/family.ts";
import { HttpFamily, serviceRpc } from "../support/http_family.ts";
import { expire } from "../support/owner.ts";

const stack = sharedStack();

/** How far a session with ann's commitment, of a family where ann and bob sign, has come. */
const STATES = ["nonce_collection", "signing", "aggregating", "completed", "failed"] as const;

/** A session in that state, and what ann and bob have to send for it. */
async function sessionIn(status: (typeof STATES)[number]) {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.create();
  const commitment = await family.commitmentOf("ann", sessionId);
  accepted(await family.commit("ann", sessionId, commitment));
  if (status === "nonce_collection") return { family, sessionId, commitment, shares: ["", ""] };
  accepted(await family.commit("bob", sessionId));
  const shares = [await family.shareOf("ann", sessionId), await family.shareOf("bob", sessionId)];
  if (status !== "signing") accepted(await family.share("ann", sessionId, shares[0]));
  if (status === "aggregating") await dieAfterSharing(sessionId, "bob", shares[1]);
  if (status === "completed") accepted(await family.share("bob", sessionId, shares[1]));
  if (status === "failed") {
    await family.rpc("ann", "fail_signing_session", { p_session_id: sessionId, p_reason: "no" });
  }
  assert.equal((await family.session(sessionId)).status, status);
  return { family, sessionId, commitment, shares };
}

/** What a function leaves that dies between recording the last share and completing. */
async function dieAfterSharing(session: string, participant: string, share: string): Promise<void> {
  const args = { p_session_id: session, p_participant_id: participant, p_signature_share: share };
  assert.equal((await serviceRpc(stack(), "record_signature_share", args)).body.accepted, true);
}

for (const status of STATES) {
  Deno.test(`while ${status} the same commitment again is accepted, and another is already submitted`, async () => {
    const { family, sessionId, commitment } = await sessionIn(status);
    for (let again = 0; again < 2; again++) {
      const answer = await writesNothing(
        stack().database.sql,
        () => family.commit("ann", sessionId, commitment),
      );
      const first = status === "nonce_collection";
      assert.deepEqual(accepted(answer), {
        success: true,
        quorum: 1,
        status,
        nonceCount: first ? 1 : 2,
        thresholdMet: !first,
      });
    }
    const half = commitment.length / 2;
    const others = [
      family.freshCommitment(),
      commitment.slice(half) + commitment.slice(0, half),
      commitment.slice(0, half) + family.freshCommitment().slice(half),
    ];
    for (const other of others) {
      const answer = await writesNothing(
        stack().database.sql,
        () => family.commit("ann", sessionId, other),
        { events: 1 },
      );
      refused(answer, "commitment_already_submitted");
    }
    // The refused points were not taken: somebody else may use the fresh one.
    accepted(await family.commit("cleo", await family.create(), others[0]));
  });
}

Deno.test("the same share again is answered the same while signing", async () => {
  const { family, sessionId, shares } = await sessionIn("signing");
  const first = accepted(await family.share("ann", sessionId, shares[0]));
  const again = await writesNothing(
    stack().database.sql,
    () => family.share("ann", sessionId, shares[0]),
  );
  assert.deepEqual(accepted(again), first);
});

Deno.test("either signer's share again finishes an aggregating session", async () => {
  for (const [i, participant] of ["ann", "bob"].entries()) {
    const { family, sessionId, shares } = await sessionIn("aggregating");
    const answer = accepted(await family.share(participant, sessionId, shares[i]));
    const { status, final_signature } = await family.session(sessionId);
    assert.equal(status, "completed");
    assert.deepEqual(answer, {
      success: true,
      quorum: 1,
      status,
      signatureCount: 2,
      thresholdMet: true,
      finalSignature: final_signature,
    });
  }
});

Deno.test("the same share again after completion is answered with the signature", async () => {
  const { family, sessionId, shares } = await sessionIn("completed");
  const { final_signature } = await family.session(sessionId);
  for (const [i, participant] of ["ann", "bob"].entries()) {
    const answer = await writesNothing(
      stack().database.sql,
      () => family.share(participant, sessionId, shares[i]),
    );
    assert.deepEqual(accepted(answer), {
      success: true,
      quorum: 1,
      status: "completed",
      signatureCount: 2,
      thresholdMet: true,
      finalSignature: final_signature,
    });
  }
});

for (const status of ["aggregating", "completed"] as const) {
  Deno.test(`another share while ${status} is share_already_submitted`, async () => {
    const { family, sessionId, shares } = await sessionIn(status);
    for (const other of [shares[1], randomHex(31).padStart(64, "0"), "00"]) {
      const answer = await writesNothing(
        stack().database.sql,
        () => family.share("ann", sessionId, other),
        { events: 1 },
      );
      refused(answer, "share_already_submitted");
    }
  });
}

Deno.test("another share while signing is share_already_submitted, not a second answer for one nonce", async () => {
  const { family, sessionId, shares } = await sessionIn("signing");
  accepted(await family.share("ann", sessionId, shares[0]));
  refused(await family.share("ann", sessionId, shares[1]), "share_already_submitted");
  assert.deepEqual((await family.session(sessionId)).signature_shares, { ann: shares[0] });
  accepted(await family.share("bob", sessionId, shares[1]));
});

Deno.test("a failed session takes no share, but answers the one that came in time", async () => {
  const { family, sessionId, shares } = await sessionIn("failed");
  const { sql } = stack().database;
  const again = await writesNothing(sql, () => family.share("ann", sessionId, shares[0]));
  assert.deepEqual(accepted(again), {
    success: true,
    quorum: 1,
    status: "failed",
    signatureCount: 1,
    thresholdMet: false,
  });
  const other = await writesNothing(sql, () => family.share("ann", sessionId, shares[1]), {
    events: 1,
  });
  refused(other, "share_already_submitted");
  const late = await writesNothing(sql, () => family.share("bob", sessionId, shares[1]));
  refused(late, "session_finished");
  refused(await family.call("ann", "aggregate-signature", { sessionId }), "session_finished");
});

for (const status of ["nonce_collection", "signing", "aggregating"] as const) {
  Deno.test(`a session that expires while ${status} refuses everything as session_expired`, async () => {
    const { family, sessionId, commitment, shares } = await sessionIn(status);
    await expire(family.stack.database.sql, sessionId);
    const { sql } = stack().database;
    // The same again is too late as well, but nothing to be held against anybody.
    for (const [each, events] of [[commitment, 0], [family.freshCommitment(), 1]] as const) {
      const commit = () => family.commit("ann", sessionId, each);
      refused(await writesNothing(sql, commit, { events }), "session_expired");
    }
    await writesNothing(sql, async () => {
      for (const share of [shares[0] || "00", "01".repeat(32)]) {
        refused(await family.share("ann", sessionId, share), "session_expired");
      }
      refused(await family.call("ann", "aggregate-signature", { sessionId }), "session_expired");
    });
    const { status: shown, is_expired } = await family.session(sessionId);
    assert.deepEqual([shown, is_expired], ["expired", true]);
    // The sweep writes down what has been true since.
    await serviceRpc(stack(), "expire_old_frost_signing_sessions");
    refused(await family.commit("ann", sessionId, commitment), "session_expired");
    refused(await family.call("ann", "aggregate-signature", { sessionId }), "session_expired");
  });
}

Deno.test("a completed session stays completed past its time", async () => {
  const { family, sessionId, shares, commitment } = await sessionIn("completed");
  await expire(family.stack.database.sql, sessionId);
  assert.equal((await family.session(sessionId)).status, "completed");
  assert.equal(accepted(await family.share("bob", sessionId, shares[1])).status, "completed");
  assert.equal(accepted(await family.commit("ann", sessionId, commitment)).status, "completed");
  const aggregated = await family.call("ann", "aggregate-signature", { sessionId });
  assert.equal(accepted(aggregated).status, "completed");
});

Deno.test("creating twice makes two sessions: a request has no name of its own", async () => {
  const family = await HttpFamily.found(stack());
  const request = family.request();
  assert.notEqual(await family.create(request), await family.create(request));
});
