/** docs/guardians.md: what three guardians do at their terminals goes as the page says. */
import assert from "node:assert/strict";
import { delimiter, join } from "node:path";
import process from "node:process";
import project from "../../../deno.json" with { type: "json" };
import { withStack } from "../support/harness.ts";
import { withInstalled } from "../support/installed.ts";
import { type Block, readPage } from "./markdown.ts";
import { assertPrinted } from "./output.ts";
import { signUp } from "./users.ts";

const page = await readPage("docs/guardians.md");
const NAMES = ["ann", "bob", "cleo"];
const PASSWORD = "a password of some length";

/** What stands with a block says at whose terminals it is run; `own` is for the reader alone. */
const TERMINALS: Readonly<Record<string, readonly string[]>> = { each: NAMES, lost: ["ann"] };

/** Ids as the page has them, and as they are here. */
class Ids {
  readonly #own = new Map<string, string>();
  static readonly #pattern = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{64}\b/g;

  /** Takes those of an output that the page shows there for the first time. */
  learn(expected: string, actual: string): void {
    const isNew = (known: Iterable<string>) => (id: string) => ![...known].includes(id);
    const found = (text: string) => [...new Set(text.match(Ids.#pattern))];
    const ours = found(actual).filter(isNew(this.#own.values()));
    for (const [i, id] of found(expected).filter(isNew(this.#own.keys())).entries()) {
      if (ours[i] !== undefined) this.#own.set(id, ours[i]);
    }
  }

  toOurs(text: string): string {
    return text.replaceAll(Ids.#pattern, (id) => this.#own.get(id) ?? id);
  }
}

Deno.test("three guardians make a key, sign, and get a device back, as docs/guardians.md says", async () => {
  await withInstalled(async (installed) => {
    await withStack(async (stack) => {
      const folder = await Deno.makeTempDir({ prefix: "permafrost-guardians-" });
      try {
        for (const name of NAMES) await signUp(stack, PASSWORD, "sunday-family", name);
        await Deno.writeTextFile(join(folder, "passphrase"), "a passphrase of many words\n");
        await Deno.writeTextFile(join(folder, "password"), PASSWORD);
        await Deno.mkdir(join(folder, "bin"));
        const main = join(installed, "node_modules", project.name, "cli/main.js");
        await Deno.writeTextFile(
          join(folder, "bin", "permafrost"),
          `#!/bin/sh\nexec node "${main}" "$@"\n`,
          { mode: 0o755 },
        );
        const ids = new Ids();
        for (const block of page.blocks) {
          if (block.language === "json") await save(folder, block);
          if (block.language !== "sh" || block.words.includes("own")) continue;
          await follow(
            folder,
            block,
            ids,
            (text) =>
              ids.toOurs(text).replace("https://abc.supabase.co", stack.apiUrl)
                .replace("sb_publishable_abc", stack.publishableKey),
          );
        }
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    });
  });
});

/** Everybody has a copy of a file that the page shows. */
async function save(folder: string, { words: [file], text }: Block): Promise<void> {
  for (const name of NAMES) {
    await Deno.mkdir(join(folder, name), { recursive: true });
    await Deno.writeTextFile(join(folder, name, file), text);
  }
}

async function follow(
  folder: string,
  { words, text, expected, line }: Block,
  ids: Ids,
  edit: (script: string) => string,
): Promise<void> {
  const names = words.flatMap((word) => TERMINALS[word] ?? [word]);
  assert.ok(names.length > 0 && names.every((name) => NAMES.includes(name)), `line ${line}`);
  const isLost = words.includes("lost");
  const outputs = await Promise.all(names.map(async (name) => {
    // The page shows Ann's. Nobody can be asked here: the yes of a person is in the command.
    const own = (part: string) => part.replaceAll(/\bann(?=@| of\b|$)/gm, name);
    const script = edit(own(text)).replace(/^permafrost approve .*$/m, "$& --yes");
    const output = await run(folder, name, isLost ? `${name}-again` : name, script);
    return { name, output, expected: own(expected ?? "…") };
  }));
  for (const { name, output, expected } of outputs) {
    ids.learn(expected, output);
    assertPrinted(output, ids.toOurs(expected), `docs/guardians.md:${line} for ${name}`);
    const [words] = /(?:^ *\d+ [a-z]+(?: +\d+ [a-z]+){3}\n){6}/m.exec(output) ?? [];
    if (words !== undefined) {
      await Deno.writeTextFile(
        join(folder, `${name}.words`),
        (words.match(/[a-z]+/g) ?? []).join(" "),
      );
    }
  }
}

async function run(folder: string, name: string, home: string, script: string): Promise<string> {
  await Deno.mkdir(join(folder, name), { recursive: true });
  const { code, stdout } = await new Deno.Command("bash", {
    args: ["-euo", "pipefail", "-c", `exec 2>&1\n${script}`],
    cwd: join(folder, name),
    env: {
      NO_COLOR: "1",
      PATH: join(folder, "bin") + delimiter + (process.env.PATH ?? ""),
      PERMAFROST_HOME: join(folder, `${home}.permafrost`),
      PERMAFROST_PASSPHRASE_FILE: join(folder, "passphrase"),
      PERMAFROST_PASSWORD_FILE: join(folder, "password"),
      PERMAFROST_WORDS_FILE: join(folder, `${name}.words`),
    },
    stdin: "null",
    stderr: "inherit",
  }).output();
  const output = new TextDecoder().decode(stdout);
  assert.equal(code, 0, output);
  return output;
}
