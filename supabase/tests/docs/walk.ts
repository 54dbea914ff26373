import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Page } from "./markdown.ts";
import { assertPrinted } from "./output.ts";
import type { Workplace } from "./shell.ts";

/** Saves the TypeScript of a page's section under the names that stand with it. */
export async function saveTypeScript(
  { folder }: Workplace,
  { blocks }: Page,
  section: string,
): Promise<void> {
  const own = blocks.filter((block) => block.section === section && block.language === "ts");
  for (const { words, text } of own) {
    const path = join(folder, words[0]);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

/**
 * Does what sections of a page ask of their reader: saves the TypeScript, and runs the shell blocks in one
 * shell. What each prints is compared with what the page says.
 *
 * @param edit - Puts this stack's addresses in the place of those that the page has.
 */
export async function walk(
  place: Workplace,
  page: Page,
  sections: readonly string[],
  env: Readonly<Record<string, string>>,
  edit: (script: string) => string = (script) => script,
): Promise<void> {
  for (const section of sections) await saveTypeScript(place, page, section);
  const steps = page.blocks.filter(({ language, words, section }) =>
    sections.includes(section) && language === "sh" && words.length === 0
  );
  assert.ok(steps.length >= 3, `${sections.join(", ")}: ${steps.length} steps`);
  // Each step's output begins with a line of its own.
  const script = steps.map(({ text }, i) => `echo; echo "@@ ${i}"\n${text}`).join("\n");
  const { code, output } = await place.run(edit(script), env);
  assert.equal(code, 0, output);
  for (const [i, printed] of output.split(/^@@ \d+\n/m).slice(1).entries()) {
    const { expected, line } = steps[i];
    if (expected !== undefined) assertPrinted(printed, expected, `${page.url.pathname}:${line}`);
  }
}
