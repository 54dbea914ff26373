/**
 * What a command says: to people as text on standard output, to programs as one JSON object with `--json`. Progress goes to
 * standard error in both. No secret is ever said here but the 24 words, once.
 *
 * @module
 */
import process from "node:process";
import { marked } from "../presentation/session_text.ts";

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
    process.stdout.write(
      this.#json ? `${JSON.stringify({ success: true, ...data })}\n` : lineOf(text),
    );
  }

  /** What a person is to see before it goes on; programs find it in the result. */
  show(text: string): void {
    if (!this.#json) process.stdout.write(lineOf(text));
  }

  /** How far it has come. */
  progress(text: string): void {
    if (this.#held === undefined) process.stderr.write(lineOf(text));
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
      process.stdout.write(`${JSON.stringify({ success: false, code, error: text })}\n`);
    } else process.stderr.write(lineOf(text));
  }
}

/** What the server or an event says could move the terminal's cursor, or turn the text around. */
const lineOf = (text: string) => `${marked(text)}\n`;

/** Rows as columns, for people. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (all, row) => row.map((cell, i) => Math.max(all[i] ?? 0, cell.length)),
    [],
  );
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd()).join(
    "\n",
  );
}
