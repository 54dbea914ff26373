/** The examples in the library's comments. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setUpWorkplace } from "../docs/shell.ts";

const CLIENT = fileURLToPath(new URL("../../../client/", import.meta.url));

/** What people call first. */
const FIRST = [
  "dealKey",
  "parseKeyShare",
  "Guardian",
  "FileNonceStore",
  "IndexedDbNonceStore",
  "FrostSessionManager",
  "UnifiedFederatedSigningService",
  "waitFor",
  "publishSignedEvent",
  "verifyTranscript",
  "RecoveryRequester",
  "RecoveryGuardian",
];

/** The examples by the name of what they are of. */
async function findExamples(): Promise<Map<string, string>> {
  const examples = new Map<string, string>();
  for (const name of await readdir(CLIENT, { recursive: true })) {
    if (!name.endsWith(".ts")) continue;
    const source = await readFile(join(CLIENT, name), "utf8");
    const example =
      /@example\n \* ```ts\n([^]*?) \* ```\n \*\/\nexport (?:async )?(?:class|function) (\w+)/g;
    for (const [, comment, symbol] of source.matchAll(example)) {
      examples.set(symbol, comment.replaceAll(/^ \* ?/gm, ""));
    }
  }
  return examples;
}

Deno.test("what people call first has an example, and every example is correct", async () => {
  const examples = await findExamples();
  assert.deepEqual(FIRST.filter((name) => !examples.has(name)), []);
  await using place = await setUpWorkplace();
  const files = [];
  for (const [name, text] of examples) {
    files.push(`${name}.ts`);
    await writeFile(join(place.folder, `${name}.ts`), `${text}\nexport {};\n`);
  }
  const { code, output } = await place.run(`npx -y deno check ${files.join(" ")}`, {});
  assert.equal(code, 0, output);
});
