/**
 * What a command says: to people as text on standard output, to programs as one JSON object with `--json`. Progress goes to
 * standard error in both. No secret is ever said here but the 24 words, once.
 *
 * @module
 */
import process from "node:process";
import { inLine, marked, UNSEEN } from "../presentation/session_text.ts";

/** Says things. */
export class Output {
  readonly #json: boolean;
  /** What has to wait while a person is asked: a question is drawn over what is below it. */
  #held: string[] | undefined;

  constructor(json: boolean) {
    this.#json = json;
  }

  /** The outcome. */
  result(data: Readonly<Record<string, unknown>>, text: string): void {
    process.stdout.write(this.#json ? jsonOf({ success: true, ...data }) : lineOf(text));
  }

  /** What a person is to see before it goes on; programs find it in the result. */
  show(text: string): void {
    if (!this.#json) process.stdout.write(lineOf(text));
  }

  /** How far it has come. No further line of a text looks like the first of another. */
  progress(text: string): void {
    if (this.#held === undefined) process.stderr.write(lineOf(hanging(text, 2, process.stderr)));
    else this.#held.push(text);
  }

  /** Says nothing of how far it has come until `asking` is done. */
  async quietly<Answer>(asking: () => Promise<Answer>): Promise<Answer> {
    this.#held = [];
    try {
      return await asking();
    } finally {
      const held = this.#held;
      this.#held = undefined;
      for (const text of held) this.progress(text);
    }
  }

  /** Why it did not. */
  failure(code: string, text: string): void {
    if (this.#json) {
      process.stdout.write(jsonOf({ success: false, code, error: text }));
    } else process.stderr.write(lineOf(hanging(text, 2, process.stderr)));
  }
}

/** What the server or an event says could move the terminal's cursor, or turn the text around. */
const lineOf = (text: string) => `${marked(text)}\n`;

/** The same for JSON, which has a way of its own to write such characters. */
const jsonOf = (data: unknown) => `${JSON.stringify(data).replaceAll(UNSEEN, escaped)}\n`;

const escaped = (character: string) =>
  Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`,
  ).join("");

/** Rows as columns, for people. The last may have several lines, which stay below each other. */
export function columns(rows: readonly (readonly string[])[]): string {
  const shown = rows.map((row) => [...row.slice(0, -1).map(inLine), row.at(-1) ?? ""]);
  const widths = shown.reduce<number[]>(
    (all, row) => row.map((cell, i) => Math.max(all[i] ?? 0, widthOf(cell))),
    [],
  );
  return shown.map((row) => {
    const before = row.slice(0, -1)
      .map((cell, i) => cell + " ".repeat(widths[i] - widthOf(cell) + 2)).join("");
    const isNarrow = 2 * widthOf(before) > (process.stdout.columns ?? Infinity);
    return isNarrow
      ? hanging(row.join("  "), 2, process.stdout)
      : before + hanging(row.at(-1) ?? "", widthOf(before), process.stdout);
  }).map((line) => line.trimEnd()).join("\n");
}

/** Texts below each other; what does not fit into a line goes on indented. */
export function lines(texts: readonly string[]): string {
  return texts.map((text) => hanging(text, 2, process.stdout)).join("\n");
}

/** A text whose further lines are indented, also those that a terminal of this width would make of a long one. */
function hanging(text: string, indent: number, { columns }: { readonly columns?: number }): string {
  const all = marked(text).split("\n");
  const fitting = columns === undefined
    ? all
    : all.flatMap((line) => broken(line, Math.max(1, columns - indent)));
  return fitting.join(`\n${" ".repeat(indent)}`);
}

/** A line in pieces of at most `width` columns, between words where there are some. */
function broken(line: string, width: number): string[] {
  const pieces: string[] = [];
  let piece = "";
  let used = 0;
  for (const character of line) {
    const columns = widthOf(character);
    if (used + columns > width && piece !== "") {
      const word = piece.lastIndexOf(" ") + 1;
      const end = word > piece.length / 2 ? word : piece.length;
      pieces.push(piece.slice(0, end));
      piece = piece.slice(end);
      used = widthOf(piece);
    }
    piece += character;
    used += columns;
  }
  return [...pieces, piece];
}

/** In columns, at most: what is not Latin is taken for two wide. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += character < "\u0300" ? 1 : 2;
  return width;
}
