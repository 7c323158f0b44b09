/**
 * A folder of prices as a source. `SYMBOL-INTERVAL.csv` holds the bars of a symbol (`AAPL-1d.csv`),
 * as they were traded unless `market.json` says otherwise; further files
 * `SYMBOL-INTERVAL-ANYTHING.csv` are read after it, in the order of their names, and their bars
 * replace those of the same instant. Weeks and months are made of days where they have no file.
 *
 * Beside them, each of them optional: `market.json` with `timezone`, `calendar`, `currency` and
 * `prices`;
 * `splits.json` and `dividends.json`: `{"splits": [{symbol, date, numerator, denominator}]}`,
 * `{"dividends": [{symbol, date, amount}]}`; `earnings.json` likewise. Files are read anew at each
 * request: a change counts at once.
 */

import {
  AppError,
  Bar,
  History,
  HistoryInput,
  MarketEvent,
  Prices,
  Quote,
  splitAdjusted,
  z,
} from "100ac";
import { isCalendarName, sessionOf } from "100ac/calendar";
import { type PriceRow, readPriceRows, unreadable } from "./file.ts";
import { fresh } from "../../_lib/source/freshness.ts";
import { datedUntil, groupBars, lastSessions } from "../../_lib/source/bars.ts";
import { dayBeginMs, isGrouped, reachOf } from "../../_lib/source/period.ts";

const bytesMax = 64 * 1024 * 1024;
const filesMax = 100_000;
const rowsPerTurn = 5_000;
const quarterMs = 900_000;

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

const MarketFile = z.object({
  /** IANA name of the exchange's time zone. */
  timezone: z.string().default("America/New_York"),
  calendar: z.string().nullable().default("XNYS"),
  currency: z.string().nullable().default(null),
  /** What the prices of the files are adjusted by. */
  prices: Prices.default("traded"),
});
type MarketFile = z.output<typeof MarketFile>;

const EventFile = z.object({
  splits: z.array(z.unknown()).optional(),
  dividends: z.array(z.unknown()).optional(),
  earnings: z.array(z.unknown()).optional(),
});

const eventFiles = [
  ["splits", "split"],
  ["dividends", "dividend"],
  ["earnings", "earnings"],
] as const;

export interface CsvMarket {
  readonly folder: string;
  readonly nowMs: number;
}

/** @throws {AppError} `not_found`, `bad_request`, `bad_answer`, `source_down`. */
export async function csvHistory(
  { symbol, period, interval, since, until }: z.output<typeof HistoryInput>,
  market: CsvMarket,
): Promise<History> {
  const { timezone, calendar, currency, prices } = await marketFile(market);
  const own = await barsOf(symbol, interval, { timezone, calendar }, market);
  const isMade = own.length === 0 && isGrouped(interval);
  const days = isMade ? await barsOf(symbol, "1d", { timezone, calendar }, market) : own;
  const past = (isMade ? groupBars(days, interval, timezone) : days)
    .filter(({ start }) => Date.parse(start) < market.nowMs);
  const last = past.at(-1);
  if (last === undefined) throw unknown("history", symbol, market);
  const asOfMs = Math.min(market.nowMs, endMs(last, timezone, calendar));
  // a period ends with the newest bar, which may be years old
  const newest = Temporal.Instant.fromEpochMilliseconds(asOfMs).toZonedDateTimeISO(timezone)
    .toPlainDate();
  const reach = reachOf(symbol, period, interval, newest, since);
  const reached = reach.kind === "since"
    ? past.filter(({ date }) => date >= reach.date.toString())
    : lastSessions(past, reach.count);
  const bars = datedUntil(reached, until);
  const firstDate = bars[0]?.date ?? "9999-12-31";
  const events = await csvEvents(symbol, market);
  return {
    symbol,
    interval,
    basis: prices,
    events_complete: await readText("splits.json", market) !== undefined,
    currency,
    timezone,
    calendar,
    source: "csv",
    as_of: new Date(asOfMs).toISOString(),
    bars,
    events: events.filter(({ kind, date }) => kind !== "earnings" && date >= firstDate),
    ...fresh,
  };
}

