/** Tables: a heavy head over a light body, as wide as the terminal lets them be. */

import { type Look, paint, type Tone } from "./look.ts";
import { padText, textWidth, wrapText } from "./width.ts";

/** What stands in one place of a table. */
export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

const linesMax = 6;
const columnsMin = 6;

/** A table with its borders, without a line feed at its end. Rows hold a cell for each title. */
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

/** Each column's width: what its text takes, less where it is widest until the table fits. */
function fitColumns(rows: readonly (readonly Cell[])[], columns: number): number[] {
  const widths = (rows[0] ?? []).map((_, index) =>
    Math.max(...rows.flatMap((row) => row[index]?.text.split("\n").map(textWidth) ?? 0))
  );
  const borders = 3 * widths.length + 1;
  let excess = widths.reduce((sum, width) => sum + width, borders) - columns;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= columnsMin) break;
    const index = widths.indexOf(widest);
    const next = Math.max(columnsMin, ...widths.filter((width) => width < widest));
    const less = Math.min(excess, Math.max(1, widest - next));
    widths[index] = widest - less;
    excess -= less;
  }
  return widths;
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
