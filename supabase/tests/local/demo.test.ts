import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { verifyEvent } from "nostr-tools/pure";
import { stateFolder } from "../../local/postgres/folders.ts";
import { isTaken } from "../../local/postgres/ports.ts";
import { closeTerminal, readUntil } from "./terminal.ts";

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

Deno.test("the demo of ceremonies replaces a guardian, refuses an old share, and brings a lost device back", async () => {
  const demo = spawn([], ["--ceremony"]);
  const { code, stdout, stderr } = await demo.output();
  const said = new TextDecoder().decode(stdout);
  assert.equal(code, 0, said + new TextDecoder().decode(stderr));
  assert.match(said, /✓ alice, bob and carol join, .*: 3 shares +\d+ ms\n/);
  assert.match(said, /✓ alice, dave, carol and bob join, .*: 3 shares +\d+ ms\n/);
  assert.match(
    said,
    /✓ alice answers with her share of before: refused, signers_invalid +\d+ ms\n/,
  );
  assert.match(said, /✓ A new device takes carol's 24 words, .*: her share of epoch 2 +\d+ ms\n/);
  assert.equal(said.match(/✓ nostr-tools, .* calls it valid/g)?.length, 3);
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
  const demo = spawn([`--preload=data:text/javascript,${encodeURIComponent(REFUSE_SHARES)}`]);
  const { code, stdout, stderr } = await demo.output();
  const said = new TextDecoder().decode(stdout);
  assert.equal(code, 1, said);
  assert.match(said, /\n {2}✗ alice forgets the nonces and answers with a share\n$/);
  assert.equal(new TextDecoder().decode(stderr), "\nThe demo failed: No (share_invalid)\n");
  await nothingIsLeft(demo.pid, said);
});

/** A Ctrl-C arrives from the terminal, and again from `deno task`, which passes it on. */
for (const times of [1, 2]) {
  Deno.test(`a demo cleans up after a Ctrl-C that arrives ${times === 1 ? "once" : "twice"}, and ends with status 130`, async () => {
    const demo = spawn();
    const said = await readUntil(demo.stdout, "\nThe key\n");
    demo.kill("SIGINT");
    if (times === 2) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      demo.kill("SIGINT");
    }
    const { code, stderr } = await demo.output();
    assert.equal(code, 130, said);
    assert.equal(new TextDecoder().decode(stderr), "\nInterrupted; everything is stopped.\n");
    await nothingIsLeft(demo.pid, said);
  });
}

Deno.test("a demo cleans up when its terminal is closed", async () => {
  await closeTerminal(SCRIPT, "The key");
});

function spawn(options: readonly string[] = [], args: readonly string[] = []): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", ...options, SCRIPT, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

function portOf(said: string): number {
  const port = /functions are up: 127\.0\.0\.1:(\d+) /.exec(said)?.[1];
  assert.ok(port, said);
  return Number(port);
}

async function nothingIsLeft(pid: number, said: string): Promise<void> {
  assert.equal(isTaken(portOf(said)), false, "the API");
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
