import assert from "node:assert/strict";
import { dealKey } from "../../../client/guardian/dealer.ts";
import { signToken } from "../../local/token.ts";
import {
  accepted,
  type Answer,
  call,
  refused,
  rpc,
  rpcRefused,
  sharedStack,
  writesNothing,
} from "../support/answers.ts";
import { register } from "../support/http_family.ts";

const stack = sharedStack();

/** A member of a family that has no key yet. */
async function newcomer() {
  const familyId = `family-${crypto.randomUUID()}`;
  const token = await signToken({ participant: "guardian1", family: familyId });
  const post = (name: string, body: unknown) => call(stack(), name, { token }, body);
  const get = (name: string, sessionId: string) =>
    rpc(stack(), name, { token }, { p_session_id: sessionId });
  const request = {
    familyId,
    messageHash: "ab".repeat(20),
    participants: ["guardian1", "guardian2"],
    threshold: 1,
  };
  const created = accepted(await post("create-signing-request", request), 201);
  return { familyId, token, post, get, request, created, sessionId: String(created.sessionId) };
}

/** It says what is true also where the family has a key by now. */
function isDryRun(answer: Answer): void {
  refused(answer, "no_key_package");
  assert.equal(
    answer.body.error,
    "This session was created without a key package: it is a dry run and is never signed",
  );
}

Deno.test("a family without a key can create a session, to try a deployment out", async () => {
  const { created } = await newcomer();
  assert.equal(created.status, "pending");
  assert.equal(created.method, "frost");
});

Deno.test("get_signing_session says that a dry run is not signable, and why", async () => {
  const { get, sessionId } = await newcomer();
  const { body } = await get("get_signing_session", sessionId);
  assert.equal(body.signable, false);
  assert.equal(body.signable_reason, "no_key_package");
  assert.equal(body.key_package_id, null);
  assert.equal(body.ciphersuite, null);
});

Deno.test("neither round of a dry run is begun: no_key_package", async () => {
  const { post, get, sessionId } = await newcomer();
  await writesNothing(stack().database.sql, async () => {
    const nonceCommitment = "02".repeat(66);
    isDryRun(await post("submit-nonce-commitment", { sessionId, nonceCommitment }));
    const signatureShare = "01".repeat(32);
    isDryRun(await post("submit-signature-share", { sessionId, signatureShare }));
    rpcRefused(await get("get_signing_package", sessionId), "no_key_package");
  });
});

Deno.test("events and recovery need a key from the start: no_key_package", async () => {
  const { post, request } = await newcomer();
  await writesNothing(stack().database.sql, async () => {
    const eventTemplate = { kind: 1, created_at: 1, tags: [], content: "" };
    refused(await post("create-signing-request", { ...request, eventTemplate }), "no_key_package");
    const sss = { ...request, preferredMethod: "sss" };
    refused(await post("create-signing-request", sss), "no_key_package");
  });
});

Deno.test("a key that comes later does not make a dry run signable", async () => {
  const { familyId, post, get, request, sessionId } = await newcomer();
  const { registration } = dealKey({ familyId, threshold: 2, participants: request.participants });
  accepted(await register(stack(), registration), 201);
  assert.equal((await get("get_signing_session", sessionId)).body.signable, false);
  isDryRun(
    await post("submit-nonce-commitment", { sessionId, nonceCommitment: "02".repeat(66) }),
  );
  isDryRun(await post("submit-signature-share", { sessionId, signatureShare: "01".repeat(32) }));
  // From now on requests have to fit the key.
  refused(await post("create-signing-request", request), "threshold_invalid");
});
