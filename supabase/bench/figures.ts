/** Figures, as a table for people or as JSON for programs. */

/** `×` is a ratio of two figures of the same run. */
export type Unit = "ms" | "s" | "/s" | "×" | "KiB" | "";

/** One measured value. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: Unit;
  /** What it should be at most, where something was promised. */
  readonly atMost?: number;
}

/** The figures of one part of the bench. */
export interface PartFigures {
  readonly part: string;
  readonly title: string;
  /** What has to be known to read the figures. */
  readonly notes: readonly string[];
  readonly figures: readonly Figure[];
}

/** All of it as a table: figures with their units, and targets with whether they are met. */
export function table(parts: readonly PartFigures[]): string {
  const rows = parts.flatMap(({ figures }) => figures);
  const width = Math.max(...rows.map(({ name }) => name.length));
  return parts.map(({ part, title, notes, figures }) =>
    [
      `${part}: ${title}`,
      ...notes.map((note) => `  (${note})`),
      ...figures.map((figure) => {
        const { name, unit } = figure;
        const value = `${format(figure.value)} ${unit}`.trimEnd();
        return `  ${name.padEnd(width)}  ${value.padStart(12)}${verdict(figure)}`;
      }),
    ].join("\n")
  ).join("\n\n");
}

function verdict({ value, unit, atMost }: Figure): string {
  if (atMost === undefined) return "";
  return `   target ≤ ${atMost} ${unit}: ${value <= atMost ? "met" : "MISSED"}`;
}

/** Three digits that say something, or all before the point. */
function format(value: number): string {
  if (!Number.isFinite(value)) return "none";
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Number.isInteger(value) ? 0 : digits);
}
