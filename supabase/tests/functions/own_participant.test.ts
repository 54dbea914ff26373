/** A client may say who it takes itself for: with somebody else's token, it comes to nothing. */
import assert from "node:assert/strict";
import { accepted, type Json, refused, sharedStack, writesNothing } from "../support/answers.ts";
import { HttpFamily } from "../support/http_family.ts";
import { ciphertext, Recovering } from "../support/http_recovery.ts";

const stack = sharedStack();

/** Every function that acts for its caller, with a request that it would take from ann. */
async function requests(): Promise<{ family: HttpFamily; bodies: Record<string, Json> }> {
  const recovering = await Recovering.found(stack());
  const { family } = recovering;
  const rejecting = await recovering.ready();
  const completing = await recovering.ready();
  const collecting = await family.create();
  const signing = await family.signing();
  return {
    family,
    bodies: {
      "create-signing-request": family.request(),
      "submit-nonce-commitment": {
        sessionId: collecting,
        nonceCommitment: await family.commitmentOf("ann", collecting),
      },
      "submit-signature-share": {
        sessionId: signing,
        signatureShare: await family.shareOf("ann", signing),
      },
      "decline-signing-request": { sessionId: await family.create(), reason: "not me" },
      "submit-recovery-share": { requestId: await recovering.create(), ciphertext: ciphertext() },
      "reject-recovery-share": { requestId: rejecting, guardianId: "cleo", reason: "bad" },
      "complete-recovery": {
        requestId: completing,
        finalSignature: await recovering.sign(completing),
      },
    },
  };
}

Deno.test("a client that holds another guardian's token is not_a_participant, and nothing is recorded", async () => {
  const { family, bodies } = await requests();
  await writesNothing(stack().database.sql, async () => {
    for (const [name, body] of Object.entries(bodies)) {
      for (const [holder, participantId] of [["bob", "ann"], ["cleo", "ann"], ["ann", "bob"]]) {
        const answer = await family.call(holder, name, { ...body, participantId });
        refused(answer, "not_a_participant", `${name} ${holder}`);
        assert.equal(
          answer.body.error,
          `The access token is that of participant "${holder}", not of "${participantId}"`,
        );
      }
    }
  });
});

Deno.test("neither does a commitment of somebody else's raise the alarm of reused nonces", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.create();
  const nonceCommitment = await family.commitmentOf("ann", sessionId);
  accepted(await family.commit("ann", sessionId, nonceCommitment));
  const body = { sessionId, nonceCommitment, participantId: "ann" };
  await writesNothing(stack().database.sql, async () => {
    refused(await family.call("bob", "submit-nonce-commitment", body), "not_a_participant");
  });
});

Deno.test("a client that says who it is, and is, gets what it asks for", async () => {
  const { family, bodies } = await requests();
  for (const [name, body] of Object.entries(bodies)) {
    const status = name === "create-signing-request" ? 201 : 200;
    accepted(await family.call("ann", name, { ...body, participantId: "ann" }), status);
  }
});
