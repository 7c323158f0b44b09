/**
 * Yahoo Finance as a source, through yahoo-finance2: `AC100_MARKET_DATA=yahoo`. It loads and works
 * with the net grant alone: no env, sys, read or write.
 *
 * With `base_url`, a request to `https://HOST/PATH?QUERY` goes to `BASE_URL/HOST/PATH?QUERY`
 * instead, for all of Yahoo's hosts; it is granted that address in their place.
 */

import { z } from "100ac";
import { defineSource } from "../_lib/source/agent.ts";
import { yahooPolicy } from "../_lib/source/defaults.ts";
import { YahooClient } from "./_yahoo/client.ts";
import { YahooSource } from "./_yahoo/source.ts";
import { yahooHosts } from "./_yahoo/transport.ts";

const Config = z.object({
  base_url: z.string().nullable().default(null).meta({ env: "AC100_YAHOO_URL" }),
  /** The longest one exchange with Yahoo takes. */
  timeout_seconds: z.int().min(1).max(300).default(10)
    .meta({ env: "AC100_SOURCE_TIMEOUT_SECONDS" }),
});
type Config = z.output<typeof Config>;

export default defineSource({
  id: "yahoo",
  description: "Quotes, bars and events from Yahoo Finance",
  permissions: {
    net: [{ config: "base_url", otherwise: yahooHosts.map((host) => `${host}:443`) }],
  },
  config: Config,
  source: {
    quotes: (asked, ctx) => sourceOf(ctx.config).quotes(asked, ctx.now(), ctx.signal),
    history: (input, ctx) => sourceOf(ctx.config).history(input, ctx.now(), ctx.signal),
    events: (symbol, ctx) => sourceOf(ctx.config).events(symbol, ctx.now(), ctx.signal),
    status: (ctx) => sourceOf(ctx.config).status,
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
