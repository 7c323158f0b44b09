/**
 * Yahoo Finance as a source, through yahoo-finance2: `AC100_MARKET_DATA=yahoo`. It loads and works
 * with the net grant alone: no env, sys, read or write.
 *
 * With `base_url`, which the daemon takes from `AC100_YAHOO_URL`, a request to
 * `https://HOST/PATH?QUERY` goes to `BASE_URL/HOST/PATH?QUERY` instead, for all of Yahoo's hosts;
 * the daemon then grants that address in their place.
 */

import {
  defineAgent,
  EventsInput,
  EventsOutput,
  History,
  HistoryInput,
  QuotesInput,
  QuotesOutput,
  SourceStatus,
  z,
} from "100ac";
import { yahooPolicy } from "../_lib/source_defaults.ts";
import { YahooClient } from "../_lib/yahoo_client.ts";
import { YahooSource } from "../_lib/yahoo_source.ts";
import { yahooHosts } from "../_lib/yahoo_transport.ts";

const Config = z.object({
  base_url: z.string().nullable().default(null),
  /** The longest one exchange with Yahoo takes. */
  timeout_seconds: z.number().positive().default(10),
});
type Config = z.output<typeof Config>;

export default defineAgent({
  id: "yahoo",
  description: "Quotes, bars and events from Yahoo Finance",
  permissions: { net: yahooHosts.map((host) => `${host}:443`) },
  config: Config,
  capabilities: {
    fetch_quotes: {
      description: "Quotes of many symbols, in the order asked; what has none is in missing",
      input: QuotesInput,
      output: QuotesOutput,
      idempotent: true,
      run: ({ symbols }, ctx) => sourceOf(ctx.config).quotes(symbols, ctx.now(), ctx.signal),
    },
    fetch_history: {
      description: "Bars of one symbol, oldest first, up to now",
      input: HistoryInput,
      output: History,
      idempotent: true,
      run: (input, ctx) => sourceOf(ctx.config).history(input, ctx.now(), ctx.signal),
    },
    fetch_events: {
      description: "Dividends, splits and earnings of one symbol, past and upcoming",
      input: EventsInput,
      output: EventsOutput,
      idempotent: true,
      run: ({ symbol }, ctx) => sourceOf(ctx.config).events(symbol, ctx.now(), ctx.signal),
    },
    source_status: {
      description: "How the source does: calls, failures, and whether it is left alone",
      input: z.object({}),
      output: SourceStatus,
      idempotent: true,
      run: (_, ctx) => sourceOf(ctx.config).status,
    },
  },
});

let current: { readonly key: string; readonly source: YahooSource } | undefined;

/** One source for all requests, so that they share its cookie; made at the first of them. */
function sourceOf({ base_url: baseUrl, timeout_seconds: seconds }: Config): YahooSource {
  const key = JSON.stringify([baseUrl, seconds]);
  if (current?.key !== key) {
    const timeoutMs = seconds * 1_000;
    const client = new YahooClient({ baseUrl, timeoutMs });
    current = { key, source: new YahooSource(client, yahooPolicy(timeoutMs)) };
  }
  return current.source;
}
