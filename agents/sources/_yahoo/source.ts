/** What the source `yahoo` answers with: Yahoo's data in the shapes of every source. */

import {
  AppError,
  EventsOutput,
  History,
  HistoryInput,
  Missing,
  Quote,
  QuotesOutput,
  type SourceStatus,
  type z,
} from "100ac";
import { freshnessOf } from "../../_lib/source/freshness.ts";
import { LastAnswers } from "../../_lib/source/last_answers.ts";
import { lastSessions } from "../../_lib/source/bars.ts";
import { dayBeginMs, isGrouped, type Reach, reachOf } from "../../_lib/source/period.ts";
import { isUnhealthy, type SourcePolicy } from "../../_lib/source/policy.ts";
import { splitSymbols } from "../../_lib/source/asked_symbols.ts";
import { symbolProblem } from "../../_lib/source/symbols.ts";
import { readHistory } from "./chart.ts";
import type { YahooClient } from "./client.ts";
import { readEvents } from "./events.ts";
import { toAppError, YahooFailure } from "./failure.ts";
import { readQuotes } from "./quotes.ts";

/** Symbols in one request; its address stays well below what servers take. */
const symbolsPerRequestMax = 50;
/** How far back dividends and splits are told by `fetch_events`. */
const eventYears = 5;
const staleQuotesMax = 5_000;
const dayMs = 86_400_000;
const staleQuoteMsMax = dayMs;

/** Yahoo as all who ask share it: one cookie, one budget, one breaker. */
export class YahooSource {
  readonly #client: YahooClient;
  readonly #policy: SourcePolicy;
  readonly #lastQuotes = new LastAnswers(staleQuotesMax, staleQuoteMsMax);

  constructor(client: YahooClient, policy: SourcePolicy) {
    this.#client = client;
    this.#policy = policy;
  }

  get status(): SourceStatus {
    return this.#policy.status;
  }

  /**
   * Quotes in the order of `asked`. A symbol that has none is missing with its reason; malformed
   * ones are never sent. When a request as a whole fails, its symbols have their last quotes,
   * marked stale; where none of them has one, so does this.
   * @throws {AppError} of a market source.
   */
  async quotes(
    asked: readonly string[],
    nowMs: number,
    signal: AbortSignal,
  ): Promise<z.output<typeof QuotesOutput>> {
    const { symbols, refused } = splitSymbols(asked);
    const quotes: Quote[] = [];
    const missing: Missing[] = [...refused];
    // one after the other: many at once is what Yahoo answers with 429
    for (let from = 0; from < symbols.length; from += symbolsPerRequestMax) {
      const chunk = symbols.slice(from, from + symbolsPerRequestMax);
      const read = await this.#chunk(chunk, nowMs, signal);
      quotes.push(...read.quotes);
      missing.push(...read.missing);
    }
    return { quotes, missing };
  }

  async #chunk(
    symbols: readonly string[],
    nowMs: number,
    signal: AbortSignal,
  ): Promise<z.output<typeof QuotesOutput>> {
    try {
      const key = JSON.stringify(["quotes", symbols]);
      const { answer, ...age } = await this.#policy.ask(
        key,
        signal,
        async (shared) => readQuotes(symbols, await this.#client.quotes(symbols, shared)),
      );
      if (!age.stale) {
        for (const quote of answer.quotes) this.#lastQuotes.set(quote.symbol, quote, nowMs);
      }
      const freshness = freshnessOf(age);
      const quotes = answer.quotes.map((quote) => ({ ...quote, ...freshness }));
      return { quotes, missing: [...answer.missing] };
    } catch (thrown) {
      if (!isUnhealthy(thrown)) throw thrown;
      const quotes: Quote[] = [];
      const missing: Missing[] = [];
      for (const symbol of symbols) {
        const last = this.#lastQuotes.get(symbol, nowMs);
        if (last === undefined) {
          missing.push({ symbol, code: thrown.code, reason: thrown.message });
        } else {
          const freshness = freshnessOf({ stale: true, ageMs: last.ageMs });
          quotes.push({ ...last.answer as Quote, ...freshness });
        }
      }
      if (quotes.length === 0) throw thrown;
      return { quotes, missing };
    }
  }

  /**
   * The bars of one symbol until `nowMs`, also if `until` is earlier; regular trading hours only.
   * Yahoo's prices, volumes and dividends have splits taken out; the adjusted close, dividends too
   * (none for bars of less than a day).
   * @throws {AppError} of a market source.
   */
  async history(
    input: z.output<typeof HistoryInput>,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<History> {
    const { symbol, period, interval, since } = input;
    requireWellFormed(symbol, "history");
    const today = utcToday(nowMs);
    const reach = reachOf(symbol, period, interval, today, since);
    // also for a piece of the past: the bars and splits since then show what it is adjusted by
    const range = { fromMs: beginMs(reach, interval, today), toMs: nowMs, interval };
    const { answer, ...age } = await this.#policy.ask(
      JSON.stringify(["history", input]),
      signal,
      async (shared) => {
        const chart = await this.#client.chart(symbol, range, shared);
        return reading("history", symbol, () => readHistory(chart, { symbol, interval, nowMs }));
      },
    );
    const bars = reach.kind === "since" ? answer.bars : lastSessions(answer.bars, reach.count);
    return {
      ...answer,
      bars,
      ...freshnessOf(age),
    };
  }

  /**
   * Dividends and splits of the last years, past earnings by quarter, and what is to come.
   * @throws {AppError} of a market source.
   */
  async events(
    symbol: string,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<z.output<typeof EventsOutput>> {
    requireWellFormed(symbol, "events");
    const { answer, ...age } = await this.#policy.ask(
      JSON.stringify(["events", symbol]),
      signal,
      async (shared) => {
        const fromMs = dayBeginMs(utcToday(nowMs).subtract({ years: eventYears }), "UTC");
        const range = { fromMs, toMs: nowMs, interval: "1d" } as const;
        const chart = await this.#client.chart(symbol, range, shared);
        const summary = await this.#summary(symbol, shared);
        return reading("events", symbol, () => {
          const asked = { symbol, interval: "1d", nowMs } as const;
          const { timezone, events } = readHistory(chart, asked);
          return [...events, ...readEvents(summary, { symbol, nowMs, timezone })].sort((a, b) =>
            a.date < b.date ? -1 : 1
          );
        });
      },
    );
    return {
      symbol,
      events: answer,
      source: "yahoo",
      basis: "split_adjusted",
      ...freshnessOf(age),
    };
  }

  /** Funds, rates and indices have no earnings: nothing is wrong with them. */
  async #summary(symbol: string, signal: AbortSignal): Promise<unknown> {
    try {
      return await this.#client.earnings(symbol, signal);
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code === "not_found") return {};
      throw thrown;
    }
  }
}

function requireWellFormed(symbol: string, thing: string): void {
  const problem = symbolProblem(symbol);
  if (problem === undefined) return;
  throw new AppError(
    "bad_request",
    `Cannot fetch ${thing} of "${symbol}": ${problem}; write the symbol as Yahoo does`,
  );
}

function reading<Value>(thing: string, symbol: string, read: () => Value): Value {
  try {
    return read();
  } catch (thrown) {
    throw thrown instanceof YahooFailure ? toAppError(thrown, thing, [symbol]) : thrown;
  }
}

function utcToday(nowMs: number): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO("UTC").toPlainDate();
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
