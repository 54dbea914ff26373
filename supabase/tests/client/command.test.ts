/** The command, from the npm package under Node, as guardians run it: each in a folder of its own, every call a process. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { verifyEvent } from "nostr-tools/pure";
import { z } from "zod";
import { RecoveryRequester } from "../../../client/recovery/requester.ts";
import project from "../../../deno.json" with { type: "json" };
import { finishEvent } from "../../functions/_shared/frost/nostr.ts";
import { signToken } from "../../local/token.ts";
import type { TestStack } from "../support/answers.ts";
import { withStack } from "../support/harness.ts";
import { clientOf, must } from "../support/app_family.ts";
import { withInstalled } from "../support/installed.ts";
import { startRelay } from "../support/relay.ts";
import { shared } from "../support/shared.ts";
import { majorVersion } from "../docs/shell.ts";

/** The folder that the package is installed in. */
const installed = shared(withInstalled);
const FAMILY = "family";
const NAMES = ["ann", "bob", "cleo"];

const Answer = z.looseObject({ success: z.boolean() });
const Published = z.looseObject({
  finalSignature: z.string(),
  event: z.object({
    id: z.string(),
    pubkey: z.string(),
    created_at: z.number(),
    kind: z.number(),
    tags: z.array(z.array(z.string())),
    content: z.string(),
    sig: z.string(),
  }),
});

/** A guardian's folder, and the command in it. */
class Terminal {
  constructor(readonly root: string, readonly name: string, readonly folder = name) {}

  spawn(...args: readonly string[]): Deno.ChildProcess {
    return this.spawnAsIs("--json", ...args);
  }

  /** As people have it. */
  async read(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.spawnAsIs(...args).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  }

  /** As `spawn`, with a person before it: what is written to its standard input is typed. */
  spawnWithPerson(...args: readonly string[]): Deno.ChildProcess {
    const line = ["node", this.main, "--json", ...args].map((part) => `'${part}'`).join(" ");
    // Without `exec` a shell may stand between, which the terminal's signals end first.
    return this.start("script", ["-qefc", `stty cols 100; exec ${line}`, "/dev/null"], "piped");
  }

  private spawnAsIs(...args: readonly string[]): Deno.ChildProcess {
    return this.start("node", [this.main, ...args]);
  }

  private get main(): string {
    return join(installed(), "node_modules", project.name, "cli/main.js");
  }

  private start(program: string, args: string[], stdin: "null" | "piped" = "null") {
    return new Deno.Command(program, {
      args,
      env: {
        PERMAFROST_HOME: `${this.root}/${this.folder}`,
        PERMAFROST_PASSPHRASE_FILE: `${this.root}/passphrase`,
        PERMAFROST_WORDS_FILE: `${this.root}/words`,
        NO_COLOR: "1",
      },
      stdin,
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
  const again = await first.must("ceremony", "join", id, "--params-id", String(started.paramsId));
  assert.equal(again.hasShare, true);
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

    const event = { kind: 1, created_at: 1_700_000_000, tags: [], content: "By\u200b command" };
    await Deno.writeTextFile(`${root}/note.json`, JSON.stringify(event));
    await using relay = startRelay();
    const requesting = ann.spawn("request", `${root}/note.json`, "--publish", relay.url);
    const progress = new Said(requesting.stderr);
    const [, id = ""] = /Session (\S+),/.exec(await progress.upTo(/Waiting/)) ?? [];
    assert.match(
      await bob.read("show", id),
      /Answered +nobody yet\nWaiting for +2 of ann, bob, cleo\n/,
    );
    // Nobody can be asked: so nobody said yes.
    const silent = await bob.run("approve", id);
    assert.deepEqual([silent.code, silent.data.code], [3, "not_approved"]);
    assert.match(silent.progress, /Kind: note \(kind 1\)\n[^]*Text: By⟨U\+200B⟩ command/);
    assert.match(
      await cleo.read("pending"),
      RegExp(`^${id}  by ann  note \\(kind 1\\)  By⟨U\\+200B⟩ command  until 20\\d\\d-.*Z\n$`),
    );
    await Promise.all([ann, cleo].map((each) => each.must("approve", id, "--yes")));
    const { finalSignature, event: published } = Published.parse(
      JSON.parse(await new Said(requesting.stdout).upTo(/\n/)),
    );
    assert.deepEqual(published, finishEvent(event, await groupKeyOf(stack), finalSignature));
    assert.ok(verifyEvent(published));
    assert.equal((await requesting.status).code, 0);
    assert.equal(relay.received(), 1);
    const { readable, answered, awaited } = await bob.must("show", id);
    assert.deepEqual([readable, answered, awaited], [true, ["ann", "cleo"], []]);
    assert.equal((await cleo.read("pending")).trim(), "Nothing awaits you");

    const hashed = String((await ann.must("request", "--hash", "ab".repeat(32))).sessionId);
    const blind = await bob.run("approve", hashed, "--yes");
    assert.deepEqual([blind.code, blind.data.code], [3, "not_approved"]);
    assert.match(blind.progress, /--yes does not sign it without --unreadable/);
    await bob.must("decline", hashed, "--reason", "Nobody can read it");
    assert.match(
      await cleo.read("show", hashed),
      /Message +unreadable: [^]*Waiting for +2 of ann, cleo\nDeclined +bob: Nobody can read it\n/,
    );
    await warnOfReshare(stack, terminals);
    await refuseWhatIsWrong(stack, root, ann);
  });
});

