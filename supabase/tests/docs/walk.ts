import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Page } from "./markdown.ts";
import { assertPrinted } from "./output.ts";
import type { Workplace } from "./shell.ts";

/**
 * Does what a section of a page asks of its reader: saves the TypeScript under the names that stand with
 * it, and runs the shell blocks in one shell. What each prints is compared with what the page says.
 *
 * @param edit - Puts this stack's addresses in the place of those that the page has.
 */
export async function walk(
  place: Workplace,
  { url, blocks }: Page,
  section: string,
  env: Readonly<Record<string, string>>,
  edit: (script: string) => string = (script) => script,
): Promise<void> {
  const own = blocks.filter((block) => block.section === section);
  for (const { language, words, text } of own) {
    if (language !== "ts") continue;
    const path = join(place.folder, words[0]);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  const steps = own.filter(({ language, words }) => language === "sh" && words.length === 0);
  assert.ok(steps.length >= 3, `${section} has ${steps.length} steps`);
  // Each step's output begins with a line of its own.
  const script = steps.map(({ text }, i) => `echo; echo "@@ ${i}"\n${text}`).join("\n");
  const { code, output } = await place.run(edit(script), env);
  assert.equal(code, 0, output);
  for (const [i, printed] of output.split(/^@@ \d+\n/m).slice(1).entries()) {
    const { expected, line } = steps[i];
    if (expected !== undefined) assertPrinted(printed, expected, `${url.pathname}:${line}`);
  }
}
