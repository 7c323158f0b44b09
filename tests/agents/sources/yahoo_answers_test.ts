/** What becomes of Yahoo's answers, the odd ones too, and what is asked for them. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { symbolPattern } from "100ac";
import { YahooClient } from "../../../agents/sources/_yahoo/client.ts";
import { yahooHosts } from "../../../agents/sources/_yahoo/transport.ts";
import { impatientSource } from "./impatient_source.ts";
import yahoo from "../../../agents/sources/yahoo.ts";
import { startYahooReplay } from "../../support/yahoo_replay.ts";
import { failsWith, fetchHistory, fetchQuotes } from "./call_source.ts";

const nowMs = Date.parse("2026-01-17T12:00:00Z");
const never = new AbortController().signal;

Deno.test("a quote carries what Yahoo says, and null for what it does not", async () => {
  await using replay = startYahooReplay();
  const options = { config: { base_url: replay.url }, nowMs };
  const { quotes } = await fetchQuotes(yahoo, ["AAPL", "^GSPC"], options);
  assert.deepEqual(quotes[0], {
    symbol: "AAPL",
    price: 258.71,
    currency: "USD",
    name: "Apple Inc.",
    exchange: "NMS",
    previous_close: 257.5,
    open: 257.5,
    day_high: 259.71,
    day_low: 256.5,
    volume: 40_000_000,
    market_cap: 3_800_000_000_000,
    as_of: "2026-01-16T21:00:01.000Z",
    source: "yahoo",
    stale: false,
    age_seconds: 0,
  });
  assert.equal(quotes[1]?.name, "S&P 500");
  assert.equal(quotes[1]?.open, null);
  assert.equal(quotes[1]?.market_cap, null);
});

Deno.test("a row of wrong types is missing as bad_answer and takes no other with it", async () => {
  await using replay = startYahooReplay();
  const asked = ["BADTYPE", "AAPL", "NOTIME", "GONE"];
  const { quotes, missing } = await fetchQuotes(yahoo, asked, {
    config: { base_url: replay.url },
  });
  assert.deepEqual(quotes.map(({ symbol }) => symbol), ["AAPL"]);
  assert.deepEqual(
    missing.map(({ symbol, code }) => [symbol, code]),
    [["BADTYPE", "bad_answer"], ["NOTIME", "bad_answer"], ["GONE", "not_found"]],
  );
  assert.match(missing[0]?.reason ?? "", /regularMarketPrice/);
});

Deno.test("many symbols are asked for fifty at a time, malformed ones not at all", async () => {
  await using replay = startYahooReplay();
  const symbols = Array.from({ length: 120 }, (_, index) => `S${index}`);
  const { missing } = await fetchQuotes(yahoo, [...symbols, "../../x"], {
    config: { base_url: replay.url },
  });
  assert.equal(missing.length, 121);
  const asked = replay.dataRequests.map(({ url }) => url.searchParams.get("symbols")?.split(","));
  assert.deepEqual(asked.map((chunk) => chunk?.length), [50, 50, 20]);
  assert.deepEqual(asked.flat(), symbols);
});

Deno.test("malformed symbols alone send nothing", async () => {
  await using replay = startYahooReplay();
  const options = { config: { base_url: replay.url } };
  const { missing } = await fetchQuotes(yahoo, ["../../x", "A B", "a"], options);
  assert.equal(missing.length, 3);
  const input = { symbol: "../../x", period: "1mo", interval: "1d" } as const;
  const client = new YahooClient({ baseUrl: replay.url });
  await assert.rejects(
    impatientSource(client).history(input, nowMs, never),
    failsWith("bad_request"),
  );
  assert.equal(replay.requests.length, 0);
});

Deno.test("daily bars: empty rows are dropped, today's begins with its session", async () => {
  await using replay = startYahooReplay();
  const options = { config: { base_url: replay.url }, nowMs };
  const history = await fetchHistory(yahoo, { symbol: "AAPL" }, options);
  assert.equal(history.calendar, "XNAS");
  assert.equal(history.as_of, "2026-01-16T21:00:01.000Z");
  assert.equal(history.bars.length, 10);
  assert.equal(history.bars.some(({ date }) => date === "2026-01-07"), false);
  assert.deepEqual(history.bars.at(-1), {
    start: "2026-01-16T14:30:00.000Z",
    date: "2026-01-16",
    open: 257.5,
    high: 259.46,
    low: 257,
    close: 258.71,
    adjusted_close: 258.4513,
    volume: 1_010_000,
  });
});

Deno.test("the two rows of the week under way become one bar", async () => {
  await using replay = startYahooReplay();
  const options = { config: { base_url: replay.url }, nowMs };
  const { bars } = await fetchHistory(yahoo, { symbol: "AAPL", interval: "1wk" }, options);
  assert.deepEqual(bars.map(({ date, close }) => [date, close]), [
    ["2026-01-05", 255.25],
    ["2026-01-12", 258.71],
  ]);
  assert.equal(bars[1]?.open, 255.25);
  assert.equal(bars[1]?.volume, 1_001_000 + 1_002_000);
});

Deno.test("a history's calendar and time zone are those of its exchange", async () => {
  await using replay = startYahooReplay();
  const options = { config: { base_url: replay.url }, nowMs };
  const berkshire = await fetchHistory(yahoo, { symbol: "BRK-B" }, options);
  assert.deepEqual([berkshire.calendar, berkshire.timezone], ["XNYS", "America/New_York"]);
  const ocado = await fetchHistory(yahoo, { symbol: "OCDO.L" }, options);
  assert.deepEqual([ocado.calendar, ocado.timezone], [null, "Europe/London"]);
  assert.equal(ocado.currency, "GBp");
  assert.equal(ocado.bars[0]?.start, "2026-01-14T08:00:00.000Z");
});

Deno.test("a period without bars is an empty history", async () => {
  await using replay = startYahooReplay();
  const options = { config: { base_url: replay.url }, nowMs };
  const { bars } = await fetchHistory(yahoo, { symbol: "EMPTY" }, options);
  assert.deepEqual(bars, []);
});

Deno.test("a chart of wrong types, lengths, zone or symbol is bad_answer", async () => {
  await using replay = startYahooReplay();
  for (const symbol of ["BADTYPE", "SHORT", "BADZONE", "OTHER"]) {
    const history = fetchHistory(yahoo, { symbol }, { config: { base_url: replay.url }, nowMs });
    await assert.rejects(history, failsWith("bad_answer"), symbol);
  }
});

Deno.test("a history asks for its period in regular hours alone", async () => {
  await using replay = startYahooReplay();
  const options = { config: { base_url: replay.url }, nowMs };
  const day = (date: string): string => String(Date.parse(date) / 1_000);
  const cases = [
    { period: "1mo", interval: "1d", from: day("2025-12-17") },
    { period: "ytd", interval: "1d", from: day("2026-01-01") },
    { period: "max", interval: "1d", from: day("1900-01-01") },
    { period: "2y", interval: "1h", from: day("2024-01-19") },
    { period: "5d", interval: "1m", from: day("2026-01-10") },
    // Thursday's week, from the Sunday noon before it in UTC on: Monday has begun nowhere
    { period: "6mo", interval: "1wk", from: day("2025-07-13T10:00Z") },
  ];
  for (const { period, interval, from } of cases) {
    await fetchHistory(yahoo, { symbol: "AAPL", period, interval }, options).catch(
      failsWith("not_found"),
    );
    const query = Object.fromEntries(replay.dataRequests.at(-1)?.url.searchParams ?? []);
    assert.equal(query["period1"], from, `${period} of ${interval}`);
    assert.equal(query["period2"], String(nowMs / 1_000));
    assert.equal(query["interval"], interval);
    assert.equal(query["includePrePost"], "false");
  }
});

Deno.test("Europe's consent is given on the way to a cookie", async () => {
  await using replay = startYahooReplay({ flow: "consent" });
  const options = { config: { base_url: replay.url } };
  const { quotes } = await fetchQuotes(yahoo, ["AAPL"], options);
  assert.equal(quotes.length, 1);
  const form = replay.requests.find(({ method }) => method === "POST");
  assert.equal(form?.body, "csrfToken=t&sessionId=one&agree=agree&agree=agree");
});

/** A client whose requests go nowhere, and the addresses they were for. */
function unplugged(): { readonly client: YahooClient; readonly asked: URL[] } {
  const asked: URL[] = [];
  const client = new YahooClient({
    baseUrl: null,
    fetch: (input) => {
      asked.push(new URL(String(input)));
      return Promise.resolve(new Response("", { status: 503 }));
    },
  });
  return { client, asked };
}

