/** A device that got hold of another guardian's token: it learns that, and nobody is accused. */
import assert from "node:assert/strict";
import { Guardian } from "../../../client/guardian/guardian.ts";
import { guardianTransport } from "../../../client/guardian/guardian_transport.ts";
import { RecoveryGuardian } from "../../../client/recovery/guardian.ts";
import { RecoveryRequester } from "../../../client/recovery/requester.ts";
import { RecoveryRequests } from "../../../client/recovery/requests.ts";
import { UnifiedFederatedSigningService } from "../../../client/sessions/unified_service.ts";
import type { Result } from "../../../client/result.ts";
import { withStack } from "../support/harness.ts";
import { AppFamily, must, refusedWith } from "../support/app_family.ts";
import { asked } from "../support/app_recovery.ts";

function mixedUp(result: Result<object>): void {
  refusedWith("not_a_participant", result);
  // It says whose token it is, and whose device.
  assert.match("error" in result ? result.error : "", /"bob".*"ann"/);
}

Deno.test("a guardian's device with another guardian's token is refused in both rounds", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob] = family.members;
    const { sessionId } = must(await ann.sessions.createSession(family.request()));
    const { session } = must(await bob.sessions.getSession(sessionId));
    // Ann's share and store, signed in as bob.
    const { keyShare, store } = ann;
    const device = new Guardian({ keyShare, store, transport: guardianTransport(bob.supabase) });
    mixedUp((await device.commit(session)).answer);
    for (const { guardian } of [ann, bob]) must((await guardian.commit(session)).answer);
    const { signingPackage } = must(await bob.sessions.getSigningPackage(sessionId));
    mixedUp((await device.sign(signingPackage)).answer);
    // Her own token is all that was missing.
    must((await ann.guardian.sign(signingPackage)).answer);
    const { finalSignature } = must((await bob.guardian.sign(signingPackage)).answer);
    assert.ok(finalSignature);
    const refusals = await stack.database.sql`
      select event, actor from frost_events where event like '%_refused'`;
    assert.deepEqual([...refusals], []);
  });
});

Deno.test("a device with another's token gives no share, requests nothing and declines nothing", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob] = family.members;
    const { requestId } = await asked(family);
    const { request } = must(await new RecoveryRequests(bob.supabase).get(requestId));
    mixedUp(
      await new RecoveryGuardian(bob.supabase).submitShare(request, {
        keyShare: ann.keyShare,
        approve: () => true,
      }),
    );
    const ask = { ...family.request(), useCase: "emergency_recovery", participantId: "ann" };
    mixedUp(await RecoveryRequester.prepare(bob.supabase, ask).send());
    const service = UnifiedFederatedSigningService.getInstance(bob.supabase);
    mixedUp(await service.declineRequest(requestId, "no", { participantId: "ann" }));
    const { submitted_guardians, declined } =
      must(await new RecoveryRequests(ann.supabase).get(requestId)).request;
    assert.deepEqual([submitted_guardians, declined], [[], {}]);
  });
});
