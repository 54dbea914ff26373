/** Reads the Prometheus text exposition format 0.0.4, as strictly as Prometheus does. */
import assert from "node:assert/strict";

/** One sample: a metric's name, its labels and its value. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const SAMPLE = new RegExp(
  `^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?)$`,
);

/** The samples of a text; fails where Prometheus would refuse it. */
export function parseExposition(text: string): Sample[] {
  assert.ok(text.endsWith("\n"), "The last line ends with a line feed");
  const typed = new Set<string>();
  const seen = new Set<string>();
  const samples: Sample[] = [];
  for (const line of text.slice(0, -1).split("\n")) {
    const [, kind, about] = new RegExp(`^# (HELP|TYPE) (${NAME}) .+$`).exec(line) ?? [];
    if (kind === "TYPE") {
      assert.ok(!typed.has(about), `${about} has its type twice`);
      assert.match(line, / gauge$/);
      typed.add(about);
    }
    if (kind) continue;
    const [, name, labels = "", value] = SAMPLE.exec(line) ?? assert.fail(`No sample: ${line}`);
    assert.ok(typed.has(name), `${name} has no type before it`);
    const series = line.slice(0, line.lastIndexOf(" "));
    assert.ok(!seen.has(series), `${series} comes twice`);
    seen.add(series);
    samples.push({ name, labels: labelsOf(labels), value: Number(value) });
  }
  return samples;
}

function labelsOf(text: string): Record<string, string> {
  const pairs = [...text.matchAll(new RegExp(LABEL, "g"))].map(([pair]) => {
    const equals = pair.indexOf("=");
    const value = pair.slice(equals + 2, -1)
      .replaceAll(/\\(.)/g, (_, letter) => letter === "n" ? "\n" : letter);
    return [pair.slice(0, equals), value];
  });
  return Object.fromEntries(pairs);
}