/** What a ceremony changes is said before it is joined; and nothing of one whose terms are not those that are compared. */
async function warnOfReshare({ apiUrl }: TestStack, [ann, bob]: readonly Terminal[]) {
  const { ceremonyId, paramsId } = await ann.must(
    ...["ceremony", "start", "--threshold", "2", "--participants", "ann,bob"],
    ...["--dealers", "ann,cleo"],
  );
  const id = String(ceremonyId);
  const told = "Any 2 of ann, bob sign together\nDealt anew by ann, cleo\n" +
    "WARNING: These get no share: cleo\n";
  assert.match(
    await bob.read("ceremony", "show", id),
    RegExp(`^round_one: .*\n${told}params_id ${paramsId}\n(?:.*\n)ann .*\nbob .*\ncleo .*\n$`),
  );
  assert.match(
    await ann.read("pending"),
    RegExp(
      `^${id}  by ann  ceremony: the key, dealt anew  2 of ann, bob  permafrost ceremony show$`,
      "m",
    ),
  );
  const joining = bob.spawn("ceremony", "join", id, "--params-id", String(paramsId));
  const progress = new Said(joining.stderr);
  assert.match(await progress.upTo(/waiting for/), RegExp(`^${told}`));
  const body = (text: string) => text.replaceAll(/"threshold": ?2/g, '"threshold":1');
  const lie = await withServer(bob, apiUrl, { body }, () => bob.run("ceremony", "show", id));
  assert.deepEqual([lie.code, lie.data.code], [1, "coordinator_faulty"]);
  assert.match(String(lie.data.error), /^The server contradicts itself about this ceremony/);
  await ann.must("decline", id, "--reason", "a rehearsal");
  assert.equal((await joining.status).code, 1);
}

