import assert from "node:assert/strict";
import { accepted, type Answer, refused, sharedStack, writesNothing } from "../support/answers.ts";
import { Recovering } from "../support/http_recovery.ts";
import { expire } from "../support/owner.ts";

const stack = sharedStack();

/** What a decline is answered with, by method. */
const METHODS = ["frost", "sss"] as const;

async function requested(method: (typeof METHODS)[number]) {
  const recovering = await Recovering.found(stack());
  const id = await recovering.create(recovering.request({ preferredMethod: method }));
  const see = async (by = "ann") =>
    method === "sss" ? await recovering.see(id, by) : await recovering.family.session(id, by);
  const decline = (who: string, reason?: string): Promise<Answer> =>
    recovering.decline(who, id, reason);
  return { recovering, family: recovering.family, id, see, decline };
}

for (const method of METHODS) {
  Deno.test(`${method}: a guardian declines with a reason that all can read`, async () => {
    const { see, decline } = await requested(method);
    const answer = accepted(await decline("bob", "I was told to say no"));
    assert.deepEqual(answer, { success: true, method, status: "pending" });
    assert.deepEqual((await see("cleo")).declined, { bob: "I was told to say no" });
  });

  Deno.test(`${method}: when too few are left the request fails at once`, async () => {
    const { see, decline } = await requested(method);
    accepted(await decline("bob"));
    assert.deepEqual(accepted(await decline("ann", "nor me")), {
      success: true,
      method,
      status: "failed",
    });
    const { status, error_message } = await see();
    assert.equal(status, "failed");
    assert.match(String(error_message), /ann declined \(nor me\)/);
    refused(await decline("cleo"), "session_finished");
  });

  Deno.test(`${method}: the same decline again is the same answer, another reason is not`, async () => {
    const { decline } = await requested(method);
    const first = accepted(await decline("bob", "no"));
    await writesNothing(stack().database.sql, async () => {
      assert.deepEqual(accepted(await decline("bob", "no")), first);
      refused(await decline("bob", "no!"), "invalid_transition");
    });
    accepted(await decline("ann", "no"));
    await writesNothing(stack().database.sql, async () => {
      assert.equal(accepted(await decline("ann", "no")).status, "failed");
    });
  });

  Deno.test(`${method}: what is no reason is invalid_input`, async () => {
    const { decline } = await requested(method);
    await writesNothing(stack().database.sql, async () => {
      for (const reason of ["", "  ", "\n", "\u00a0", "a\0b", "\udc00", "x".repeat(1001)]) {
        refused(await decline("bob", reason), "invalid_input", JSON.stringify(reason));
      }
    });
    accepted(await decline("bob", "\u{1f9ca}".repeat(1000)));
  });
}

Deno.test("who has declined a recovery hands in no share, and the others still can", async () => {
  const { recovering, id, decline } = await requested("sss");
  accepted(await decline("ann"));
  refused(await recovering.submit("ann", id), "invalid_transition");
  accepted(await recovering.submit("bob", id));
  refused(await decline("bob"), "share_already_submitted");
  assert.equal(accepted(await recovering.submit("cleo", id)).status, "ready");
});

Deno.test("a decline by one who has committed fails the session: a signer cannot be replaced", async () => {
  for (const signers of [["ann"], ["ann", "bob"]]) {
    const { family, id, see, decline } = await requested("frost");
    for (const signer of signers) accepted(await family.commit(signer, id));
    assert.equal(accepted(await decline("ann")).status, "failed");
    assert.equal((await see()).status, "failed");
  }
});

Deno.test("who is not among the signers, or has signed, has nothing to decline", async () => {
  const { family, id, decline } = await requested("frost");
  for (const signer of ["ann", "bob"]) accepted(await family.commit(signer, id));
  accepted(await family.share("ann", id));
  await writesNothing(stack().database.sql, async () => {
    refused(await decline("cleo"), "round_closed");
    refused(await decline("ann"), "share_already_submitted");
  });
  accepted(await family.share("bob", id));
  await writesNothing(stack().database.sql, async () => {
    for (const who of ["ann", "bob", "cleo"]) refused(await decline(who), "session_finished");
  });
});

Deno.test("a creator who takes no part declines nothing, and an expired session neither", async () => {
  const { recovering, family, id, decline } = await requested("frost");
  const participants = ["bob", "cleo"];
  const without = await family.create(family.request({ participants }));
  await expire(family.stack.database.sql, id);
  await writesNothing(stack().database.sql, async () => {
    refused(await recovering.decline("ann", without), "not_a_participant");
    refused(await decline("bob"), "session_expired");
  });
});
