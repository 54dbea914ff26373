/** docs/troubleshooting.md has every sentence that a user may meet, under its code. */
import assert from "node:assert/strict";
import { ERRORS } from "../../functions/_shared/errors.ts";
import { readPage } from "./markdown.ts";
import { advice, refusals } from "./sentences.ts";

const page = await readPage("docs/troubleshooting.md");

Deno.test("docs/troubleshooting.md has every code of the catalogue, with its sentences", async () => {
  const [, part = ""] = page.prose.split(/^## Refusals by code$/m);
  const sections = part.split(/^### /m).slice(1).map((section) => section.split("\n"));
  assert.deepEqual(sections.map(([code]) => code), Object.keys(ERRORS));
  const listed = sections.map((
    [code, ...lines],
  ) => [code, lines.filter((line) => line.startsWith("- `")).map((line) => line.slice(3, -1))]);
  const found = await refusals();
  assert.deepEqual(
    listed.map(([code, sentences]) => [code, [...sentences].sort()]),
    Object.keys(ERRORS).map((code) => [
      code,
      [...found].flatMap(([own, sentences]) => own === code ? [...sentences] : []).sort(),
    ]),
  );
  for (const [code, ...lines] of sections) {
    assert.ok(lines.some((line) => /^[A-Z*]/.test(line)), `${code} has no advice`);
  }
});

Deno.test("docs/troubleshooting.md has what the database warns of and advises", async () => {
  const sentences = await advice();
  assert.ok(sentences.length >= 20);
  const missing = sentences.filter((sentence) => !page.text.includes(`\`${sentence}\``));
  assert.deepEqual(missing, []);
});