/** Each with one sentence and a status; and nothing is asked for. */
async function refuseWhatIsWrong({ database }: TestStack, root: string, by: Terminal) {
  const note = { kind: 1, created_at: 1_700_000_000, tags: [], content: "" };
  const files = {
    "not-json": "{",
    foreign: JSON.stringify({ ...note, pubkey: "ab".repeat(32) }),
    rules: '[{"then":"allow","kind":[1]}]',
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${root}/${name}`, text);
  }
  const count = () => database.sql`select count(*) from public.frost_signing_sessions`;
  const before = await count();
  const cases: [string[], number, string, RegExp][] = [
    [["request", `${root}/not-json`], 2, "misused", /not-json is not JSON$/],
    [["request", `${root}/missing`], 2, "misused", /^There is no file \S+missing$/],
    [["request", `${root}/foreign`], 1, "event_mismatch", /^The event is another key's$/],
    [["request", "--hash", "a".repeat(63)], 1, "message_hash_invalid", /must be 32 bytes/],
    [["request", "--minutes", "half", "x"], 2, "misused", /a whole number from 1 to 10080/],
    [["show", "unknown"], 1, "session_not_found", /./],
    [["decline", "unknown", "--reason", "no"], 1, "session_not_found", /./],
    [["rules", "test", `${root}/rules`, `${root}/note.json`], 2, "misused", /no field kind; /],
  ];
  const runs = await Promise.all(cases.map(([args]) => by.run(...args)));
  for (const [i, { code, data, progress }] of runs.entries()) {
    const [args, status, name, sentence] = cases[i];
    const shown = `${args.join(" ")}: ${JSON.stringify(data)}${progress}`;
    assert.deepEqual([code, data.code], [status, name], shown);
    assert.match(String(data.error), sentence, shown);
    assert.doesNotMatch(shown, /\n +at |\S+Error:/);
  }
  assert.deepEqual(await count(), before);
}

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

    const watch = (each: Terminal) => {
      const process = each.spawn("watch", "--rules", `${root}/rules.json`, "--pool", "6");
      return { process, progress: new Said(process.stderr), result: new Said(process.stdout) };
    };
    const stop = async ({ process, result }: ReturnType<typeof watch>) => {
      process.kill("SIGTERM");
      // As npx does, which passes on what the terminal has sent to both.
      const ended = await Promise.race([process.status, delay(5)]);
      if (ended === undefined) process.kill("SIGTERM");
      assert.equal((await process.status).code, 0);
      return Answer.parse(JSON.parse(await result.upTo(/\n/))).signed;
    };
    const watching = [bob, cleo].map(watch);
    const { finalSignature, sessionId } = await ann.must("request", `${root}/note.json`, "--wait");
    assert.match(String(finalSignature), /^[0-9a-f]{128}$/);
    for (const each of watching) {
      await each.progress.upTo(/: answered\n/);
      assert.equal(await stop(each), 1);
    }

    // What was signed with nobody there is listed; and it counts for the rule's hour, also in another process.
    assert.match(
      await bob.read("signed"),
      RegExp(
        `^20\\S+Z  ${sessionId}\\n  Asked by +ann\\n  Rule +1: {"then":"allow",[^]*\\n  Text +By rules\\n`,
      ),
    );
    const [again, other] = [watch(bob), watch(await anotherDevice(cleo))];
    const second = String((await ann.must("request", `${root}/note.json`)).sessionId);
    const told = await again.progress.upTo(/it stays pending\n/);
    assert.ok(
      told.includes(`${second} by ann: note (kind 1): ask. No rule fits.\n  This rule would`),
    );
    assert.equal(await stop(again), 0);
    const { signed } = z.looseObject({ signed: z.array(z.looseObject({ sessionId: z.string() })) })
      .parse(await bob.must("signed"));
    assert.deepEqual(signed.map((one) => one.sessionId), [sessionId]);

    // The other device has none of the nonces of what the first has published.
    await other.progress.upTo(
      / commitments of cleo were not this device's, and were withdrawn\. If/,
    );
    // A roll call is no event: no rule allows it, and who is there is asked.
    const rollCall = String((await ann.must("roll-call")).sessionId);
    assert.match(
      await other.progress.upTo(RegExp(`${rollCall}: nobody can be asked here`)),
      RegExp(`${rollCall} by ann: A hash without an event: ask\\. No rule fits\\.`),
    );
    await ann.must("decline", rollCall, "--reason", "a rehearsal");
    if (hasTerminals) await answerByHand(bob, second);
    await stop(other);
  });
});

/** Whether this machine can act as if somebody sat there. */
const hasTerminals = Deno.build.os === "linux" &&
  await new Deno.Command("script", { args: ["-V"], stdout: "null" }).output()
    .then(({ success }) => success, () => false);

/** What no rule allows is asked of who is there. */
async function answerByHand(guardian: Terminal, session: string): Promise<void> {
  const process = guardian.spawnWithPerson("watch", "--pool", "6");
  const [shown, person] = [new Said(process.stdout), process.stdin.getWriter()];
  const type = (keys: string) => person.write(new TextEncoder().encode(keys));
  assert.match(await shown.upTo(/Sign this\?/), /Text: By rules\r\n/);
  await type("y");
  await shown.upTo(RegExp(`${session}: answered`));
  await type("\x03");
  assert.equal((await process.status).code, 0);
  assert.match(await shown.upTo(/"signed":/), /{"success":true,"signed":1}/);
  await person.close();
}

/** A guardian's folder without what it keeps for signing, as a second device of it has it. */
async function anotherDevice({ root, name, folder }: Terminal): Promise<Terminal> {
  const other = new Terminal(root, name, `${folder}-too`);
  await Deno.mkdir(`${root}/${other.folder}`, { mode: 0o700 });
  for (const file of ["settings.json", "host-key", "token", "share-1"]) {
    await Deno.copyFile(`${root}/${folder}/${file}`, `${root}/${other.folder}/${file}`);
  }
  return other;
}

/** What a process says, as it comes. */
class Said {
  #text = "";
  #ended = false;
  #heard = Promise.withResolvers<void>();

  constructor(stream: ReadableStream<Uint8Array>) {
    void this.#read(stream.pipeThrough(new TextDecoderStream()));
  }

  async #read(stream: ReadableStream<string>): Promise<void> {
    const heard = () => {
      this.#heard.resolve();
      this.#heard = Promise.withResolvers();
    };
    for await (const part of stream) {
      this.#text += part;

      heard();
    }
    this.#ended = true;
    heard();
  }

  /** All of it, once it has this. */
  async upTo(end: RegExp): Promise<string> {
    while (!end.test(this.#text)) {
      if (this.#ended) throw new Error(`It ended without ${end}: ${this.#text}`);
      await this.#heard.promise;
    }
    return this.#text;
  }
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
    await examine(stack, found);
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

    await give(stack, found);
    // Another key in the place of the one on paper is a decision.
    const otherDevice = new Terminal(root, "ann", "ann-too");
    await assert.rejects(
      otherDevice.arrive(stack),
      /another_device.*run \\"permafrost init --restore/,
    );
    await otherDevice.must("login", "--token-file", `${root}/ann.token`, "--take-over");

    // What is wrong is said, with a status of its own; and nothing of the folder is for others to read.
    assert.equal((await new Terminal(root, "nobody").run("pending")).code, 1);
    assert.equal((await ann.run("approve")).code, 2);
    assert.equal((await ann.run("request")).code, 2);
    assert.equal((await ann.run("export", `${root}/recovery.json`)).code, 1);
    await Deno.writeTextFile(`${root}/passphrase`, "another");
    const other = await ann.run("doctor");
    assert.deepEqual([other.code, other.data.ok], [1, false]);
    const short = [
      "init",
      "--url",
      stack.apiUrl,
      "--key",
      "k",
      "--family",
      FAMILY,
      "--name",
      "eve",
    ];
    const weak = await new Terminal(root, "eve").run(...short);
    assert.equal(weak.data.error, "A passphrase for this device: At least 12 characters");
    for await (const { name, isFile } of Deno.readDir(`${root}/ann`)) {
      const { mode } = await Deno.stat(`${root}/ann/${name}`);
      if (isFile) assert.equal((mode ?? 0) & 0o077, 0, name);
    }
  });
});

