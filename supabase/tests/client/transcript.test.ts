import assert from "node:assert/strict";
import { RecoveryRequests } from "../../../client/recovery/requests.ts";
import { verifyTranscript } from "../../../client/sessions/transcript.ts";
import { CIPHERSUITES } from "../../functions/_shared/frost/suites.ts";
import { withStack } from "../support/harness.ts";
import { AppFamily, must, refusedWith } from "../support/app_family.ts";
import { randomHex } from "../support/family.ts";
import { asked, give } from "../support/app_recovery.ts";

Deno.test("the transcript of a session proves who signed, and says what was refused", async () => {
  await withStack(async (stack) => {
    for (const ciphersuite of CIPHERSUITES.slice(0, 2)) {
      const family = await AppFamily.found(stack, { ciphersuite });
      const [ann, bob, cleo] = family.members;
      const request = family.request();
      const { sessionId } = must(await ann.sessions.createSession(request));
      refusedWith("commitment_invalid", await cleo.sessions.submitNonceCommitment(sessionId, "00"));
      const { session } = must(await ann.sessions.getSession(sessionId));
      for (const { guardian } of [ann, bob]) must((await guardian.commit(session)).answer);
      const share = randomHex(31);
      refusedWith(
        "share_invalid",
        await bob.sessions.submitPartialSignature(sessionId, `00${share}`),
      );
      for (const { guardian, sessions } of [ann, bob]) {
        const { signingPackage } = must(await sessions.getSigningPackage(sessionId));
        must((await guardian.sign(signingPackage)).answer);
      }
      const done = must(await cleo.sessions.getSession(sessionId)).session;
      const { transcript } = must(await cleo.sessions.getTranscript(sessionId));
      const verified = must(verifyTranscript(transcript, {
        keyPackageFingerprint: family.key.fingerprint,
        seenHead: session.transcript_head,
      }));
      assert.deepEqual(verified.proven, {
        message: request.messageHash,
        shares: ["ann", "bob"],
        finalSignature: done.final_signature,
      });
      assert.equal(verified.head, done.transcript_head);
      assert.deepEqual(
        verified.claimed.map(({ event, actor }) => [event, actor]),
        [["commitment_refused", "cleo"], ["share_refused", "bob"]],
      );
      // Ann's device has seen it while it grew, and so has cleo's, which committed to nothing.
      for (const { guardian } of [ann, cleo]) must(await guardian.checkTranscript(transcript));
    }
  });
});

Deno.test("a database that rewrote a session is found out by who saw it before", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob, cleo] = family.members;
    const { sessionId } = must(await ann.sessions.createSession(family.request()));
    const { session } = must(await ann.sessions.getSession(sessionId));
    for (const { guardian } of [ann, bob]) must((await guardian.commit(session)).answer);
    // A new chain over other events, as an attacker with the database can make one.
    await stack.database.sql.begin(async (sql) => {
      await sql`alter table frost_events disable trigger all`;
      await sql`delete from frost_events where subject_id = ${sessionId}`;
      await sql`delete from permafrost.event_heads where subject_id = ${sessionId}`;
      await sql`select permafrost.log_event('session', ${sessionId}, ${family.id}, 'created', 'ann',
        ${
        sql.json({
          message_hash: session.message_hash,
          participants: session.participants,
          threshold: 2,
          key_package_id: session.key_package_id,
        })
      })`;
      await sql`alter table frost_events enable trigger all`;
    });
    const { transcript } = must(await cleo.sessions.getTranscript(sessionId));
    must(verifyTranscript(transcript));
    refusedWith("transcript_rewritten", await ann.guardian.checkTranscript(transcript));
    must(await cleo.guardian.checkTranscript(transcript));
  });
});

Deno.test("the transcript of a recovery proves its signature", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob, cleo] = family.members;
    const { requester, requestId } = await asked(family);
    for (const guardian of [bob, cleo]) must(await give(guardian, requestId));
    const { finalSignature } = must(await requester.finish());
    const { transcript } = must(await new RecoveryRequests(ann.supabase).getTranscript(requestId));
    const { proven, claimed } = must(verifyTranscript(transcript));
    assert.deepEqual([proven.finalSignature, proven.shares], [finalSignature, []]);
    assert.ok(claimed.some(({ event, actor }) => event === "share_submitted" && actor === "bob"));
  });
});