Deno.test("any well-formed symbol is one part of the path, at Yahoo's own host", async () => {
  const symbols = fc.stringMatching(symbolPattern);
  await fc.assert(fc.asyncProperty(symbols, async (symbol) => {
    const { client, asked } = unplugged();
    const input = { symbol, period: "1mo", interval: "1d" } as const;
    await assert.rejects(
      impatientSource(client).history(input, nowMs, never),
      failsWith("source_down"),
    );
    assert.equal(asked.length, 1);
    const [, ...parts] = asked[0]?.pathname.split("/") ?? [];
    assert.equal(asked[0]?.origin, "https://query2.finance.yahoo.com");
    assert.deepEqual(parts.slice(0, 3), ["v8", "finance", "chart"]);
    assert.equal(decodeURIComponent(parts.slice(3).join("/")), symbol);
  }));
});

Deno.test("a text that is no symbol is never sent", async () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("../../x", "A/B", "A?b=c", "A#", "%2e%2e", "A,B", "AAPL\n", ".", "..", "ÄB"),
  ).filter((text) => !symbolPattern.test(text));
  const { client, asked } = unplugged();
  await fc.assert(fc.asyncProperty(texts, async (text) => {
    const { missing } = await impatientSource(client).quotes([text], nowMs, never);
    assert.equal(missing[0]?.code, "bad_request");
    const input = { symbol: text, period: "1mo", interval: "1d" } as const;
    await assert.rejects(
      impatientSource(client).history(input, nowMs, never),
      failsWith("bad_request"),
    );
    assert.deepEqual(asked, []);
  }));
});

Deno.test("the agent asks to reach Yahoo's hosts, and for nothing else", () => {
  assert.deepEqual(Object.keys(yahoo.permissions ?? {}), ["net"]);
  const otherwise = yahooHosts.map((host) => `${host}:443`);
  assert.deepEqual(yahoo.permissions?.net, [{ config: "base_url", otherwise }]);
});
