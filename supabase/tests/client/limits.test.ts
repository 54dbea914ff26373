import assert from "node:assert/strict";
import { asFrostSession } from "../../../client/sessions/session.ts";
import { rpc } from "../../../client/transport.ts";
import { withStack } from "../support/harness.ts";
import { AppFamily, must, refusedWith } from "../support/app_family.ts";

Deno.test("past a limit a client is told when to come again, by RPC and by function", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob] = family.members;
    await stack.database.sql`insert into permafrost.limits (limit_name, family_id, value)
      values ('creations_per_minute', ${family.id}, 1)`;
    must(await ann.sessions.createSession(family.request()));
    const { messageHash, participants, threshold } = family.request();
    const args = {
      p_family_id: family.id,
      p_message_hash: messageHash,
      p_participants: participants,
      p_threshold: threshold,
    };
    const create = () =>
      rpc(ann.supabase, "create_signing_session", args, asFrostSession, { safe: false });
    for (const refused of [await ann.sessions.createSession(family.request()), await create()]) {
      refusedWith("rate_limited", refused);
      const { retryAfterMs = 0 } = refused.success ? {} : refused;
      assert.ok(retryAfterMs > 0 && retryAfterMs <= 60_000, `${retryAfterMs}`);
    }
    // Another guardian has a limit of its own.
    must(await bob.sessions.createSession(family.request()));
  });
});
