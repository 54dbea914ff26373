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
