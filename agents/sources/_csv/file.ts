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
  /** Its line in the file, from 1. */
  readonly line: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number | null;
  readonly adjusted_close: number | null;
}

const rowsMax = 500_000;
const lineLengthMax = 10_000;
const prices = ["open", "high", "low", "close"] as const;
const known = ["date", "start", ...prices, "volume", "adjusted_close"];
/** Decimal digits alone: what JavaScript reads beside them, nobody means in a file of prices. */
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * The rows of a file in its order, one after the other, so that a reader may pause between them.
 * @throws {AppError} `bad_answer`, with file and line.
 */
export function* readPriceRows(text: string, file: string): Generator<PriceRow, void, void> {
  let place: Place | undefined;
  for (const { number, line } of linesOf(text.replace(/^\uFEFF/, ""), file)) {
    if (place === undefined) place = placeOf(line, file);
    else if (line.trim() !== "") yield rowOf(fieldsOf(line), place, file, number);
  }
  if (place === undefined) throw unreadable(file, 1, "it is empty");
}

/** In which field what stands; -1: in none. */
interface Place {
  readonly at: number;
  readonly prices: readonly number[];
  readonly volume: number;
  readonly adjusted: number;
}

function placeOf(line: string, file: string): Place {
  const heads = fieldsOf(line).map((head) => head.trim().toLowerCase());
  const twice = known.find((name) => heads.indexOf(name) !== heads.lastIndexOf(name));
  if (twice !== undefined) throw unreadable(file, 1, `the column ${twice} is there twice`);
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
  const [volume, adjusted] = [heads.indexOf("volume"), heads.indexOf("adjusted_close")];
  return { at, prices: columns, volume, adjusted };
}

function rowOf(fields: readonly string[], place: Place, file: string, line: number): PriceRow {
  const number = (column: number): number => {
    const field = fields[column]?.trim() ?? "";
    const value = decimal.test(field) ? Number(field) : NaN;
    if (Number.isFinite(value)) return value;
    throw unreadable(file, line, `"${field.slice(0, 40)}" is no number`);
  };
  const optional = (column: number): number | null =>
    column < 0 || (fields[column]?.trim() ?? "") === "" ? null : number(column);
  const [open = 0, high = 0, low = 0, close = 0] = place.prices.map(number);
  return {
    at: fields[place.at]?.trim() ?? "",
    line,
    open,
    high,
    low,
    close,
    volume: optional(place.volume),
    adjusted_close: optional(place.adjusted),
  };
}

/** The lines of a text, without holding all of them; their number and their length are bounded. */
function* linesOf(
  text: string,
  file: string,
): Generator<{ readonly number: number; readonly line: string }, void, void> {
  let number = 1;
  for (let from = 0; from < text.length; number++) {
    if (number > rowsMax) throw unreadable(file, number, `it has over ${rowsMax} lines`);
    const end = text.indexOf("\n", from);
    const to = end < 0 ? text.length : end;
    if (to - from > lineLengthMax) {
      throw unreadable(file, number, `it is longer than ${lineLengthMax} characters`);
    }
    yield { number, line: text.slice(from, text[to - 1] === "\r" ? to - 1 : to) };
    from = to + 1;
  }
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
