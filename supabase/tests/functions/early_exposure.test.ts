import assert from "node:assert/strict";
import { accepted, sharedStack } from "../support/answers.ts";
import { Recovering } from "../support/http_recovery.ts";

const stack = sharedStack();

/** A request of a member, who may have a share herself; its id. */
async function requestedBy(who: string, recovering: Recovering, threshold = 2): Promise<string> {
  const request = recovering.request({ threshold });
  return String(
    accepted(await recovering.family.call(who, "create-signing-request", request), 201).sessionId,
  );
}

async function exposed({ family }: Recovering): Promise<boolean> {
  const answer = await family.call("bob", "create-signing-request", family.request());
  return accepted(answer, 201).warning !== undefined;
}

Deno.test("a requester who rejects each share as it comes still has them all", async () => {
  const recovering = await Recovering.found(stack());
  const requestId = await requestedBy("zoe", recovering);
  accepted(await recovering.submit("bob", requestId));
  accepted(await recovering.reject(requestId, "bob", "zoe"));
  assert.equal(await exposed(recovering), false);
  assert.equal(accepted(await recovering.submit("cleo", requestId)).status, "partial");
  assert.equal(await exposed(recovering), true);
});

Deno.test("the shares of one requester's requests add up", async () => {
  const recovering = await Recovering.found(stack());
  for (const guardian of ["bob", "cleo"]) {
    assert.equal(await exposed(recovering), false);
    accepted(await recovering.submit(guardian, await requestedBy("zoe", recovering)));
  }
  assert.equal(await exposed(recovering), true);
  // Two requesters with a share each do not have the key.
  const other = await Recovering.found(stack());
  accepted(await other.submit("bob", await requestedBy("zoe", other)));
  accepted(await other.submit("cleo", await requestedBy("yan", other)));
  assert.equal(await exposed(other), false);
});

Deno.test("a requester who is a guardian has a share already", async () => {
  const recovering = await Recovering.found(stack());
  accepted(await recovering.submit("bob", await requestedBy("ann", recovering)));
  assert.equal(await exposed(recovering), true);
});

Deno.test("what counts is the key's threshold, not what a request asks for", async () => {
  const recovering = await Recovering.found(stack());
  const requestId = await requestedBy("zoe", recovering, 3);
  accepted(await recovering.submit("bob", requestId));
  assert.equal(await exposed(recovering), false);
  assert.equal(accepted(await recovering.submit("cleo", requestId)).status, "partial");
  assert.equal(await exposed(recovering), true);
});
