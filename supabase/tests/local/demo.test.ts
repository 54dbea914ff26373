import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { verifyEvent } from "nostr-tools/pure";
import { stateFolder } from "../../local/postgres/folders.ts";
import { isTaken } from "../../local/postgres/ports.ts";

const SCRIPT = fileURLToPath(new URL("../../demo/demo.ts", import.meta.url));

Deno.test("the demo signs an event that nostr-tools accepts, and shows what is refused", async () => {
  const demo = spawn();
  const { code, stdout, stderr } = await demo.output();
  const said = new TextDecoder().decode(stdout);
  assert.equal(code, 0, said + new TextDecoder().decode(stderr));
  const event = JSON.parse(said.slice(said.indexOf("\n  {"), said.indexOf("\n  }") + 4));
  assert.equal(event.kind, 1);
  assert.ok(verifyEvent(event), "the event that was printed");
  assert.match(said, /✓ nostr-tools, .* calls it valid +\d+ ms\n/);
  assert.match(said, /✓ carol commits, too late: refused, round_closed +\d+ ms\n/);
  assert.match(said, /✓ Her commitment from before .*: refused, nonce_reused +\d+ ms\n/);
  assert.match(said, /\nDone in \d+\.\d s\n$/);
  assert.ok(!said.includes("\x1b"), "no colour where nobody looks");
  await nothingIsLeft(demo.pid, said);
});

/** Loaded into the demo before it runs: no share is ever good enough. */
const REFUSE_SHARES = `
  const send = globalThis.fetch;
  globalThis.fetch = (input, init) =>
    String(input).endsWith("/submit-signature-share")
      ? Response.json({ success: false, code: "share_invalid", error: "No" }, { status: 422 })
      : send(input, init);`;

Deno.test("a demo that fails says why, ends with status 1 and leaves nothing running", async () => {
  const demo = spawn(`--preload=data:text/javascript,${encodeURIComponent(REFUSE_SHARES)}`);
  const { code, stdout, stderr } = await demo.output();
  const said = new TextDecoder().decode(stdout);
  assert.equal(code, 1, said);
  assert.match(said, /\n {2}✗ alice forgets the nonces and answers with a share\n$/);
  assert.equal(new TextDecoder().decode(stderr), "\nThe demo failed: No (share_invalid)\n");
  await nothingIsLeft(demo.pid, said);
});

Deno.test("an interrupted demo cleans up and ends with status 130", async () => {
  const demo = spawn();
  let said = "";
  for await (const text of demo.stdout.pipeThrough(new TextDecoderStream())) {
    if (!said.includes("\nThe key\n") && `${said}${text}`.includes("\nThe key\n")) {
      demo.kill("SIGINT");
    }
    said += text;
  }
  const { code } = await demo.status;
  assert.equal(code, 130, said);
  assert.match(
    await new Response(demo.stderr).text(),
    /^\nInterrupted; everything is stopped\.\n$/,
  );
  await nothingIsLeft(demo.pid, said);
});

function spawn(...options: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", ...options, SCRIPT],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function nothingIsLeft(pid: number, said: string): Promise<void> {
  const port = /functions are up: 127\.0\.0\.1:(\d+) /.exec(said)?.[1];
  assert.ok(port, said);
  assert.equal(isTaken(Number(port)), false, "the API");
  const clusters = join(await stateFolder(), "clusters");
  for await (const { name } of Deno.readDir(clusters)) {
    const record = await Deno.readTextFile(join(clusters, name, "owner.json")).catch(() => "{}");
    assert.notEqual(
      JSON.parse(record).owner?.pid,
      pid,
      "the cluster is removed when it is stopped",
    );
  }
}