/** The last daily bar as a quote. @throws {AppError} as {@link csvHistory}. */
export async function csvQuote(symbol: string, market: CsvMarket): Promise<Quote> {
  const asked = { symbol, period: "5d", interval: "1d" } as const;
  const { bars, events, basis, currency, as_of } = await csvHistory(asked, market);
  const today = splitAdjusted(
    bars,
    basis === "traded" ? datedUntil(events, bars.at(-1)?.date) : [],
  );
  const [last, previous] = [today.at(-1), today.at(-2)];
  if (last === undefined) throw unknown("quote", symbol, market);
  return {
    symbol,
    price: last.close,
    currency,
    name: null,
    exchange: null,
    previous_close: previous?.close ?? null,
    open: last.open,
    day_high: last.high,
    day_low: last.low,
    volume: last.volume,
    market_cap: null,
    as_of,
    source: "csv",
    ...fresh,
  };
}

/** What the files tell of a symbol, oldest first. @throws {AppError} as {@link csvHistory}. */
export async function csvEvents(symbol: string, market: CsvMarket): Promise<MarketEvent[]> {
  const events: MarketEvent[] = [];
  for (const [name, kind] of eventFiles) {
    const file = `${name}.json`;
    const read = EventFile.safeParse(await readJson(file, market) ?? {});
    if (!read.success) throw unreadable(file, 1, `it has no list "${name}"`);
    for (const entry of read.data[name] ?? []) {
      const event = MarketEvent.safeParse({ source: "csv", ...entry as object, kind });
      if (!event.success) {
        const issue = event.error.issues[0];
        throw unreadable(file, 1, `${name}: ${issue?.path.join(".")}: ${issue?.message}`);
      }
      if (event.data.symbol === symbol) events.push({ ...event.data, source: "csv" });
    }
  }
  return events.sort((a, b) => a.date < b.date ? -1 : 1);
}

/** What prices and dividends are adjusted by. @throws {AppError} as {@link csvHistory}. */
export async function csvBasis(market: CsvMarket): Promise<Prices> {
  return (await marketFile(market)).prices;
}

/** True when there is a file of the symbol. */
export async function csvKnows(symbol: string, market: CsvMarket): Promise<boolean> {
  const names = await namesIn(market);
  return names.some((name) =>
    name.startsWith(`${symbol}-`) && /-\d+(m|h|d|wk|mo)\b.*\.csv$/.test(name)
  );
}

type Place = Pick<MarketFile, "timezone" | "calendar">;

/** All bars of a symbol, each instant once, oldest first. */
async function barsOf(
  symbol: string,
  interval: History["interval"],
  place: Place,
  market: CsvMarket,
): Promise<Bar[]> {
  const stem = `${symbol}-${interval}`;
  const files = (await namesIn(market))
    .filter((name) =>
      name === `${stem}.csv` || (name.startsWith(`${stem}-`) && name.endsWith(".csv"))
    )
    .sort((a, b) => a === `${stem}.csv` ? -1 : b === `${stem}.csv` ? 1 : a < b ? -1 : 1);
  const bars = new Map<string, Bar>();
  for (const file of files) {
    const toBar = barMaker(place);
    for (const row of readPriceRows(await readText(file, market) ?? "", file)) {
      const bar = toBar(row);
      if (bar === undefined) {
        throw unreadable(file, row.line, `"${row.at.slice(0, 40)}" is no date or instant`);
      }
      bars.set(bar.start, bar);
      // a large file takes seconds: what else the host is asked is answered meanwhile
      if (row.line % rowsPerTurn === 0) await endOfTurn();
    }
  }
  return [...bars.values()].sort((a, b) => a.start < b.start ? -1 : 1);
}

