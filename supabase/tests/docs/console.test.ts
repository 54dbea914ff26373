/** docs/console.md: the console is built, and its files are compared, as it says. */
import assert from "node:assert/strict";
import { readPage } from "./markdown.ts";
import { assertPrinted } from "./output.ts";
import { setUpWorkplace } from "./shell.ts";

Deno.test("the console is built and compared as docs/console.md says", async () => {
  const { blocks } = await readPage("docs/console.md");
  const steps = blocks.filter(({ language, words }) => language === "sh" && words.length === 0);
  assert.equal(steps.length, 2);
  await using place = await setUpWorkplace();
  for (const { text, expected = "", line } of steps) {
    const { code, output } = await place.run(text, {});
    assert.equal(code, 0, output);
    assertPrinted(output, expected, `docs/console.md:${line}`);
  }
});

Deno.test("docs/guardians.md names what stands in the page", async () => {
  const { text } = await readPage("docs/guardians.md");
  const [, section = ""] = /^## In the page$([^]*?)^## /m.exec(text) ?? [];
  // What ends as a sentence does is no label.
  const labels = [...section.matchAll(/\*\*([^*]+)\*\*/g)].map(([, label]) => oneLine(label))
    .filter((label) => !label.endsWith("."));
  assert.ok(labels.length >= 15);
  const pages = new URL("../../../client/console/", import.meta.url);
  let source = "";
  for (const folder of ["", "pages/", "parts/"]) {
    for await (const { name } of Deno.readDir(new URL(folder, pages))) {
      if (name.endsWith(".tsx")) source += await Deno.readTextFile(new URL(folder + name, pages));
    }
  }
  const shown = oneLine(source);
  assert.deepEqual(labels.filter((label) => !shown.includes(label)), []);
});

const oneLine = (text: string) => text.replace(/\s+/g, " ").trim();
