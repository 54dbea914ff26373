/**
 * Hosted functions run on another Deno than everything else here, without the lock file, and with
 * supabase/functions/deno.json read as a plain import map. A message is signed there by each method.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { hostedDeno } from "../../local/hosted_deno.ts";
import { signToken } from "../../local/token.ts";
import {
  accepted,
  call,
  type Json,
  refused,
  sharedStack,
  type TestStack,
} from "../support/answers.ts";
import { BODIES } from "./endpoints.ts";
import { note, randomHex } from "../support/family.ts";
import { type HttpFamily } from "../support/http_family.ts";
import { Recovering } from "../support/http_recovery.ts";

const stack = sharedStack();

/** A stack like `stack`, whose functions run in another process. Their settings are this one's. */
async function onHostedDeno(
  work: (stack: TestStack, printed: string[]) => Promise<void>,
): Promise<void> {
  const pathTo = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
  const child = new Deno.Command((await hostedDeno()).path, {
    args: [
      ...["run", "--allow-all", "--quiet", "--no-config", "--no-lock"],
      `--import-map=${pathTo("../../functions/deno.json")}`,
      pathTo("hosted_runtime_server.ts"),
    ],
    // As this Deno does by itself: it may take an authority of the machine's to reach the registry.
    env: { DENO_TLS_CA_STORE: "mozilla,system", NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors: string[] = [];
  const collecting = collect(child.stderr, errors);
  try {
    const lines = child.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
    const { value: port } = await lines.next();
    assert.match(port ?? "", /^\d+\n$/, errors.join(""));
    await work({ ...stack(), apiUrl: `http://127.0.0.1:${port?.trim()}` }, errors);
  } finally {
    await child.stdin.close().catch(() => {});
    await child.status;
    await collecting;
  }
}

async function collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>, into: string[]) {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) into.push(text);
}

Deno.test("on the Deno of hosted functions all methods sign, and what is wrong is refused", async () => {
  await onHostedDeno(async (hosted, printed) => {
    for (const name of [...Object.keys(BODIES), "metrics"]) {
      const method = name === "metrics" ? "GET" : "POST";
      refused(await call(hosted, name, {}, undefined, { method }), "unauthorized", name);
    }
    const recovering = await Recovering.found(hosted);
    await signs(recovering.family);
    await signsWithOneCallEach(recovering.family);
    await recovers(recovering);
    await refuses(recovering.family);
    const { secretKey: apikey } = hosted;
    const metrics = await call(hosted, "metrics", { apikey }, undefined, { method: "GET" });
    assert.match(metrics.text, /^permafrost_sessions\{status="completed"\} 2$/m);
    assert.doesNotMatch(printed.join(""), /failed|error/i);
  });
});

async function signs(family: HttpFamily): Promise<void> {
  const sessionId = await family.create(family.eventRequest());
  refused(await family.commit("ann", sessionId, randomHex(66)), "commitment_invalid");
  accepted(await family.commit("ann", sessionId));
  refused(await family.share("ann", sessionId, randomHex(32)), "round_open");
  assert.equal(accepted(await family.commit("cleo", sessionId)).status, "signing");
  refused(await family.share("bob", sessionId, randomHex(32)), "not_a_signer");
  const shares = {
    ann: await family.shareOf("ann", sessionId),
    cleo: await family.shareOf("cleo", sessionId),
  };
  refused(await family.share("ann", sessionId, shares.cleo), "share_invalid");
  assert.equal(accepted(await family.share("ann", sessionId, shares.ann)).status, "signing");
  const { status, finalSignature } = accepted(await family.share("cleo", sessionId, shares.cleo));
  assert.equal(status, "completed");
  const again = await family.call("bob", "aggregate-signature", { sessionId });
  assert.equal(accepted(again).finalSignature, finalSignature);
}

async function signsWithOneCallEach(family: HttpFamily): Promise<void> {
  await family.fillPools(4);
  const sessionId = await family.create(family.request({ mode: "one_tap" }));
  const [first, second] = await family.owed("bob", sessionId);
  const swapped = { ...first, signatureShare: second.signatureShare };
  const results = await family.items("bob", "submit-signature-shares", [swapped, first, second, 7]);
  assert.deepEqual(results.map(({ code }) => code), [
    "share_invalid",
    undefined,
    undefined,
    "invalid_input",
  ]);
  const [share] = await family.owed("cleo", sessionId);
  const next = { ...share, nextNonceCommitment: await family.draw("cleo") };
  const [{ status }] = await family.items("cleo", "submit-signature-shares", [share]);
  assert.equal(status, "signing");
  const [{ nextNonceCommitment }] = await family.items("cleo", "submit-signature-shares", [next]);
  assert.ok(nextNonceCommitment !== undefined);
  const [last] = await family.owed("cleo", sessionId);
  assert.equal(
    accepted(await family.call("cleo", "submit-signature-share", last)).status,
    "completed",
  );
  const which = { familyId: family.id, all: true };
  assert.equal(accepted(await family.call("ann", "withdraw-nonce-commitments", which)).dead, 0);
}

async function recovers(recovering: Recovering): Promise<void> {
  const requestId = await recovering.ready();
  accepted(await recovering.reject(requestId, "bob"));
  accepted(await recovering.submit("ann", requestId));
  refused(await recovering.complete(requestId, randomHex(64)), "signature_invalid");
  const completed = await recovering.complete(requestId, await recovering.sign(requestId));
  assert.equal(accepted(completed).status, "completed");
  accepted(await recovering.decline("bob", await recovering.create()));
}

async function refuses(family: HttpFamily): Promise<void> {
  const sessionId = await family.create();
  const create = (more: Json) => family.call("ann", "create-signing-request", family.request(more));
  const taken = { sessionId, nonceCommitment: "00", participantId: "ann" };
  refused(await family.call("bob", "submit-nonce-commitment", taken), "not_a_participant");
  refused(await create({ eventTemplate: note() }), "event_mismatch");
  refused(await create({ eventType: "\n", threshold: null }), "invalid_input");
  refused(await family.call("ann", "aggregate-signature", "{"), "invalid_json");
  const token = await signToken({ participant: "ann", family: family.id, expiresIn: -60 });
  const answer = await call(family.stack, "aggregate-signature", { token }, { sessionId });
  refused(answer, "unauthorized");
  assert.match(String(answer.body.error), /has expired/);
}
