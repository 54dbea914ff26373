/** The command, from the npm package under Node, as guardians run it: each in a folder of its own, every call a process. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { verifyEvent } from "nostr-tools/pure";
import { z } from "zod";
import project from "../../../deno.json" with { type: "json" };
import { finishEvent } from "../../functions/_shared/frost/nostr.ts";
import { signToken } from "../../local/token.ts";
import type { TestStack } from "../support/answers.ts";
import { withStack } from "../support/harness.ts";
import { withInstalled } from "../support/installed.ts";
import { shared } from "../support/shared.ts";

/** The folder that the package is installed in. */
const installed = shared(withInstalled);
const FAMILY = "family";
const NAMES = ["ann", "bob", "cleo"];

const Answer = z.looseObject({ success: z.boolean() });

/** A guardian's folder, and the command in it. */
class Terminal {
  constructor(readonly root: string, readonly name: string, readonly folder = name) {}

  spawn(...args: readonly string[]): Deno.ChildProcess {
    return new Deno.Command("node", {
      args: [join(installed(), "node_modules", project.name, "cli/main.js"), "--json", ...args],
      env: {
        PERMAFROST_HOME: `${this.root}/${this.folder}`,
        PERMAFROST_PASSPHRASE_FILE: `${this.root}/passphrase`,
        PERMAFROST_WORDS_FILE: `${this.root}/words`,
        NO_COLOR: "1",
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Runs a command; answers its status, what it said, and its progress. */
  async run(...args: readonly string[]) {
    const { code, stdout, stderr } = await this.spawn(...args).output();
    const said = new TextDecoder().decode(stdout).trim();
    const data: z.infer<typeof Answer> = said === ""
      ? { success: false }
      : Answer.parse(JSON.parse(said));
    return { code, data, progress: new TextDecoder().decode(stderr) };
  }

  /** One that must succeed. */
  async must(...args: readonly string[]) {
    const { code, data, progress } = await this.run(...args);
    const shown = `${this.name}: ${args.join(" ")}: ${JSON.stringify(data)}${progress}`;
    assert.equal(code, 0, shown);
    assert.equal(data.success, true, shown);
    return data;
  }

  async arrive({ apiUrl, publishableKey }: TestStack, ...more: readonly string[]) {
    const { root, name } = this;
    const tokenFile = `${root}/${name}.token`;
    await Deno.writeTextFile(tokenFile, await signToken({ participant: name, family: FAMILY }));
    const project = ["--url", apiUrl, "--key", publishableKey];
    const made = await this.must("init", ...project, "--family", FAMILY, "--name", name, ...more);
    await this.must("login", "--token-file", tokenFile);
    return made;
  }
}

async function withTerminals(
  test: (stack: TestStack, root: string, terminals: Terminal[]) => Promise<void>,
): Promise<void> {
  await withStack(async (stack) => {
    const root = await Deno.makeTempDir({ prefix: "permafrost-command-" });
    try {
      await Deno.writeTextFile(`${root}/passphrase`, "a passphrase of many words\n");
      await test(stack, root, NAMES.map((name) => new Terminal(root, name)));
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  });
}

/** Makes a key of all of them, for two. */
async function makeKey(terminals: readonly Terminal[]): Promise<void> {
  const [first] = terminals;
  const started = await first.must(
    ...["ceremony", "start", "--threshold", "2", "--participants", NAMES.join()],
  );
  const id = String(started.ceremonyId);
  const joined = await Promise.all(
    terminals.map((each) =>
      each.must("ceremony", "join", id, "--params-id", String(started.paramsId))
    ),
  );
  assert.deepEqual(joined.map(({ epoch }) => epoch), [1, 1, 1]);
}

Deno.test("guardians make a key and sign a note with the command alone", async () => {
  await withTerminals(async (stack, root, terminals) => {
    const [ann, bob, cleo] = terminals;
    await Promise.all(terminals.map((each) => each.arrive(stack)));
    const started = await ann.must(
      ...["ceremony", "start", "--threshold", "2", "--participants", NAMES.join()],
    );
    const early = await bob.run(
      ...["ceremony", "join", String(started.ceremonyId), "--params-id", "ab".repeat(32)],
    );
    assert.deepEqual([early.code, early.data.code], [1, "not_ready"]);
    await ann.must("decline", String(started.ceremonyId), "--reason", "a rehearsal");
    await makeKey(terminals);
    assert.equal((await ann.must("doctor")).ok, true);

    const event = { kind: 1, created_at: 1_700_000_000, tags: [], content: "By\u200b command" };
    await Deno.writeTextFile(`${root}/note.json`, JSON.stringify(event));
    const id = String((await ann.must("request", `${root}/note.json`)).sessionId);
    assert.equal((await bob.must("show", id)).readable, true);
    // Nobody can be asked: so nobody said yes.
    const silent = await bob.run("approve", id);
    assert.deepEqual([silent.code, silent.data.code], [3, "not_approved"]);
    assert.match(silent.progress, /Kind: note \(kind 1\)\n[^]*Text: By⟨U\+200B⟩ command/);
    assert.ok(JSON.stringify(await cleo.must("pending")).includes(id));
    await Promise.all([ann, cleo].map((each) => each.must("approve", id, "--yes")));
    const { final_signature } = z.looseObject({ final_signature: z.string() })
      .parse((await ann.must("show", id)).session);
    assert.ok(verifyEvent(finishEvent(event, await groupKeyOf(stack), final_signature)));
    assert.ok(!JSON.stringify(await cleo.must("pending")).includes(id));
  });
});

Deno.test("two who watch answer by their rules, and end on a signal", async () => {
  await withTerminals(async (stack, root, terminals) => {
    const [ann, bob, cleo] = terminals;
    await Promise.all(terminals.map((each) => each.arrive(stack)));
    await makeKey(terminals);
    const event = { kind: 1, created_at: 1_700_000_000, tags: [], content: "By rules" };
    await Deno.writeTextFile(`${root}/note.json`, JSON.stringify(event));
    const rules = [{ then: "allow", requesters: ["ann"], kinds: [1], perHour: 1 }];
    await Deno.writeTextFile(`${root}/rules.json`, JSON.stringify(rules));
    const files = [`${root}/rules.json`, `${root}/note.json`];
    const tested = await bob.must("rules", "test", ...files, "--requester", "ann");
    assert.deepEqual([tested.decision, tested.rule], ["allow", 1]);
    const refused = await bob.must("rules", "test", ...files, "--requester", "eve");
    assert.deepEqual([
      refused.decision,
      z.looseObject({ requesters: z.array(z.string()) })
        .parse(refused.wouldAllow).requesters,
    ], ["ask", ["eve"]]);

    const watching = [bob, cleo].map((each) =>
      each.spawn("watch", "--rules", `${root}/rules.json`, "--pool", "6")
    );
    const waited = await ann.must("request", `${root}/note.json`, "--wait");
    assert.match(String(waited.finalSignature), /^[0-9a-f]{128}$/);
    for (const process of watching) {
      await said(process.stderr, /: answered\n/);
      process.kill("SIGTERM");
      assert.equal((await process.status).code, 0);
      assert.equal(Answer.parse(JSON.parse(await said(process.stdout, /\n/))).signed, 1);
    }
  });
});

/** What a process says, up to this. */
async function said(stream: ReadableStream<Uint8Array>, end: RegExp): Promise<string> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (end.test(text)) return text;
  }
  throw new Error(`It ended without ${end}: ${text}`);
}

Deno.test("a lost device comes back from its words, by the server and by a file", async () => {
  await withTerminals(async (stack, root, terminals) => {
    const [, , made] = await Promise.all(terminals.map((each) => each.arrive(stack)));
    assert.equal(String(made.words).split(" ").length, 24);
    assert.match(String(made.fingerprint), /^(\d{5} ){4}\d{5}$/);
    await makeKey(terminals);
    const [ann, , cleo] = terminals;
    const exported = await cleo.must("export", `${root}/recovery.json`);
    await Deno.remove(`${root}/cleo`, { recursive: true });
    await Deno.writeTextFile(`${root}/words`, String(made.words));
    const found = new Terminal(root, "cleo", "cleo-again");
    const restored = await found.arrive(stack, "--restore");
    assert.deepEqual([restored.fingerprint, restored.words], [made.fingerprint, undefined]);
    assert.equal((await found.must("recover")).epoch, 1);
    assert.equal((await found.must("doctor")).ok, true);
    assert.equal((await found.must("recover", "--file", `${root}/recovery.json`)).epoch, 1);
    // As scanned from paper.
    await Deno.writeTextFile(
      `${root}/scanned`,
      z.array(z.string()).parse(exported.texts).join("\n"),
    );
    assert.equal((await found.must("recover", "--file", `${root}/scanned`)).epoch, 1);
    assert.match(
      await Deno.readTextFile(String(exported.sheet)),
      /^<svg [^]*<path d="M4 4h1v1h-1z/,
    );

    // What is wrong is said, with a status of its own; and nothing of the folder is for others to read.
    assert.equal((await new Terminal(root, "nobody").run("pending")).code, 1);
    assert.equal((await ann.run("approve")).code, 2);
    assert.equal((await ann.run("request")).code, 2);
    assert.equal((await ann.run("export", `${root}/recovery.json`)).code, 1);
    await Deno.writeTextFile(`${root}/passphrase`, "another");
    const other = await ann.run("doctor");
    assert.deepEqual([other.code, other.data.ok], [1, false]);
    for await (const { name, isFile } of Deno.readDir(`${root}/ann`)) {
      const { mode } = await Deno.stat(`${root}/ann/${name}`);
      if (isFile) assert.equal((mode ?? 0) & 0o077, 0, name);
    }
  });
});

async function groupKeyOf({ database }: TestStack): Promise<string> {
  const [{ group_public_key }] = await database.sql<{ group_public_key: string }[]>`
    select group_public_key from public.frost_key_packages
    where family_id = ${FAMILY} and retired_at is null`;
  return group_public_key;
}
