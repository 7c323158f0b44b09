/**
 * A folder of CSV files as a source: `AC100_MARKET_DATA=csv`, `AC100_CSV_DIR`. It may read that
 * folder and nothing else; see ../_lib/csv_market.ts for what the files are like.
 */

import {
  AppError,
  defineAgent,
  EventsInput,
  EventsOutput,
  History,
  HistoryInput,
  Missing,
  Quote,
  QuotesInput,
  QuotesOutput,
  SourceStatus,
  z,
} from "100ac";
import { csvEvents, csvHistory, csvKnows, type CsvMarket, csvQuote } from "../_lib/csv_market.ts";
import { fresh, freshnessOf } from "../_lib/freshness.ts";
import { localPolicy } from "../_lib/source_defaults.ts";
import { splitSymbols } from "../_lib/source_symbols.ts";

/** Where the files are unless the daemon is told otherwise; it then grants that folder instead. */
const folderDefault = "csv";

const policy = localPolicy("csv");

export default defineAgent({
  id: "csv",
  description: "Quotes, bars and events from a folder of CSV files",
  permissions: { read: [folderDefault] },
  config: z.object({ folder: z.string().default(folderDefault) }),
  capabilities: {
    fetch_quotes: {
      description: "Quotes of many symbols, in the order asked; what has none is in missing",
      input: QuotesInput,
      output: QuotesOutput,
      idempotent: true,
      run: ({ symbols }, ctx) => quotesOf(symbols, { ...ctx.config, nowMs: ctx.now() }, ctx.signal),
    },
    fetch_history: {
      description: "Bars of one symbol, oldest first, up to now",
      input: HistoryInput,
      output: History,
      idempotent: true,
      async run(input, ctx) {
        const market = { ...ctx.config, nowMs: ctx.now() };
        const key = JSON.stringify(["history", market.folder, input]);
        const answered = await policy.ask(key, ctx.signal, () => csvHistory(input, market));
        return { ...answered.answer, ...freshnessOf(answered) };
      },
    },
    fetch_events: {
      description: "Dividends, splits and earnings of one symbol, past and upcoming",
      input: EventsInput,
      output: EventsOutput,
      idempotent: true,
      async run({ symbol }, ctx) {
        const market = { ...ctx.config, nowMs: ctx.now() };
        const events = await csvEvents(symbol, market);
        if (events.length === 0 && !await csvKnows(symbol, market)) {
          const found = "no file tells of it; add one";
          throw new AppError("not_found", `Cannot fetch events of "${symbol}": ${found}`);
        }
        return { symbol, events, source: "csv", ...fresh };
      },
    },
    source_status: {
      description: "How the source does: calls, failures, and whether it is left alone",
      input: z.object({}),
      output: SourceStatus,
      idempotent: true,
      run: () => policy.status,
    },
  },
});

async function quotesOf(
  asked: readonly string[],
  market: CsvMarket,
  signal: AbortSignal,
): Promise<z.output<typeof QuotesOutput>> {
  const { symbols, refused } = splitSymbols(asked);
  const quotes: Quote[] = [];
  const missing: Missing[] = [...refused];
  for (const symbol of symbols) {
    try {
      const key = JSON.stringify(["quote", market.folder, symbol]);
      quotes.push((await policy.ask(key, signal, () => csvQuote(symbol, market))).answer);
    } catch (thrown) {
      // a folder that can't be read fails all of them
      if (!(thrown instanceof AppError) || thrown.code === "source_down") throw thrown;
      missing.push({ symbol, code: thrown.code, reason: thrown.message });
    }
  }
  return { quotes, missing };
}
