import assert from "node:assert/strict";
import { accepted, refused, rpcRefused, sharedStack, writesNothing } from "../support/answers.ts";
import { serviceRpc } from "../support/http_family.ts";
import { ciphertext, Recovering } from "../support/http_recovery.ts";
import { expire } from "../support/owner.ts";

const stack = sharedStack();

Deno.test("the same ciphertext again is answered the same, another is share_already_submitted", async () => {
  const recovering = await Recovering.found(stack());
  const requestId = await recovering.create();
  const text = ciphertext();
  const first = accepted(await recovering.submit("bob", requestId, text));
  await writesNothing(stack().database.sql, async () => {
    assert.deepEqual(accepted(await recovering.submit("bob", requestId, text)), first);
    refused(await recovering.submit("bob", requestId), "share_already_submitted");
  });
  accepted(await recovering.submit("cleo", requestId));
  await writesNothing(stack().database.sql, async () => {
    const again = accepted(await recovering.submit("bob", requestId, text));
    assert.deepEqual(again, { success: true, status: "ready", shareCount: 2, thresholdMet: true });
  });
});

Deno.test("a share that is not needed any more is round_closed", async () => {
  const recovering = await Recovering.found(stack());
  const requestId = await recovering.ready();
  await writesNothing(stack().database.sql, async () => {
    refused(await recovering.submit("ann", requestId), "round_closed");
  });
});

Deno.test("a requester who is no guardian of the request hands in nothing: not_a_participant", async () => {
  const recovering = await Recovering.found(stack());
  const request = recovering.request({ participants: ["bob", "cleo"] });
  const requestId = await recovering.create(request);
  await writesNothing(stack().database.sql, async () => {
    refused(await recovering.submit("ann", requestId), "not_a_participant");
    refused(await recovering.decline("ann", requestId), "not_a_participant");
  });
});

Deno.test("what is no printable text of 1 to 8,192 characters is no ciphertext", async () => {
  const recovering = await Recovering.found(stack());
  const requestId = await recovering.create();
  const bad = ["", " ", "a b", "tab\t", "line\n", "\0", "é", "❄", "\ud800", "x".repeat(8193)];
  await writesNothing(stack().database.sql, async () => {
    for (const text of bad) {
      refused(await recovering.submit("bob", requestId, text), "invalid_input", text.slice(0, 9));
    }
  });
  accepted(await recovering.submit("bob", requestId, "~".repeat(8192)));
});

Deno.test("a share found bad takes a ready request back to partial, and names whose it was", async () => {
  const recovering = await Recovering.found(stack());
  const requestId = await recovering.ready();
  const reason = "It is not the one behind bob's verifying share";
  const rejected = await recovering.reject(requestId, "bob", "ann", reason);
  assert.deepEqual(accepted(rejected), { success: true, status: "partial", shareCount: 1 });
  const [event] = await stack().database.sql`
    select event, actor, detail from public.frost_events
    where subject = 'recovery' and subject_id = ${requestId} and event = 'share_rejected'`;
  assert.deepEqual({ ...event }, {
    event: "share_rejected",
    actor: "ann",
    detail: { guardian: "bob", reason },
  });
  const { rejected_guardians, missing_guardians, encrypted_shares } = await recovering.see(
    requestId,
  );
  assert.deepEqual(rejected_guardians, ["bob"]);
  assert.deepEqual(missing_guardians, ["ann", "bob"]);
  assert.deepEqual(Object.keys(encrypted_shares ?? {}), ["cleo"]);
  // The same again is the same answer, and no second accusation.
  await writesNothing(stack().database.sql, async () => {
    assert.deepEqual(
      accepted(await recovering.reject(requestId, "bob", "ann", reason)),
      accepted(rejected),
    );
  });
  // A guardian whose share was bad may hand in another.
  assert.equal(accepted(await recovering.submit("bob", requestId)).status, "ready");
  accepted(await recovering.complete(requestId, await recovering.sign(requestId)));
});

Deno.test("shares are rejected by the requester alone, and only those that were handed in", async () => {
  const recovering = await Recovering.found(stack());
  const requestId = await recovering.create();
  await writesNothing(stack().database.sql, async () => {
    refused(await recovering.reject(requestId, "bob"), "round_open");
  });
  accepted(await recovering.submit("bob", requestId));
  await writesNothing(stack().database.sql, async () => {
    refused(await recovering.reject(requestId, "bob", "cleo"), "not_the_creator");
    refused(await recovering.reject(requestId, "cleo"), "not_a_participant");
    refused(await recovering.reject(requestId, "mallory"), "not_a_participant");
    for (const reason of ["", " ", "\n\t", "x".repeat(1001), "\0", "\ud800"]) {
      refused(await recovering.reject(requestId, "bob", "ann", reason), "invalid_input", reason);
    }
  });
});

Deno.test("a finished request takes no share, no rejection and no recipient", async () => {
  const recovering = await Recovering.found(stack());
  const completed = await recovering.ready();
  accepted(await recovering.complete(completed, await recovering.sign(completed)));
  const failed = await recovering.ready();
  const signature = await recovering.sign(failed);
  const fail = (reason: string, by = "ann") =>
    recovering.family.rpc(by, "fail_recovery_request", { p_request_id: failed, p_reason: reason });
  rpcRefused(await fail("mine to end", "bob"), "not_the_creator");
  assert.equal((await fail("found the key again")).body.status, "failed");
  assert.equal((await fail("found the key again")).body.status, "failed");
  await writesNothing(stack().database.sql, async () => {
    for (const requestId of [completed, failed]) {
      refused(await recovering.submit("ann", requestId), "session_finished");
      refused(await recovering.reject(requestId, "bob"), "session_finished");
      refused(await recovering.decline("ann", requestId), "session_finished");
    }
    refused(await recovering.complete(failed, signature), "session_finished");
    rpcRefused(await fail("another reason"), "session_finished");
  });
});

Deno.test("an expired request refuses everything, shows so, and gives no ciphertext away", async () => {
  const recovering = await Recovering.found(stack());
  const { family } = recovering;
  const partial = await recovering.create();
  const text = ciphertext();
  accepted(await recovering.submit("bob", partial, text));
  const ready = await recovering.ready();
  const signature = await recovering.sign(ready);
  for (const requestId of [partial, ready]) await expire(family.stack.database.sql, requestId);
  const allRefused = async () => {
    for (const requestId of [partial, ready]) {
      refused(await recovering.submit("bob", requestId, text), "session_expired");
      refused(await recovering.submit("ann", requestId), "session_expired");
      refused(await recovering.reject(requestId, "bob"), "session_expired");
      refused(await recovering.decline("ann", requestId), "session_expired");
      const { status, is_expired, encrypted_shares } = await recovering.see(requestId);
      assert.deepEqual([status, is_expired, encrypted_shares], ["expired", true, {}]);
    }
    refused(await recovering.complete(ready, signature), "session_expired");
  };
  await writesNothing(stack().database.sql, allRefused);
  // The sweep writes down what has been true since.
  assert.equal((await serviceRpc(stack(), "expire_old_sss_signing_requests")).text, "2");
  await writesNothing(stack().database.sql, allRefused);
});
