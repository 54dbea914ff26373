import assert from "node:assert/strict";
import { UnifiedFederatedSigningService } from "../../../client/sessions/unified_service.ts";
import { withStack } from "../support/harness.ts";
import { AppFamily, clientOf, must, operatorOf, refusedWith } from "../support/app_family.ts";
import { pastTheGuards } from "../support/owner.ts";

const { getInstance } = UnifiedFederatedSigningService;

Deno.test("getInstance() gives one service to one client, and another to another", async () => {
  await withStack(async (stack) => {
    const [one, two] = [await clientOf(stack, "ann", "f"), await clientOf(stack, "ann", "f")];
    assert.equal(getInstance(one), getInstance(one));
    assert.notEqual(getInstance(one), getInstance(two));
  });
});

Deno.test("a request is made by the method of its use case, as the server sees it too", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const service = getInstance(family.members[0].supabase);
    const cases = [
      [undefined, undefined],
      ["daily_operations", undefined],
      ["emergency_recovery", undefined],
      ["emergency_recovery", "frost"],
      ["offline_guardians", undefined],
      ["something else", undefined],
      ["daily_operations", "sss"],
    ] as const;
    for (const [useCase, preferredMethod] of cases) {
      const before = Date.now();
      const created = must(
        await service.createSigningRequest({ ...family.request(), useCase, preferredMethod }),
      );
      const method = service.selectSigningMethod(useCase, preferredMethod);
      const { sessionId, expiresAt } = created;
      assert.deepEqual(created, {
        success: true,
        method,
        sessionId,
        status: "pending",
        expiresAt,
        ...method === "frost" ? { mode: "two_round", quorums: [] } : {},
      });
      const lasts = method === "frost" ? 300_000 : 86_400_000;
      assert.ok(Math.abs(expiresAt - before - lasts) < 10_000, `${expiresAt - before}`);
      for (const known of [undefined, method]) {
        const found = must(await service.getSessionStatus(sessionId, known));
        assert.deepEqual([found.method, found.status], [method, "pending"]);
      }
      const other = method === "frost" ? "sss" : "frost";
      refusedWith("session_not_found", await service.getSessionStatus(sessionId, other));
    }
    refusedWith("session_not_found", await service.getSessionStatus("nowhere"));
  });
});

Deno.test("a signature is made through the service alone", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob] = family.members;
    const service = getInstance(ann.supabase);
    const { sessionId } = must(await service.createSigningRequest(family.request()));
    for (const member of [ann, bob]) {
      const { session } = must(await member.sessions.getSession(sessionId));
      const { nonceCommitment } = await member.guardian.commit(session);
      // A second time, through the service: it is a retry.
      must(
        await getInstance(member.supabase).submitNonceCommitment(sessionId, nonceCommitment),
      );
    }
    refusedWith("round_open", await service.aggregateSignatures(sessionId));
    for (const member of [ann, bob]) {
      const { signingPackage } = must(await member.sessions.getSigningPackage(sessionId));
      const { signatureShare } = await member.guardian.sign(signingPackage);
      must(await getInstance(member.supabase).submitPartialSignature(sessionId, signatureShare));
    }
    const { finalSignature } = must(await service.aggregateSignatures(sessionId));
    const waited = must(await service.waitFor(sessionId, "completed"));
    assert.equal(waited.session.final_signature, finalSignature);
  });
});

Deno.test("failSession() and declineRequest() work on requests of both kinds", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob, cleo] = family.members.map(({ supabase }) => getInstance(supabase));
    for (const method of ["frost", "sss"] as const) {
      const create = async () => {
        const request = { ...family.request(), preferredMethod: method };
        return must(await ann.createSigningRequest(request)).sessionId;
      };
      const failing = await create();
      refusedWith("not_the_creator", await bob.failSession(failing, "no"));
      const failed = must(await ann.failSession(failing, "done with"));
      assert.deepEqual([failed.method, failed.status], [method, "failed"]);
      const other = method === "frost" ? "sss" : "frost";
      refusedWith("session_not_found", await ann.failSession(failing, "done with", other));

      const declining = await create();
      const once = must(await bob.declineRequest(declining, "On holiday"));
      assert.deepEqual([once.method, once.status], [method, "pending"]);
      refusedWith("invalid_transition", await bob.declineRequest(declining, "Changed my mind"));
      // Two of three are needed, and two have said no.
      const twice = must(await cleo.declineRequest(declining, "Not this one"));
      assert.deepEqual([twice.method, twice.status], [method, "failed"]);
    }
    refusedWith("session_not_found", await ann.failSession("nowhere", "no"));
  });
});

Deno.test("cleanupExpiredSessions() counts both kinds, and is the operators'", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const service = getInstance(family.members[0].supabase);
    for (const preferredMethod of ["frost", "sss", "sss"] as const) {
      must(await service.createSigningRequest({ ...family.request(), preferredMethod }));
    }
    await pastTheGuards(stack.database.sql, async (sql) => {
      await sql`update frost_signing_sessions set created_at = 1, expires_at = 2`;
      await sql`update sss_signing_requests set created_at = 1, expires_at = 2`;
    });
    refusedWith("unauthorized", await service.cleanupExpiredSessions());
    const operator = getInstance(operatorOf(stack));
    const cleaned = { success: true, frostCleaned: 1, sssCleaned: 2 };
    assert.deepEqual(await operator.cleanupExpiredSessions(), cleaned);
    assert.deepEqual(await operator.cleanupExpiredSessions(), {
      success: true,
      frostCleaned: 0,
      sssCleaned: 0,
    });
  });
});

Deno.test("getMethodRecommendation() says what the method will be, and gives reasons", async () => {
  await withStack(async (stack) => {
    const service = getInstance(await clientOf(stack, "ann", "f"));
    const frost = service.getMethodRecommendation("daily_operations");
    const sss = service.getMethodRecommendation("emergency_recovery");
    assert.deepEqual([frost.method, sss.method], ["frost", "sss"]);
    assert.notEqual(frost.security, sss.security);
    assert.notEqual(frost.reason, sss.reason);
    assert.equal(service.getMethodRecommendation("toString").method, "frost");
    for (const { performance } of [frost, sss]) assert.ok(performance.medianMs > 0, "Not measured");
  });
});
