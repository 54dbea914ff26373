/**
 * Metrics as Prometheus reads them: text exposition format 0.0.4.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * @module
 */

/** One value of a metric, under labels. `null` is no value: the sample is left out. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number | null;
}

/** A gauge with its samples. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** Media type of what {@link exposition} returns. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Writes gauges down. */
export function exposition(gauges: readonly Gauge[]): string {
  return gauges.map(({ name, help, samples }) =>
    [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} gauge`,
      ...samples.filter(({ value }) => value !== null).map(({ labels, value }) =>
        `${name}${writeLabels(labels ?? {})} ${value}`
      ),
    ].join("\n") + "\n"
  ).join("");
}

function writeLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escape(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
