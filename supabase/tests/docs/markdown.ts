/** What the documentation's tests read from it: fenced blocks, tables, headings and links. */

/** A fenced block, with the block of output that follows it. */
export interface Block {
  readonly language: string;
  /** The words after the language: what a block needs, or what is special about it. */
  readonly words: readonly string[];
  readonly text: string;
  /** Of its first line, from 1. */
  readonly line: number;
  /** The heading it stands under. */
  readonly section: string;
  /** The text of the `text` block that is next to it. */
  readonly expected?: string;
}

/** A page, without its fenced blocks where only prose is looked for. */
export interface Page {
  readonly url: URL;
  readonly text: string;
  readonly prose: string;
  readonly blocks: readonly Block[];
}

const ROOT = new URL("../../../", import.meta.url);
const FENCE = /^```(.*)$/;

/** Reads a page by its path in the project. */
export async function readPage(path: string): Promise<Page> {
  const url = new URL(path, ROOT);
  const text = await Deno.readTextFile(url);
  const { blocks, prose } = parse(text);
  return { url, text, prose, blocks };
}

/** The paths of all pages: those of the project's own folder, and those of the folder `docs`. */
export async function listPages(): Promise<string[]> {
  const paths = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"];
  for await (const { name } of Deno.readDir(new URL("docs/", ROOT))) {
    if (name.endsWith(".md")) paths.push(`docs/${name}`);
  }
  return paths.sort();
}

/** The blocks that are one program: TypeScript without a name. */
export function programsOf({ blocks }: Page): Block[] {
  return blocks.filter(({ language, words }) => language === "ts" && words.length === 0);
}

/** The rows of the first table under a heading, cells as they are written. */
export function readTable({ prose }: Page, heading: string): string[][] {
  const from = prose.split("\n").indexOf(heading) + 1;
  if (from === 0) throw new Error(`There is no heading "${heading}"`);
  const lines = prose.split("\n").slice(from);
  const start = lines.findIndex((line) => line.startsWith("|"));
  const rows: string[][] = [];
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith("|")) break;
    rows.push(line.split("|").slice(1, -1).map((cell) => cell.trim()));
  }
  return rows;
}

/** The names by which a page's headings are linked to. */
export function anchorsOf({ prose }: Page): Set<string> {
  const headings = prose.split("\n").filter((line) => /^#{1,6} /.test(line));
  return new Set(
    headings.map((heading) =>
      heading.replace(/^#+ /, "").toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(
        " ",
        "-",
      )
    ),
  );
}

/** Where a page's links lead. */
export function linksOf({ prose }: Page): string[] {
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
}

function parse(text: string): { blocks: Block[]; prose: string } {
  const blocks: Block[] = [];
  const prose: string[] = [];
  let section = "";
  let open: { info: string; line: number; lines: string[] } | undefined;
  for (const [i, line] of text.split("\n").entries()) {
    const [, info] = FENCE.exec(line) ?? [];
    if (open !== undefined && info === undefined) open.lines.push(line);
    else if (open !== undefined) {
      add(blocks, open, section);
      open = undefined;
    } else if (info !== undefined) open = { info, line: i + 2, lines: [] };
    else {
      if (line.startsWith("#")) section = line.replace(/^#+ /, "");
      prose.push(line);
    }
  }
  return { blocks, prose: prose.join("\n") };
}

function add(
  blocks: Block[],
  { info, line, lines }: { info: string; line: number; lines: readonly string[] },
  section: string,
): void {
  const [language, ...words] = info.trim().split(/\s+/);
  const text = lines.join("\n");
  const before = blocks.at(-1);
  if (language === "text" && before !== undefined && before.expected === undefined) {
    blocks[blocks.length - 1] = { ...before, expected: text };
  } else blocks.push({ language, words, text, line, section });
}
