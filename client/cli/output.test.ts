import assert from "node:assert/strict";
import process from "node:process";
import { Output } from "./output.ts";

Deno.test("what a server says moves no cursor and turns no text around", () => {
  const written: string[] = [];
  const streams = [process.stdout, process.stderr];
  const originals = streams.map(({ write }) => write);
  for (const stream of streams) {
    stream.write = (text: string | Uint8Array) => written.push(String(text)) > 0;
  }
  try {
    const output = new Output(false);
    const bad = "ann\u001b[2J\u202e";
    output.result({}, bad);
    output.show(bad);
    output.progress(bad);
    output.failure("code", bad);
  } finally {
    streams.forEach((stream, i) => stream.write = originals[i]);
  }
  assert.deepEqual(new Set(written), new Set(["ann⟨U+001B⟩[2J⟨U+202E⟩\n"]));
  assert.equal(written.length, 4);
});
