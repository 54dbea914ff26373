import assert from "node:assert/strict";
import { dealKey } from "../../../client/guardian/dealer.ts";
import { accepted, type Json, refused, sharedStack } from "../support/answers.ts";
import { register } from "../support/http_family.ts";
import { Recovering } from "../support/http_recovery.ts";

const stack = sharedStack();

/** The answers to new requests of both methods. */
async function newRequests({ family }: Recovering): Promise<Json[]> {
  const answers = [];
  for (const preferredMethod of ["frost", "sss"]) {
    const request = family.request({ preferredMethod });
    answers.push(accepted(await family.call("bob", "create-signing-request", request), 201));
  }
  return answers;
}

async function assertWarned(recovering: Recovering, expected: boolean): Promise<void> {
  for (const { warning, method } of await newRequests(recovering)) {
    assert.equal(typeof warning, expected ? "string" : "undefined", `${method}: ${warning}`);
    if (expected) assert.match(String(warning), /register a new key/);
  }
}

/** A request of a member who has no share herself. */
async function requestedByZoe(recovering: Recovering): Promise<string> {
  const request = recovering.request();
  const answer = await recovering.family.call("zoe", "create-signing-request", request);
  return String(accepted(answer, 201).sessionId);
}

/** Registers the same or another secret as the family's next epoch. */
async function registerNext(
  { family, secret }: Recovering,
  which: "same" | "other",
): Promise<Json> {
  const { registration } = dealKey({
    familyId: family.id,
    threshold: 2,
    participants: family.participants,
    secret: which === "same" ? secret : undefined,
  });
  return accepted(await register(stack(), registration), 201);
}

Deno.test("once enough shares are with one device, every new request carries a warning", async () => {
  const recovering = await Recovering.found(stack());
  const requestId = await requestedByZoe(recovering);
  accepted(await recovering.submit("bob", requestId));
  await assertWarned(recovering, false);
  accepted(await recovering.submit("cleo", requestId));
  await assertWarned(recovering, true);
  assert.equal(typeof (await recovering.see(requestId, "zoe")).warning, "string");
});

Deno.test("neither a rejected share, a failed recovery nor a completed one takes the warning back", async () => {
  const recovering = await Recovering.found(stack());
  const requestId = await recovering.ready();
  accepted(await recovering.reject(requestId, "bob"));
  await assertWarned(recovering, true);
  await recovering.family.rpc("ann", "fail_recovery_request", {
    p_request_id: requestId,
    p_reason: "over",
  });
  await assertWarned(recovering, true);
  const another = await recovering.ready();
  accepted(await recovering.complete(another, await recovering.sign(another)));
  await assertWarned(recovering, true);
});

Deno.test("a new epoch with another key ends the warning", async () => {
  const recovering = await Recovering.found(stack());
  await recovering.ready();
  await assertWarned(recovering, true);
  assert.equal((await registerNext(recovering, "other")).epoch, 2);
  await assertWarned(recovering, false);
});

Deno.test("new shares of the same secret keep the warning: they do not make it secret again", async () => {
  const recovering = await Recovering.found(stack());
  await recovering.ready();
  assert.equal((await registerNext(recovering, "same")).epoch, 2);
  await assertWarned(recovering, true);
  await registerNext(recovering, "other");
  await assertWarned(recovering, false);
  assert.equal((await registerNext(recovering, "same")).epoch, 4);
  await assertWarned(recovering, true);
});

Deno.test("with a key its recoveries end: shares of two epochs are never put together", async () => {
  const recovering = await Recovering.found(stack());
  const requestId = await requestedByZoe(recovering);
  accepted(await recovering.submit("bob", requestId));
  await registerNext(recovering, "same");
  await assertWarned(recovering, false);
  refused(await recovering.submit("cleo", requestId), "key_retired");
  await assertWarned(recovering, false);
});

Deno.test("another family's recovery warns nobody else", async () => {
  const [exposed, other] = [await Recovering.found(stack()), await Recovering.found(stack())];
  await exposed.ready();
  await assertWarned(exposed, true);
  await assertWarned(other, false);
});