/** Makes rows to bars; undefined for one whose instant can't be read. */
function barMaker({ timezone, calendar }: Place): (row: PriceRow) => Bar | undefined {
  // a date holds for a quarter of an hour: no zone's clock changes, or day begins, within one
  const dates = new Map<number, string>();
  const dateOf = (atMs: number): string => {
    const quarter = Math.floor(atMs / quarterMs);
    const date = dates.get(quarter) ??
      Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timezone).toPlainDate()
        .toString();
    dates.set(quarter, date);
    return date;
  };
  return ({ at, line: _, ...prices }) => {
    try {
      if (/^\d{4}-\d{2}-\d{2}$/.test(at)) {
        const day = Temporal.PlainDate.from(at);
        const startMs = openMs(at, calendar) ?? dayBeginMs(day, timezone);
        return { start: new Date(startMs).toISOString(), date: at, ...prices };
      }
      const atMs = /(?:Z|[+-]\d{2}:?\d{2})$/.test(at)
        ? Temporal.Instant.from(at).epochMilliseconds
        : Temporal.PlainDateTime.from(at).toZonedDateTime(timezone).epochMilliseconds;
      return { start: new Date(atMs).toISOString(), date: dateOf(atMs), ...prices };
    } catch (thrown) {
      if (thrown instanceof RangeError) return undefined;
      throw thrown;
    }
  };
}

function openMs(date: string, calendar: string | null): number | undefined {
  return sessionAt(date, calendar)?.openAtMs;
}

/** When what a bar tells was over. */
function endMs({ start, date }: Bar, timezone: string, calendar: string | null): number {
  const closeAtMs = sessionAt(date, calendar)?.closeAtMs;
  const day = Temporal.PlainDate.from(date);
  return Math.max(Date.parse(start), closeAtMs ?? dayBeginMs(day.add({ days: 1 }), timezone) - 1);
}

function sessionAt(date: string, calendar: string | null) {
  if (calendar === null || !isCalendarName(calendar)) return undefined;
  // before its table begins a calendar knows no hours
  return date < "1990-01-01" || date > "2100-12-31" ? undefined : sessionOf(calendar, date);
}

async function marketFile(market: CsvMarket): Promise<MarketFile> {
  const read = MarketFile.safeParse(await readJson("market.json", market) ?? {});
  if (read.success) return read.data;
  throw unreadable("market.json", 1, read.error.issues[0]?.message ?? "it can't be read");
}

async function readJson(file: string, market: CsvMarket): Promise<unknown> {
  const text = await readText(file, market);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) {
      throw unreadable(file, 1, `it is no JSON: ${thrown.message}`);
    }
    throw thrown;
  }
}

/** Undefined when there is no such file. */
async function readText(file: string, { folder }: CsvMarket): Promise<string | undefined> {
  const path = `${folder}/${file}`;
  try {
    const { isFile, size } = await Deno.stat(path);
    // a pipe would be waited for for ever
    if (!isFile) throw unreadable(file, 1, "it is no regular file");
    if (size > bytesMax) throw unreadable(file, 1, `it is over ${bytesMax} bytes`);
    return await Deno.readTextFile(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown instanceof AppError ? thrown : unreachableFolder(folder, thrown);
  }
}

async function namesIn({ folder }: CsvMarket): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (names.length >= filesMax) break;
      names.push(name);
    }
  } catch (thrown) {
    throw unreachableFolder(folder, thrown);
  }
  return names;
}

function unreachableFolder(folder: string, thrown: unknown): AppError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new AppError(
    "source_down",
    `Cannot read folder "${folder}": ${reason}; set AC100_CSV_DIR to the folder of CSV files`,
    { cause: thrown },
  );
}

function unknown(thing: string, symbol: string, { folder }: CsvMarket): AppError {
  return new AppError(
    "not_found",
    `Cannot fetch ${thing} of "${symbol}": no file of ${folder} has bars of it; add one`,
  );
}
