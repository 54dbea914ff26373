/**
 * Hosted functions run on another Deno than everything else here, without the lock file, and with
 * supabase/functions/deno.json read as a plain import map. A session is signed there.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { signToken } from "../../local/token.ts";
import { accepted, call, refused, sharedStack, type TestStack } from "./answers.ts";
import { Family, note, randomHex } from "./family.ts";

/** That of Edge Runtime. */
const HOSTED_DENO = "2.1.4";

const stack = sharedStack();

/** A stack like `stack`, whose functions run in another process. Their settings are this one's. */
async function onHostedDeno(
  work: (stack: TestStack, printed: string[]) => Promise<void>,
): Promise<void> {
  const pathTo = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
  const child = new Deno.Command("npx", {
    args: [
      ...["-y", "-p", `deno@${HOSTED_DENO}`, "deno", "run", "-A", "--no-config", "--no-lock"],
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
    await child.stdin.close();
    await lines.return?.();
  } finally {
    await child.stdin.close().catch(() => {});
    await child.status;
    await collecting;
  }
}

async function collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>, into: string[]) {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) into.push(text);
}

Deno.test(`on Deno ${HOSTED_DENO} a session is signed, and what is wrong is refused`, async () => {
  await onHostedDeno(async (hosted, printed) => {
    const family = await Family.found(hosted, { id: "hosted" });
    const template = note();
    const sessionId = await family.create(family.eventRequest(template));
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

    const taken = { sessionId, nonceCommitment: "00", participantId: "ann" };
    refused(await family.call("bob", "submit-nonce-commitment", taken), "not_a_participant");
    const wrong = family.eventRequest(template, { messageHash: randomHex(32) });
    refused(await family.call("ann", "create-signing-request", wrong), "event_mismatch");
    const body = family.request({ eventType: "\n", threshold: null });
    refused(await family.call("ann", "create-signing-request", body), "invalid_input");
    refused(await family.call("ann", "aggregate-signature", "{"), "invalid_json");
    const token = await signToken({ participant: "ann", family: "hosted", expiresIn: -60 });
    for (const [credentials, sentence] of [[{}, /missing/], [{ token }, /expired/]] as const) {
      const answer = await call(hosted, "aggregate-signature", credentials, { sessionId });
      refused(answer, "unauthorized");
      assert.match(String(answer.body.error), sentence);
    }
    const metrics = await call(hosted, "metrics", { apikey: hosted.secretKey }, undefined, {
      method: "GET",
    });
    assert.match(metrics.text, /^permafrost_sessions\{status="completed"\} 1$/m);
    assert.equal(printed.join(""), "", "The functions logged an error");
  });
});
