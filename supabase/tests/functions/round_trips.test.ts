/** What a session costs: how often the functions ask the database, on the way to their answers and after them. */
import assert from "node:assert/strict";
import { settled } from "../../functions/_shared/background.ts";
import { accepted, sharedStack } from "../support/answers.ts";
import { randomHex } from "../support/family.ts";
import { HttpFamily } from "../support/http_family.ts";

const stack = sharedStack();

/** The RPCs, by name, that the functions call while `work` runs: supabase-js says that it is the caller. */
async function rpcsDuring(work: () => Promise<unknown>): Promise<string[]> {
  const rpcs: string[] = [];
  const original = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    const { url, headers } = new Request(input, init);
    if (headers.has("x-client-info")) rpcs.push(new URL(url).pathname.replace(/^.*\//, ""));
    return original(input, init);
  };
  try {
    await work();
  } finally {
    globalThis.fetch = original;
  }
  return rpcs;
}

Deno.test("a session of two of three asks seven times for its answers, and once after one", async () => {
  const family = await HttpFamily.found(stack());
  const rpcs = await rpcsDuring(async () => {
    const sessionId = await family.completed();
    assert.equal((await family.session(sessionId)).status, "completed");
  });
  assert.deepEqual(rpcs, [
    "create_signing_sessions",
    "submit_nonce_commitments",
    "submit_nonce_commitments",
    "store_share_verification", // after the answer
    "get_share_checks",
    "record_signature_shares",
    "get_share_checks",
    "record_signature_shares",
  ]);
});

Deno.test("what is kept for the share checks is kept after the answer that closes round one", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.create();
  accepted(await family.commit("ann", sessionId));
  const commitment = await family.commitmentOf("bob", sessionId);
  const { fetch } = (await import("../../functions/submit-nonce-commitment/index.ts")).default;
  const request = new Request(`${stack().apiUrl}/functions/v1/submit-nonce-commitment`, {
    method: "POST",
    headers: { authorization: `Bearer ${await family.token("bob")}` },
    body: JSON.stringify({ sessionId, nonceCommitment: commitment }),
  });
  const atTheAnswer = await rpcsDuring(async () =>
    assert.equal((await fetch(request)).status, 200)
  );
  assert.deepEqual(atTheAnswer, ["submit_nonce_commitments"]);
  assert.deepEqual(await rpcsDuring(settled), ["store_share_verification"]);
});

Deno.test("many one_tap messages ask three times, however many they are", async () => {
  const family = await HttpFamily.found(stack());
  await family.fillPools(20);
  const messages = Array.from({ length: 10 }, () => ({ messageHash: randomHex(32) }));
  const { messageHash: _, ...request } = family.request({ messages, mode: "one_tap" });
  const created = await rpcsDuring(() => family.call("ann", "create-signing-request", request));
  assert.deepEqual(created, ["create_signing_sessions"]);
  for (const guardian of family.fewest) {
    const items = await family.owed(guardian);
    assert.equal(items.length, 20);
    const asked = await rpcsDuring(() => family.items(guardian, "submit-signature-shares", items));
    assert.deepEqual(asked, ["get_share_checks", "record_signature_shares"]);
  }
});
