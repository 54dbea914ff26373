import assert from "node:assert/strict";
import { parseExposition } from "../../tests/functions/exposition.ts";
import { exposition, type Gauge } from "./prometheus.ts";

const gauge = (samples: Gauge["samples"], name = "things"): Gauge => ({
  name,
  help: "Some things.",
  samples,
});

Deno.test("exposition() writes each gauge with its help, its type and its samples", () => {
  const text = exposition([
    gauge([{ value: 1 }]),
    gauge(
      [{ labels: { a: "x", b: "y" }, value: 0.25 }, { labels: { a: "z", b: "" }, value: 0 }],
      "others",
    ),
  ]);
  assert.equal(
    text,
    [
      "# HELP things Some things.",
      "# TYPE things gauge",
      "things 1",
      "# HELP others Some things.",
      "# TYPE others gauge",
      'others{a="x",b="y"} 0.25',
      'others{a="z",b=""} 0',
      "",
    ].join("\n"),
  );
});

Deno.test("exposition() leaves out what has no value, and keeps a zero", () => {
  const text = exposition([gauge([{ value: null }]), gauge([{ value: 0 }], "zero")]);
  assert.deepEqual(parseExposition(text), [{ name: "zero", labels: {}, value: 0 }]);
});

Deno.test("exposition() writes labels so that they are read back as they were", () => {
  const labels = ['"', "\\", "\n", '\\"', "\\n", "a,b={}", "❄", '"} 1\nforged{x="'];
  const text = exposition([gauge(labels.map((label) => ({ labels: { label }, value: 1 })))]);
  assert.deepEqual(parseExposition(text).map((sample) => sample.labels.label), labels);
});

Deno.test("exposition() writes large and small numbers so that they are read back", () => {
  const values = [1e21, 1e-7, 123456789012, -1, 0.1 + 0.2];
  const text = exposition([
    gauge(values.map((value, i) => ({ labels: { i: String(i) }, value }))),
  ]);
  assert.deepEqual(parseExposition(text).map(({ value }) => value), values);
});
