/** From the rows of Yahoo's quote answer to quotes. Pure. */

import { Missing, Quote, z } from "100ac";
import { fresh } from "../../_lib/source/freshness.ts";
import { yahooInstant } from "./instant.ts";

const amount = z.number().nullish();
const text = z.string().nullish();

/** What is used of a row; everything else in it may be as it likes. */
const Row = z.object({
  symbol: z.string(),
  regularMarketPrice: z.number(),
  regularMarketTime: yahooInstant,
  currency: text,
  longName: text,
  shortName: text,
  exchange: text,
  regularMarketPreviousClose: amount,
  regularMarketOpen: amount,
  regularMarketDayHigh: amount,
  regularMarketDayLow: amount,
  regularMarketVolume: amount,
  marketCap: amount,
});

/**
 * A quote for each symbol that has a good row, in the order of `symbols`; the others are missing:
 * `not_found` without a row, `bad_answer` with a row of wrong types.
 */
export function readQuotes(
  symbols: readonly string[],
  rows: readonly unknown[],
): { readonly quotes: readonly Quote[]; readonly missing: readonly Missing[] } {
  const bySymbol = new Map(rows.map((row) => [symbolOf(row), row]));
  const quotes: Quote[] = [];
  const missing: Missing[] = [];
  for (const symbol of symbols) {
    const row = bySymbol.get(symbol);
    if (row === undefined) {
      const reason = "Yahoo does not know it, or it is no longer listed";
      missing.push({ symbol, code: "not_found", reason });
      continue;
    }
    const read = Row.safeParse(row);
    if (read.success) quotes.push(toQuote(read.data));
    else missing.push({ symbol, code: "bad_answer", reason: firstProblem(read.error) });
  }
  return { quotes, missing };
}

function symbolOf(row: unknown): unknown {
  return typeof row === "object" && row !== null && "symbol" in row ? row.symbol : undefined;
}

function toQuote(row: z.output<typeof Row>): Quote {
  return {
    symbol: row.symbol,
    price: row.regularMarketPrice,
    currency: row.currency ?? null,
    name: row.longName ?? row.shortName ?? null,
    exchange: row.exchange ?? null,
    previous_close: row.regularMarketPreviousClose ?? null,
    open: row.regularMarketOpen ?? null,
    day_high: row.regularMarketDayHigh ?? null,
    day_low: row.regularMarketDayLow ?? null,
    volume: row.regularMarketVolume ?? null,
    market_cap: row.marketCap ?? null,
    as_of: new Date(row.regularMarketTime).toISOString(),
    source: "yahoo",
    ...fresh,
  };
}

function firstProblem(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined
    ? "Yahoo's answer can't be read"
    : `Yahoo's ${issue.path.join(".")} can't be read: ${issue.message}`;
}
