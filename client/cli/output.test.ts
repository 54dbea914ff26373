import assert from "node:assert/strict";
import process from "node:process";
import { columns, Output } from "./output.ts";

/** What is written by an output, to both streams of a terminal of this width. */
function written(
  width: number | undefined,
  work: (output: Output) => void,
  json = false,
): string[] {
  const texts: string[] = [];
  const streams = [process.stdout, process.stderr];
  const originals = streams.map(({ write, columns }) => ({ write, columns }));
  for (const stream of streams) {
    stream.write = (text: string | Uint8Array) => texts.push(String(text)) > 0;
    Object.assign(stream, { columns: width });
  }
  try {
    work(new Output(json));
  } finally {
    streams.forEach((stream, i) => Object.assign(stream, originals[i]));
  }
  return texts;
}

Deno.test("what a server says moves no cursor and turns no text around", () => {
  const bad = "ann\u001b[2J\u202e";
  const texts = written(undefined, (output) => {
    output.result({}, bad);
    output.show(bad);
    output.progress(bad);
    output.failure("code", bad);
  });
  assert.deepEqual(texts, Array(4).fill("ann⟨U+001B⟩[2J⟨U+202E⟩\n"));
  const parts = { bad: "\u009b2J\u{e0041}\n" };
  const [result, failure] = written(undefined, (output) => {
    output.result(parts, "");
    output.failure("code", parts.bad);
  }, true);
  for (const json of [result, failure]) assert.match(json, /^[ -~]+\n$/);
  assert.deepEqual(JSON.parse(result), { success: true, ...parts });
  assert.equal(JSON.parse(failure).error, parts.bad);
});

Deno.test("no line of a text looks like a line of its own, however wide the terminal is", () => {
  const text = `Pay\nHash: 00${" ".repeat(31)}Hash: 01${"雪".repeat(17)}Hash: 02`;
  for (const width of [undefined, 40]) {
    const [progress, failure, result] = written(width, (output) => {
      output.progress(`Text: ${text}`);
      output.failure("code", `Text: ${text}`);
      output.result({}, columns([["Text", text], ["Sig\nners", "2 of 3"]]));
    });
    assert.equal(progress, failure);
    for (const shown of [progress, result]) {
      const lines = shown.trimEnd().split("\n");
      assert.deepEqual(
        lines.filter((line) => !/^(?: {2,}|Text\b|Sig⟨U\+000A⟩ners +2 of 3$)/.test(line)),
        [],
      );
      const wide = (line: string) => [...line].reduce((sum, c) => sum + (c === "雪" ? 2 : 1), 0);
      assert.ok(width === undefined || lines.every((line) => wide(line) <= width), shown);
      assert.ok(shown.replaceAll(/\n */g, "").includes("Hash: 02"));
    }
  }
  // A row whose first cells leave no room goes on indented as a whole; where there is no terminal, nothing is broken.
  const row = ["an-id", "by ann", "x".repeat(19) + "0b6d8f9c  by ann  until 2026", "end"];
  const long = "y".repeat(100_000);
  for (
    const [width, lines] of [[40, /^an-id .*\n {2}\S.*(?:\n {2}.*)*$/], [
      undefined,
      /^an-id.*end$/,
    ]] as const
  ) {
    written(width, () => assert.match(columns([row]), lines));
  }
  written(undefined, () => assert.equal(columns([["Text", long]]), `Text  ${long}`));
  written(
    80,
    () =>
      assert.match(columns([["雪".repeat(10), "z".repeat(100)]]), /^雪{10} {2}z{58}\n {22}z{42}$/),
  );
});
