/** docs/ceremonies.md: its program runs, its diagram and limits are the database's, its bytes are these. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { signToken } from "../../local/token.ts";
import { freshDatabase, withStack } from "../support/harness.ts";
import { programsOf, readPage, readTable } from "./markdown.ts";
import { assertPrinted } from "./output.ts";
import { setUpWorkplace } from "./shell.ts";

const page = await readPage("docs/ceremonies.md");

Deno.test("the program of docs/ceremonies.md runs, and prints what the page says", async () => {
  await withStack(async ({ apiUrl, publishableKey }) => {
    await using place = await setUpWorkplace();
    const programs = programsOf(page);
    const program = programs.map(({ text }) => text).join("\n");
    await writeFile(join(place.folder, "ceremonies.ts"), program);
    const tokens = await Promise.all(
      ["ann", "bob", "cleo", "dora"].map(async (participant) => [
        participant,
        await signToken({ participant, family: "sunday-family" }),
      ]),
    );
    const { code, output } = await place.run("npx -y deno run -A --no-check ceremonies.ts", {
      API_URL: apiUrl,
      PUBLISHABLE_KEY: publishableKey,
      TOKENS: JSON.stringify(Object.fromEntries(tokens)),
    });
    assert.equal(code, 0, output);
    const { expected = "" } = programs[programs.length - 1];
    assertPrinted(output, expected, "docs/ceremonies.md");
  });
});

Deno.test("docs/ceremonies.md has the edges and the limits that the database has", async () => {
  await using database = await freshDatabase();
  const edges = await database.sql`
    select from_status || ' --> ' || to_status as edge from permafrost.transitions
    where kind = 'ceremony'`;
  const diagram = page.blocks.find(({ text }) => text.startsWith("stateDiagram"))?.text ?? "";
  const drawn = [...diagram.matchAll(/^ *(\w+ --> \w+)/gm)].map(([, edge]) => edge);
  assert.deepEqual(drawn.sort(), edges.map(({ edge }) => edge).sort());
  const [{ most }] = await database.sql`
    select max(ceremony_max) as most from permafrost.ciphersuites having count(distinct ceremony_max) = 1`;
  const limits = new Map(readTable(page, "## Limits").map(([what, limit]) => [what, limit]));
  assert.match(limits.get("participants") ?? "", RegExp(`^2 to ${most}:`));
});
