/**
 * Yahoo Finance as a source, through yahoo-finance2: `AC100_MARKET_DATA=yahoo`. It loads and works
 * with the net grant alone: no env, sys, read or write.
 *
 * With `base_url`, which the daemon takes from `AC100_YAHOO_URL`, a request to
 * `https://HOST/PATH?QUERY` goes to `BASE_URL/HOST/PATH?QUERY` instead, for all of Yahoo's hosts;
 * the daemon then grants that address in their place.
 */

import { defineAgent, History, HistoryInput, QuotesInput, QuotesOutput, z } from "100ac";
import { YahooClient } from "../_lib/yahoo_client.ts";
import { fetchYahooHistory, fetchYahooQuotes } from "../_lib/yahoo_source.ts";
import { yahooHosts } from "../_lib/yahoo_transport.ts";

export default defineAgent({
  id: "yahoo",
  description: "Quotes and bars from Yahoo Finance",
  permissions: { net: yahooHosts.map((host) => `${host}:443`) },
  config: z.object({ base_url: z.string().nullable().default(null) }),
  capabilities: {
    fetch_quotes: {
      description: "Quotes of many symbols, in the order asked; what has none is in missing",
      input: QuotesInput,
      output: QuotesOutput,
      idempotent: true,
      run: ({ symbols }, ctx) =>
        fetchYahooQuotes(clientOf(ctx.config.base_url), symbols, ctx.signal),
    },
    fetch_history: {
      description: "Bars of one symbol, oldest first, up to now",
      input: HistoryInput,
      output: History,
      idempotent: true,
      run: (input, ctx) =>
        fetchYahooHistory(clientOf(ctx.config.base_url), input, ctx.now(), ctx.signal),
    },
  },
});

let current: { readonly baseUrl: string | null; readonly client: YahooClient } | undefined;

/** One client for all requests, so that they share its cookie; made at the first of them. */
function clientOf(baseUrl: string | null): YahooClient {
  if (current?.baseUrl !== baseUrl) current = { baseUrl, client: new YahooClient({ baseUrl }) };
  return current.client;
}