/** A recovery at the terminal: the share goes to the device whose digits were heard, and to no other. */
async function give(stack: TestStack, cleo: Terminal): Promise<void> {
  const requester = RecoveryRequester.prepare(await clientOf(stack, "bob", FAMILY), {
    familyId: FAMILY,
    messageHash: "5a".repeat(32),
    participants: NAMES,
    threshold: 2,
    useCase: "emergency_recovery",
  });
  const { requestId } = must(await requester.send());
  assert.match(
    await cleo.read("pending"),
    RegExp(`^${requestId}  by bob  RECOVERY: your share itself  permafrost give  until `),
  );
  const other = await cleo.run("give", requestId, "--digits", "12345 12345", "--yes");
  assert.equal(other.code, 1);
  assert.match(String(other.data.error), /^Your share would go to a device with other digits/);
  assert.ok(!JSON.stringify(other).includes(requester.fingerprint));
  const unasked = await cleo.run("give", requestId, "--digits", requester.fingerprint);
  assert.deepEqual([unasked.code, unasked.data.code], [3, "not_approved"]);
  assert.match(unasked.progress, /^With enough shares bob has the whole key, for good\.$/m);
  await cleo.must("give", requestId, "--digits", requester.fingerprint, "--yes");
  assert.equal(await cleo.read("pending"), "Nothing awaits you\n");
}

