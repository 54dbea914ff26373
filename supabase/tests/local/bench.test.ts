import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { table } from "../../bench/figures.ts";
import { interleave, median, percentile, summarise } from "../../bench/statistics.ts";

const SCRIPT = fileURLToPath(new URL("../../bench/bench.ts", import.meta.url));

Deno.test("percentiles are values that were measured, by the nearest rank", () => {
  const values = [30, 10, 20, 50, 40];
  assert.deepEqual([0.2, 0.21, 0.5, 0.95, 1].map((part) => percentile(values, part)), [
    10,
    20,
    30,
    50,
    50,
  ]);
  assert.deepEqual([median(values), median([4, 1, 3, 2])], [30, 2.5]);
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  assert.deepEqual(summarise(hundred), { count: 100, median: 50.5, p95: 95, p99: 99, max: 100 });
  assert.deepEqual(values, [30, 10, 20, 50, 40], "the list stays as it was");
});

Deno.test("what is compared takes turns, and each goes first as often", async () => {
  const order: string[] = [];
  const pairs = await interleave(
    4,
    (round) => order.push(`a${round}`),
    (round) => order.push(`b${round}`),
  );
  assert.equal(order.join(" "), "a0 b0 b1 a1 a2 b2 b3 a3");
  assert.deepEqual(pairs, [{ a: 1, b: 2 }, { a: 4, b: 3 }, { a: 5, b: 6 }, { a: 8, b: 7 }]);
});

Deno.test("the table says which targets are met", () => {
  const figures = [
    { name: "a call", value: 12.345, unit: "ms", atMost: 12.5 },
    { name: "a ratio", value: 2.5, unit: "×", atMost: 2 },
    { name: "calls", value: 1234.5, unit: "/s" },
  ] as const;
  assert.equal(
    table([{ part: "part", title: "the title", notes: ["a note"], figures }]),
    [
      "part: the title",
      "  (a note)",
      "  a call        12.3 ms   target ≤ 12.5 ms: met",
      "  a ratio        2.50 ×   target ≤ 2 ×: MISSED",
      "  calls         1235 /s",
    ].join("\n"),
  );
});

Deno.test("the bench runs one part and writes JSON on standard output, and nothing else there", async () => {
  const { code, stdout, stderr } = await run("--", "recovery", "--quick", "--json", "--seed=s");
  assert.equal(code, 0, stderr);
  const { seed, quick, parts } = JSON.parse(stdout);
  assert.deepEqual([seed, quick], ["s", true]);
  assert.equal(parts.length, 1);
  const named: { name: string }[] = parts[0].figures;
  assert.deepEqual(named.map(({ name }) => name.trim()), [
    ...["whole recovery, median", "whole recovery, p95", "in its calls", "on the devices"],
  ]);
  assert.match(stderr, / s {2}recovery: 20 recoveries\n/);
});

Deno.test("an unknown part is refused with the parts there are", async () => {
  const { code, stdout, stderr } = await run("sessions");
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^There is no part sessions; there are session, concurrent, .*\.\n$/);
});

async function run(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", SCRIPT, ...args],
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
