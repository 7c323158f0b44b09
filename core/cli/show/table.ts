/** Tables with a heavy head and a light body, no wider than the terminal. */

import { type Look, paint, type Tone } from "./look.ts";
import { characterWidthMax, padText, textWidth, wrapText } from "./width.ts";

/** The content of one cell. */
export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

const linesMax = 6;
const columnsMin = 4;

/** A table with borders and no final line feed. Each row has one cell per title. */
export function table(
  titles: readonly string[],
  rows: readonly (readonly (string | Cell)[])[],
  look: Look,
): string {
  const head = titles.map((text): Cell => ({ text, tone: "bold" }));
  const body = rows.map((row) =>
    row.map((cell) => typeof cell === "string" ? { text: cell } : cell)
  );
  const widths = fitColumns([head, ...body], look.columns);
  const rule = (left: string, line: string, middle: string, right: string): string =>
    left + widths.map((width) => line.repeat(width + 2)).join(middle) + right;
  return [
    rule("┏", "━", "┳", "┓"),
    ...rowLines(head, widths, "┃", look),
    rule("┡", "━", "╇", "┩"),
    ...body.flatMap((row) => rowLines(row, widths, "│", look)),
    rule("└", "─", "┴", "┘"),
  ].join("\n");
}

/**
 * The width of each column. It starts as the width of its text; while the table is too wide for the
 * terminal, the widest column is narrowed: first only as far as words stay whole, then further.
 */
function fitColumns(rows: readonly (readonly Cell[])[], columns: number): number[] {
  const borders = 3 * (rows[0]?.length ?? 0) + 1;
  const widest = (separator: RegExp): number[] =>
    (rows[0] ?? []).map((_, index) =>
      Math.max(...rows.flatMap((row) => row[index]?.text.split(separator).map(textWidth) ?? []))
    );
  const full = widest(/\n/).map((width) => Math.min(width, columns));
  // A text of spaces has no words, but its spaces still take columns.
  const words = widest(/\s/).map((width, index) =>
    Math.max(width, Math.min(full[index] ?? 0, characterWidthMax))
  );
  const whole = shrink(full, words, columns - borders);
  return shrink(whole, full.map((width) => Math.min(width, columnsMin)), columns - borders);
}

function shrink(widths: readonly number[], least: readonly number[], sumMax: number): number[] {
  const shrunk = [...widths];
  const canGive = (index: number): boolean => (shrunk[index] ?? 0) > (least[index] ?? 0);
  let excess = shrunk.reduce((sum, width) => sum + width, 0) - sumMax;
  for (; excess > 0; excess--) {
    const givers = [...shrunk.keys()].filter(canGive);
    if (givers.length === 0) break;
    const widest = givers.reduce((a, b) => (shrunk[b] ?? 0) > (shrunk[a] ?? 0) ? b : a);
    shrunk[widest] = (shrunk[widest] ?? 0) - 1;
  }
  return shrunk;
}

function rowLines(
  row: readonly Cell[],
  widths: readonly number[],
  border: string,
  look: Look,
): string[] {
  const cells = row.map(({ text }, index) => wrapText(text, widths[index] ?? 0, linesMax));
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) => {
    const texts = row.map(({ tone }, index) =>
      paint(padText(cells[index]?.[line] ?? "", widths[index] ?? 0), tone, look)
    );
    return `${border} ${texts.join(` ${border} `)} ${border}`;
  });
}
