/** What the source `yahoo` answers with: Yahoo's data in the shapes of every source. */

import { AppError, Bar, History, HistoryInput, Missing, Quote, QuotesOutput, type z } from "100ac";
import { dayBeginMs, isGrouped, type Reach, reachOf } from "./source_period.ts";
import { splitSymbols } from "./source_symbols.ts";
import { symbolProblem } from "./symbols.ts";
import { readHistory } from "./yahoo_chart.ts";
import type { YahooClient } from "./yahoo_client.ts";
import { toAppError, YahooFailure } from "./yahoo_failure.ts";
import { readQuotes } from "./yahoo_quotes.ts";

/** Symbols in one request; its address stays well below what servers take. */
const symbolsPerRequestMax = 50;

/**
 * Quotes in the order of `asked`. A symbol that has none is missing with its reason; malformed
 * ones are never sent. When a request as a whole fails, so does this.
 * @throws {AppError} of a market source.
 */
export async function fetchYahooQuotes(
  client: YahooClient,
  asked: readonly string[],
  signal: AbortSignal,
): Promise<z.output<typeof QuotesOutput>> {
  const { symbols, refused } = splitSymbols(asked);
  const quotes: Quote[] = [];
  const missing: Missing[] = [...refused];
  // one after the other: many at once is what Yahoo answers with 429
  for (let from = 0; from < symbols.length; from += symbolsPerRequestMax) {
    const chunk = symbols.slice(from, from + symbolsPerRequestMax);
    const read = readQuotes(chunk, await client.quotes(chunk, signal));
    quotes.push(...read.quotes);
    missing.push(...read.missing);
  }
  return { quotes, missing };
}

/**
 * The bars of one symbol until `nowMs`, regular trading hours alone. Yahoo's prices have splits
 * taken out already; the adjusted close, dividends too (none for bars of less than a day).
 * @throws {AppError} of a market source.
 */
export async function fetchYahooHistory(
  client: YahooClient,
  { symbol, period, interval }: z.output<typeof HistoryInput>,
  nowMs: number,
  signal: AbortSignal,
): Promise<History> {
  const problem = symbolProblem(symbol);
  if (problem !== undefined) {
    throw new AppError(
      "bad_request",
      `Cannot fetch history of "${symbol}": ${problem}; write the symbol as Yahoo does`,
    );
  }
  const today = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO("UTC")
    .toPlainDate();
  const reach = reachOf(symbol, period, interval, today);
  const fromMs = beginMs(reach, interval, today);
  const chart = await client.chart(symbol, { fromMs, toMs: nowMs, interval }, signal);
  try {
    const history = readHistory(chart, { symbol, interval, nowMs });
    if (reach.kind === "since") return history;
    return { ...history, bars: lastSessions(history.bars, reach.count) };
  } catch (thrown) {
    throw thrown instanceof YahooFailure ? toAppError(thrown, "history", [symbol]) : thrown;
  }
}

function beginMs(
  reach: Reach,
  interval: z.output<typeof HistoryInput>["interval"],
  today: Temporal.PlainDate,
): number {
  if (reach.kind === "sessions") {
    // holds five sessions of any exchange; of bars of a minute, Yahoo gives seven days at once
    return dayBeginMs(today.subtract({ days: interval === "1m" ? 7 : 14 }), "UTC");
  }
  // a week's or month's bar begins with the local day: up to 14 hours before that day in UTC
  const aheadMs = isGrouped(interval) ? 14 * 3_600_000 : 0;
  return dayBeginMs(reach.date, "UTC") - aheadMs;
}

function lastSessions(bars: readonly Bar[], count: number): Bar[] {
  const dates = new Set([...new Set(bars.map((bar) => bar.date))].slice(-count));
  return bars.filter((bar) => dates.has(bar.date));
}
