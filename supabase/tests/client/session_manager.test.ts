import assert from "node:assert/strict";
import { schnorr } from "@noble/curves/secp256k1.js";
import { hexToBytes } from "@noble/curves/utils.js";
import { Guardian } from "../../../client/guardian/guardian.ts";
import { FrostSessionManager } from "../../../client/sessions/manager.ts";
import { withStack } from "../support/harness.ts";
import {
  AppFamily,
  clientOf,
  type Member,
  must,
  operatorOf,
  refusedWith,
} from "../support/app_family.ts";
import { randomHex } from "../support/family.ts";
import { expire, pastTheGuards } from "../support/owner.ts";

Deno.test("a session is created, signed by two of three, and verified by the client", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob] = family.members;
    const before = Date.now();
    const request = family.request();
    const created = must(await ann.sessions.createSession(request));
    assert.equal(created.status, "pending");
    const lasts = created.expiresAt - before;
    assert.ok(lasts >= 300_000 && lasts < 330_000, `5 minutes by default, not ${lasts} ms`);

    const { sessionId } = created;
    const { session } = must(await bob.sessions.getSession(sessionId));
    assert.deepEqual(session.missing_commitments, ["ann", "bob", "cleo"]);
    refusedWith("round_open", await ann.sessions.verifyAggregatedSignature(sessionId));
    refusedWith("round_open", await ann.sessions.getSigningPackage(sessionId));

    const signature = await family.sign(sessionId);
    const { groupPublicKey } = family.key.registration;
    const [sig, message, key] = [signature, request.messageHash, groupPublicKey.slice(2)];
    assert.ok(schnorr.verify(hexToBytes(sig), hexToBytes(message), hexToBytes(key)));
    assert.deepEqual(must(await bob.sessions.verifyAggregatedSignature(sessionId)), {
      success: true,
      valid: true,
      finalSignature: signature,
      groupPublicKey,
    });
    const again = must(await ann.sessions.aggregateSignatures(sessionId));
    assert.equal(again.finalSignature, signature);
  });
});

Deno.test("verifyAggregatedSignature() does not take the coordinator's word for a signature", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann] = family.members;
    const { sessionId } = must(await ann.sessions.createSession(family.request()));
    await family.sign(sessionId);
    // What a coordinator that was taken over could do.
    await pastTheGuards(
      stack.database.sql,
      (sql) =>
        sql`update frost_signing_sessions set final_signature = ${randomHex(64)}
        where session_id = ${sessionId}`,
    );
    assert.equal(must(await ann.sessions.verifyAggregatedSignature(sessionId)).valid, false);
  });
});

Deno.test("refusals reach the caller with the server's code and sentence", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob] = family.members;
    assert.deepEqual(await ann.sessions.createSession({ ...family.request(), threshold: 9 }), {
      success: false,
      code: "threshold_invalid",
      error: "The threshold must be from 1 to the number of participants",
    });
    assert.deepEqual(await ann.sessions.getSession("nowhere"), {
      success: false,
      code: "session_not_found",
      error: "There is no such session, or the caller may not see it",
    });
    const { sessionId } = must(await ann.sessions.createSession(family.request()));
    refusedWith("invalid_input", await ann.sessions.submitNonceCommitment(sessionId, "XYZ"));
    refusedWith("commitment_invalid", await ann.sessions.submitNonceCommitment(sessionId, "00"));
    refusedWith("not_the_creator", await bob.sessions.failSession(sessionId, "no"));
    refusedWith("invalid_input", await ann.sessions.failSession(sessionId, " "));
    assert.equal(
      must(await ann.sessions.failSession(sessionId, "We thought again")).status,
      "failed",
    );
    // Again, for the same reason: the answer got lost, for all the server knows.
    must(await ann.sessions.failSession(sessionId, "We thought again"));
    refusedWith("session_finished", await ann.sessions.verifyAggregatedSignature(sessionId));

    const stranger = await clientOf(stack, "ann", "another family");
    refusedWith("session_not_found", await new FrostSessionManager(stranger).getSession(sessionId));
  });
});

Deno.test("a refusal that the database records and returns is a refusal to the client", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob] = family.members;
    const { sessionId } = must(await ann.sessions.createSession(family.request()));
    const { session } = must(await ann.sessions.getSession(sessionId));
    const { nonceCommitment } = await ann.guardian.commit(session);
    refusedWith(
      "nonce_reused",
      await bob.sessions.submitNonceCommitment(sessionId, nonceCommitment),
    );
    // By the same guardian it is a retry.
    assert.equal(
      must(await ann.sessions.submitNonceCommitment(sessionId, nonceCommitment)).nonceCount,
      1,
    );
  });
});

Deno.test("recoverSession() says what is missing, at every step", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob] = family.members;
    const { sessionId } = must(await ann.sessions.createSession(family.request()));
    const needs = async () => {
      const { success: _, ...rest } = must(await ann.sessions.recoverSession(sessionId));
      return rest;
    };
    const nothing = {
      missingCommitments: [],
      missingSignatures: [],
      canAggregate: false,
      isExpired: false,
    };
    await bob.guardian.commit(must(await bob.sessions.getSession(sessionId)).session);
    assert.deepEqual(await needs(), {
      ...nothing,
      status: "nonce_collection",
      missingCommitments: ["ann", "cleo"],
    });
    await ann.guardian.commit(must(await ann.sessions.getSession(sessionId)).session);
    await bob.guardian.sign(must(await bob.sessions.getSigningPackage(sessionId)).signingPackage);
    assert.deepEqual(await needs(), { ...nothing, status: "signing", missingSignatures: ["ann"] });
    // The last share is recorded, and its caller died before it finished the session.
    const signatureShare = await shareOf(ann, sessionId);
    const { error } = await family.operator.rpc("record_signature_share", {
      p_session_id: sessionId,
      p_participant_id: "ann",
      p_signature_share: signatureShare,
    });
    assert.equal(error, null);
    assert.deepEqual(await needs(), { ...nothing, status: "aggregating", canAggregate: true });
    must(await ann.sessions.aggregateSignatures(sessionId));
    assert.deepEqual(await needs(), { ...nothing, status: "completed" });
  });
});

/** Ann's share, made on her device and not handed in. */
async function shareOf({ keyShare, store, sessions }: Member, sessionId: string): Promise<string> {
  const nowhere = () => Promise.resolve();
  const transport = { submitNonceCommitment: nowhere, submitSignatureShare: nowhere };
  const { signingPackage } = must(await sessions.getSigningPackage(sessionId));
  const guardian = new Guardian({ keyShare, store, transport });
  return (await guardian.sign(signingPackage)).signatureShare;
}

Deno.test("sweeping is the operators', and says how much was done", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann] = family.members;
    const operator = new FrostSessionManager(operatorOf(stack));
    const { sessionId } = must(await ann.sessions.createSession(family.request()));
    await expire(stack.database.sql, sessionId);
    refusedWith("unauthorized", await ann.sessions.expireOldSessions());
    refusedWith("unauthorized", await ann.sessions.cleanupOldSessions());
    assert.equal(must(await ann.sessions.recoverSession(sessionId)).isExpired, true);
    assert.equal(must(await operator.expireOldSessions()).expired, 1);
    assert.equal(must(await operator.expireOldSessions()).expired, 0);
    refusedWith("invalid_input", await operator.cleanupOldSessions(0));
    assert.equal(must(await operator.cleanupOldSessions()).deleted, 1);
    refusedWith("session_not_found", await ann.sessions.getSession(sessionId));
  });
});
