/** Guardians who approve once, through the real functions. */
import assert from "node:assert/strict";
import { verifySignature } from "../../functions/_shared/frost/verification.ts";
import { Guardian } from "../../../client/guardian/guardian.ts";
import { guardianTransport } from "../../../client/guardian/guardian_transport.ts";
import { MemoryNonceStore } from "../../../client/guardian/stores/memory_nonce_store.ts";
import type { NonceStore } from "../../../client/guardian/stores/nonce_store.ts";
import { verifyTranscript } from "../../../client/sessions/transcript.ts";
import { withStack } from "../support/harness.ts";
import { AppFamily, type Member, must } from "../support/app_family.ts";
import { randomHex } from "../support/family.ts";

/** A member's device, which knows its family. */
function deviceOf(
  { id }: AppFamily,
  { keyShare, supabase }: Member,
  { store = new MemoryNonceStore(), ...options }: {
    store?: NonceStore;
    approveAll?: (sessions: readonly unknown[]) => boolean;
  } = {},
) {
  const transport = guardianTransport(supabase);
  return new Guardian({ keyShare, store, transport, familyId: id, ...options });
}

/** That a session has a signature which verifies, and a transcript that proves it. */
async function isSigned({ key, members: [ann] }: AppFamily, sessionId: string, message: string) {
  const { session } = must(await ann.sessions.getSession(sessionId));
  assert.equal(session.status, "completed", JSON.stringify(session));
  const { ciphersuite, groupPublicKey } = key.registration;
  assert.ok(verifySignature(ciphersuite, groupPublicKey, message, `${session.final_signature}`));
  const { transcript } = must(await ann.sessions.getTranscript(sessionId));
  const { proven } = must(verifyTranscript(transcript, { keyPackageFingerprint: key.fingerprint }));
  assert.equal(proven.finalSignature, session.final_signature);
}

Deno.test("one tap: two of three sign with one call each, while the third is away", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const devices = family.members.map((member) => deviceOf(family, member));
    for (const device of devices) {
      assert.equal(must(await device.publishNonces(4)).available, 4);
    }
    const [ann] = family.members;
    const request = family.request();
    const created = must(await ann.sessions.createSession({ ...request, mode: "one_tap" }));
    assert.equal(created.mode, "one_tap");
    assert.equal(created.quorums.length, 3);
    for (const device of [devices[2], devices[0]]) {
      const { sessions } = must(await device.approve(created.sessionId));
      assert.deepEqual(sessions.map(({ success }) => success), [true], JSON.stringify(sessions));
    }
    await isSigned(family, created.sessionId, request.messageHash);
    // Who comes late is done.
    const late = must(await devices[1].approve(created.sessionId));
    assert.ok(late.sessions[0].success, JSON.stringify(late));
    assert.equal(must(await devices[0].publishNonces(4)).available, 4);
  });
});

Deno.test("a device that lost its nonces withdraws them, and the session goes on without them", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const devices = family.members.map((member) => deviceOf(family, member));
    for (const device of devices) must(await device.publishNonces(4));
    const [ann, bob] = family.members;
    const request = family.request();
    const { sessionId, mode } = must(
      await ann.sessions.createSession({ ...request, mode: "one_tap" }),
    );
    assert.equal(mode, "one_tap");
    const fresh = deviceOf(family, bob);
    const reconciled = must(await fresh.publishNonces(4));
    // Two that were left, and two that the session had taken.
    assert.deepEqual([reconciled.withdrawn, reconciled.available], [4, 4]);
    const approving = fresh.approve(sessionId);
    must(await devices[0].approve(sessionId));
    must(await devices[2].approve(sessionId));
    must(await approving);
    await isSigned(family, sessionId, request.messageHash);
  });
});

Deno.test("robust: one who commits and vanishes costs nothing", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob, cleo] = family.members;
    const request = family.request();
    const { sessionId } = must(await ann.sessions.createSession({ ...request, mode: "robust" }));
    const { nonceCommitment } = await new Guardian({
      keyShare: bob.keyShare,
      store: new MemoryNonceStore(),
      transport: {
        submitNonceCommitment: () => Promise.resolve(),
        submitSignatureShare: () => Promise.resolve(),
      },
    }).commit(must(await bob.sessions.getSession(sessionId)).session);
    must(await bob.sessions.submitNonceCommitment(sessionId, nonceCommitment));
    const results = await Promise.all([
      deviceOf(family, ann).approve(sessionId, { signal: AbortSignal.timeout(30_000) }),
      deviceOf(family, cleo).approve(sessionId, { signal: AbortSignal.timeout(30_000) }),
    ]);
    for (const result of results) {
      assert.ok(must(result).sessions[0].success, JSON.stringify(result));
    }
    await isSigned(family, sessionId, request.messageHash);
  });
});

for (const mode of ["two_round", "robust", "one_tap"] as const) {
  Deno.test(`${mode}: a batch is approved once, and every message of it is signed`, async () => {
    await withStack(async (stack) => {
      const family = await AppFamily.found(stack);
      const asked: number[] = [];
      const approveAll = (sessions: readonly unknown[]) => asked.push(sessions.length) > 0;
      const [ann, bob] = family.members.slice(0, 2)
        .map((member) => deviceOf(family, member, { approveAll }));
      const third = deviceOf(family, family.members[2]);
      for (const device of [ann, bob, third]) must(await device.publishNonces(12));
      const { messageHash: _, ...request } = family.request();
      const twice = { messageHash: randomHex(32) };
      const messages = [
        ...Array.from({ length: 3 }, () => ({ messageHash: randomHex(32) })),
        twice,
        twice,
      ];
      const { batchId, sessionIds, ...created } = must(
        await family.members[0].sessions.createBatch({ ...request, messages, mode }),
      );
      assert.equal(created.mode, mode);
      const both = await Promise.all([ann, bob].map((guardian) => guardian.approve(`${batchId}`)));
      for (const result of both) {
        const { sessions } = must(result);
        assert.deepEqual(sessions.map(({ sessionId }) => sessionId), sessionIds);
        assert.ok(sessions.every(({ success }) => success), JSON.stringify(sessions));
      }
      assert.deepEqual(asked, [4, 4]);
      for (const [i, id] of sessionIds.entries()) {
        await isSigned(family, id, messages[i].messageHash);
      }
    });
  });
}

Deno.test("guardians who watch sign what comes, and refill their pools", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const closing = new AbortController();
    const watching = family.members.slice(1).map((member) =>
      deviceOf(family, member).watch({ approve: () => true, signal: closing.signal, pool: 4 })
    );
    const [ann] = family.members;
    try {
      for (const mode of ["robust", "two_round"] as const) {
        const request = family.request();
        const { sessionId } = must(await ann.sessions.createSession({ ...request, mode }));
        const waited = must(
          await ann.sessions.waitFor(sessionId, "completed", { timeoutMs: 30_000 }),
        );
        assert.ok(waited.reached);
        await isSigned(family, sessionId, request.messageHash);
      }
    } finally {
      closing.abort();
      await Promise.all(watching);
    }
  });
});
