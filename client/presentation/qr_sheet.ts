/**
 * QR codes one below the other on a page to print.
 *
 * @module
 */
import { encode } from "uqr";

/** Millimetres. */
const CODE = 120;
const GAP = 14;

/** An SVG of these texts as codes, each with the title and its number below. */
export function qrSheet(texts: readonly string[], title: string): string {
  const parts = texts.map((text, i) => {
    const caption = `${title}: ${i + 1} of ${texts.length}`;
    const { data, size } = encode(text, { border: 4 });
    const path = data.flatMap((row, y) =>
      row.flatMap((isDark, x) => isDark ? `M${x} ${y}h1v1h-1z` : [])
    ).join("");
    const top = i * (CODE + GAP);
    return `<svg y="${top}" width="${CODE}" height="${CODE}" viewBox="0 0 ${size} ${size}" ` +
      `shape-rendering="crispEdges"><path d="${path}"/></svg>` +
      `<text x="8" y="${top + CODE + 4}" font-family="monospace" font-size="4">` +
      `${caption.replaceAll(/[&<>"]/g, " ")}</text>`;
  });
  const height = texts.length * (CODE + GAP);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${CODE}mm" height="${height}mm" ` +
    `viewBox="0 0 ${CODE} ${height}"><rect width="100%" height="100%" fill="white"/>` +
    `${parts.join("")}</svg>\n`;
}
