/** README.md does what it says, and says what there is. */
import assert from "node:assert/strict";
import project from "../../../deno.json" with { type: "json" };
import { ERRORS } from "../../functions/_shared/errors.ts";
import { listFunctions } from "../../local/functions.ts";
import { freshDatabase, withStack } from "../support/harness.ts";
import { assertKnownToCli } from "./cli.ts";
import { readPage, readTable } from "./markdown.ts";
import { setUpWorkplace } from "./shell.ts";
import { walk } from "./walk.ts";

const readme = await readPage("README.md");

Deno.test("the first session by hand goes as the README shows", async () => {
  await withStack(async ({ apiUrl }) => {
    await using place = await setUpWorkplace();
    await walk(place, readme, ["A first session by hand"], {}, (script) => {
      assert.ok(script.includes("http://127.0.0.1:54321"));
      return script.replaceAll("http://127.0.0.1:54321", apiUrl);
    });
  });
});

Deno.test("the README's state diagram has the edges that the database has", async () => {
  await using database = await freshDatabase();
  const rows = await database.sql`
    select from_status || ' --> ' || to_status as edge from permafrost.transitions
    where kind = 'session'`;
  const diagram = readme.blocks.find(({ text }) => text.startsWith("stateDiagram"))?.text ?? "";
  const drawn = [...diagram.matchAll(/^ *(\w+ --> \w+)/gm)].map(([, edge]) => edge);
  assert.deepEqual(drawn.sort(), rows.map(({ edge }) => edge).sort());
  const [{ first, last }] = await database.sql`
    select array['[*] --> ' || min(s)] as first, array_agg(s || ' --> [*]' order by s::text)
      filter (where s >= 'completed') as last
    from unnest(enum_range(null::public.signing_session_status)) as s`;
  const ends = [...diagram.matchAll(/^ *(\[\*\] --> \w+|\w+ --> \[\*\])/gm)].map(([, edge]) =>
    edge
  );
  assert.deepEqual(ends.sort(), [...first, ...last].sort());
});

Deno.test("the README's error table is the catalogue", () => {
  const catalogue = Object.entries(ERRORS).map(([code, [status, sentence]]) => [
    String(status),
    `\`${code}\``,
    sentence,
  ]);
  assert.deepEqual(readTable(readme, "## Errors"), catalogue);
});

Deno.test("the README lists the functions, and no others", async () => {
  const listed = readTable(readme, "## Functions").map(([name]) => name.replaceAll("`", ""));
  assert.deepEqual(listed.sort(), await listFunctions());
});

Deno.test("the README lists the project's tasks, and no others", () => {
  const listed = readTable(readme, "## Tasks").map(([name]) => name.replaceAll("`", ""));
  assert.deepEqual(listed.sort(), Object.keys(project.tasks).sort());
});

Deno.test("the README's commands that need a project or Docker are the CLI's", async () => {
  await using place = await setUpWorkplace();
  const blocks = readme.blocks.filter(({ words }) => words.includes("project"));
  assert.ok(blocks.length >= 2);
  await assertKnownToCli(blocks.map(({ text }) => text).join("\n"), place);
});
