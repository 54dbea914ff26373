/** One user in several families: each call is about one of them, and the user is who it is there. */
import assert from "node:assert/strict";
import { signToken } from "../../local/token.ts";
import {
  accepted,
  call,
  type Json,
  refused,
  sharedStack,
  writesNothing,
} from "../support/answers.ts";
import { HttpFamily } from "../support/http_family.ts";
import { ciphertext, Recovering } from "../support/http_recovery.ts";

const stack = sharedStack();

/** A user that is ann in one family and bob in another. */
async function member() {
  const home = await HttpFamily.found(stack());
  const work = await HttpFamily.found(stack());
  const families = { [home.id]: "ann", [work.id]: "bob" };
  const token = await signToken({
    participant: "somebody",
    family: "unused",
    claims: { app_metadata: { families } },
  });
  const post = (name: string, body: Json) => call(stack(), name, { token }, body);
  return { home, work, post };
}

Deno.test("a member of two families signs in each as who it is there", async () => {
  const { home, work, post } = await member();
  for (const [family, me, other] of [[home, "ann", "bob"], [work, "bob", "ann"]] as const) {
    const created = await post("create-signing-request", family.request());
    const sessionId = String(accepted(created, 201).sessionId);
    assert.equal((await family.session(sessionId)).created_by, me);
    const nonceCommitment = await family.commitmentOf(me, sessionId);
    accepted(await post("submit-nonce-commitment", { sessionId, nonceCommitment }));
    accepted(await family.commit(other, sessionId));
    const signatureShare = await family.shareOf(me, sessionId);
    accepted(await post("submit-signature-share", { sessionId, signatureShare }));
    accepted(await family.share(other, sessionId));
    const answer = await post("aggregate-signature", { sessionId });
    assert.equal(accepted(answer).status, "completed");
  }
});

Deno.test("in one family it is not who it is in the other", async () => {
  const { home, work, post } = await member();
  const sessionId = await home.signing(["ann", "cleo"]);
  const collecting = await home.create();
  const signatureShare = await home.shareOf("ann", sessionId);
  const nonceCommitment = home.freshCommitment();
  const requests: readonly (readonly [name: string, body: Json])[] = [
    ["create-signing-request", home.request()],
    ["submit-nonce-commitment", { sessionId: collecting, nonceCommitment }],
    ["submit-signature-share", { sessionId, signatureShare }],
    ["decline-signing-request", { sessionId: collecting, reason: "not me" }],
  ];
  await writesNothing(stack().database.sql, async () => {
    for (const [name, body] of requests) {
      refused(await post(name, { ...body, participantId: "bob" }), "not_a_participant", name);
    }
  });
  for (const [name, body] of requests) {
    const status = name === "create-signing-request" ? 201 : 200;
    accepted(await post(name, { ...body, participantId: "ann" }), status);
  }
  assert.equal((await home.session(sessionId)).status, "signing");
  const created = await post("create-signing-request", work.request({ participantId: "bob" }));
  accepted(created, 201);
});

Deno.test("a recovery is that of its family, too", async () => {
  const recovering = await Recovering.found(stack());
  const elsewhere = await HttpFamily.found(stack());
  const token = await signToken({
    participant: "somebody",
    family: elsewhere.id,
    claims: { participant_id: "ann", families: { [recovering.family.id]: "bob" } },
  });
  const post = (name: string, body: Json) => call(stack(), name, { token }, body);
  const requestId = await recovering.create();
  const share = { requestId, ciphertext: ciphertext() };
  await writesNothing(stack().database.sql, async () => {
    const asAnn = await post("submit-recovery-share", { ...share, participantId: "ann" });
    refused(asAnn, "not_a_participant");
  });
  accepted(await post("submit-recovery-share", { ...share, participantId: "bob" }));
  const declined = { sessionId: await recovering.create(), reason: "no" };
  refused(
    await post("decline-signing-request", { ...declined, participantId: "ann" }),
    "not_a_participant",
  );
  accepted(await post("decline-signing-request", { ...declined, participantId: "bob" }));
});

Deno.test("what is of no family of its own is not to be seen, whatever it says", async () => {
  const { post } = await member();
  const foreign = await HttpFamily.found(stack());
  const sessionId = await foreign.signing();
  const requests: readonly (readonly [name: string, body: Json])[] = [
    ["submit-nonce-commitment", { sessionId, nonceCommitment: foreign.freshCommitment() }],
    ["submit-signature-share", { sessionId, signatureShare: "00" }],
    ["aggregate-signature", { sessionId }],
    ["decline-signing-request", { sessionId, reason: "no" }],
  ];
  await writesNothing(stack().database.sql, async () => {
    refused(await post("create-signing-request", foreign.request()), "not_in_family");
    for (const [name, body] of requests) {
      refused(await post(name, body), "session_not_found", name);
      refused(await post(name, { ...body, participantId: "ann" }), "session_not_found", name);
    }
  });
});