const Checks = z.array(z.object({ name: z.string(), ok: z.boolean(), what: z.string() }));

/** All is well; and then the server's clock and the database's are an hour and a right away from what they should be. */
async function examine({ apiUrl, database }: TestStack, found: Terminal): Promise<void> {
  const { root } = found;
  await Deno.writeTextFile(`${root}/database`, `${database.url}\n`);
  const hasPsql = await majorVersion("psql") > 0;
  const well = await found.run("doctor", "--db-url-file", `${root}/database`);
  const checks = Checks.parse(well.data.checks);
  const wrong = checks.filter(({ ok }) => !ok).map(({ what }) => what);
  assert.deepEqual(
    wrong.map((what) => what.replace(/:.*/, "")),
    hasPsql ? [] : ["There is no psql here. Run it in the SQL editor"],
  );
  assert.ok(!hasPsql || checks.filter(({ name }) => name.startsWith("self_check: ")).length > 10);

  await database.sql`grant select on public.frost_host_keys to anon`;
  const late = (headers: Headers) =>
    headers.set("date", new Date(Date.now() + 3_600_000).toUTCString());
  const { code, data } = await withServer(
    found,
    apiUrl,
    { headers: late },
    () => found.run("doctor", "--db-url-file", `${root}/database`),
  );
  assert.equal(code, 1);
  const ill = Checks.parse(data.checks).filter(({ ok }) => !ok);
  assert.deepEqual(
    ill.map(({ name }) => name),
    ["clock", hasPsql ? "self_check: rights" : "self_check"],
  );
  assert.match(ill[0].what, /^This clock is 3[56]\d\d s behind the server's: /);
}

/** Runs `work` while a guardian's server says something else than the true one. */
async function withServer<Answer>(
  { root, folder }: Terminal,
  apiUrl: string,
  { headers: change = () => {}, body = (text) => text }: {
    headers?: (headers: Headers) => void;
    body?: (text: string, pathname: string) => string;
  },
  work: () => Promise<Answer>,
): Promise<Answer> {
  const path = `${root}/${folder}/settings.json`;
  const settings = await Deno.readTextFile(path);
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      const answer = await fetch(`${apiUrl}${pathname}${search}`, {
        method: request.method,
        headers: request.headers,
        body: request.method === "GET" ? undefined : await request.text(),
      });
      const headers = new Headers(answer.headers);
      headers.delete("content-length");
      change(headers);
      return new Response(body(await answer.text(), pathname), { status: answer.status, headers });
    },
  );
  await Deno.writeTextFile(
    path,
    settings.replaceAll(apiUrl, `http://127.0.0.1:${server.addr.port}`),
  );
  try {
    return await work();
  } finally {
    await Deno.writeTextFile(path, settings);
  }
}

async function groupKeyOf({ database }: TestStack): Promise<string> {
  const [{ group_public_key }] = await database.sql<{ group_public_key: string }[]>`
    select group_public_key from public.frost_key_packages
    where family_id = ${FAMILY} and retired_at is null`;
  return group_public_key;
}
