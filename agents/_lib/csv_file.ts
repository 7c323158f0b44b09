/**
 * A CSV file of prices as rows. Pure. The first line names the columns, in any order and case:
 * `date` (YYYY-MM-DD) or `start` (an instant with offset, or local time at the exchange), `open`,
 * `high`, `low`, `close`, and where there are `volume` and `adjusted_close`. Other columns are left
 * alone. Fields may be quoted; they hold no line breaks.
 */

import { AppError } from "100ac";

export interface PriceRow {
  /** `date` or `start`, as it is written. */
  readonly at: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number | null;
  readonly adjusted_close: number | null;
}

const rowsMax = 1_000_000;
const prices = ["open", "high", "low", "close"] as const;

/**
 * The rows of a file in its order.
 * @throws {AppError} `bad_answer`, with file and line.
 */
export function readPriceRows(text: string, file: string): PriceRow[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  if (lines.length > rowsMax) throw unreadable(file, 1, `it has over ${rowsMax} lines`);
  const heads = fieldsOf(lines[0] ?? "").map((head) => head.trim().toLowerCase());
  const at = heads.includes("start") ? heads.indexOf("start") : heads.indexOf("date");
  const columns = prices.map((name) => heads.indexOf(name));
  if (at < 0 || columns.includes(-1)) {
    const found = heads.join(", ").slice(0, 80);
    throw unreadable(
      file,
      1,
      `its columns are ${found}; date (or start), ${prices.join(", ")} are needed`,
    );
  }
  const volume = heads.indexOf("volume");
  const adjusted = heads.indexOf("adjusted_close");
  const rows: PriceRow[] = [];
  lines.slice(1).forEach((line, index) => {
    if (line.trim() === "") return;
    const fields = fieldsOf(line);
    const number = (column: number): number => {
      const field = fields[column]?.trim() ?? "";
      const value = Number(field);
      if (field === "" || !Number.isFinite(value)) {
        throw unreadable(file, index + 2, `"${field.slice(0, 40)}" is no number`);
      }
      return value;
    };
    const optional = (column: number): number | null =>
      column < 0 || (fields[column]?.trim() ?? "") === "" ? null : number(column);
    const [open = 0, high = 0, low = 0, close = 0] = columns.map(number);
    rows.push({
      at: fields[at]?.trim() ?? "",
      open,
      high,
      low,
      close,
      volume: optional(volume),
      adjusted_close: optional(adjusted),
    });
  });
  return rows;
}

function fieldsOf(line: string): string[] {
  if (!line.includes('"')) return line.split(",");
  const fields = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return [...fields].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "");
}

/** An error about one line of a file. */
export function unreadable(file: string, line: number, found: string): AppError {
  return new AppError("bad_answer", `Cannot read file "${file}": line ${line}: ${found}; mend it`);
}
