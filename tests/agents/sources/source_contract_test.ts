/** What every source promises, tried on each of them. */

import assert from "node:assert/strict";
import type { AgentDefinition, Bar } from "100ac";
import csv from "../../../agents/sources/csv.ts";
import { simulatedHistory } from "../../../agents/sources/_simulated/market.ts";
import simulated from "../../../agents/sources/simulated.ts";
import yahoo from "../../../agents/sources/yahoo.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { startYahooReplay } from "../../support/yahoo_replay.ts";
import {
  failsWith,
  fetchEvents,
  fetchHistory,
  fetchQuotes,
  sourceStatus,
  type StoreRequest,
} from "./call_source.ts";

/** Saturday after the session of 16 January 2026. */
const nowMs = Date.parse("2026-01-17T12:00:00Z");

const symbols = ["TSLA", "AAPL", "BRK-B", "^GSPC", "EURUSD=X", "GC=F", "OCDO.L"];

const filesOfCsv = [["1d", "1y"], ["1h", "5d"], ["5m", "1d"], ["1m", "1d"]] as const;

/** A folder with the simulated market's prices, as files of the source `csv`. */
async function writeCsvMarket(folder: string): Promise<void> {
  await Deno.writeTextFile(`${folder}/market.json`, JSON.stringify({ currency: "USD" }));
  for (const symbol of symbols) {
    for (const [interval, period] of filesOfCsv) {
      const { bars } = simulatedHistory({ symbol, period, interval }, { seed: 1, nowMs });
      const lines = bars.map((bar) => {
        const at = interval === "1d" ? bar.date : bar.start;
        return [at, bar.open, bar.high, bar.low, bar.close, bar.volume].join(",");
      });
      const text = ["date,open,high,low,close,volume", ...lines].join("\n");
      await Deno.writeTextFile(`${folder}/${symbol}-${interval}.csv`, text);
    }
  }
}

interface Source extends AsyncDisposable {
  readonly agent: AgentDefinition;
  readonly options: { readonly config: Readonly<Record<string, unknown>>; readonly nowMs: number };
}

const sources: Readonly<Record<string, () => Source | Promise<Source>>> = {
  csv: async () => {
    const folder = await makeTempFolder();
    await writeCsvMarket(folder.path);
    return {
      agent: csv,
      options: { config: { folder: folder.path }, nowMs },
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    };
  },
  simulated: () => ({
    agent: simulated,
    options: { config: {}, nowMs },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }),
  yahoo: () => {
    const replay = startYahooReplay();
    return {
      agent: yahoo,
      options: { config: { base_url: replay.url }, nowMs },
      [Symbol.asyncDispose]: () => replay[Symbol.asyncDispose](),
    };
  },
};

for (const [name, start] of Object.entries(sources)) {
  Deno.test(`${name} gives quotes in the order asked, with source and instant`, async () => {
    await using source = await start();
    const asked = ["TSLA", "AAPL", "BRK-B", "AAPL", "^GSPC", "EURUSD=X", "GC=F", "OCDO.L"];
    const { quotes, missing } = await fetchQuotes(source.agent, asked, source.options);
    assert.deepEqual(quotes.map(({ symbol }) => symbol), [...new Set(asked)]);
    assert.deepEqual(missing, []);
    for (const quote of quotes) {
      assert.equal(quote.source, name);
      assert.equal(quote.as_of.startsWith("2026-01-16T21:00:0"), true, quote.as_of);
      assert.ok(quote.price > 0);
    }
  });

  Deno.test(`${name} says of each symbol without a quote why`, async () => {
    await using source = await start();
    const asked = ["../../x", "MISSING1", "AAPL", "aapl", ""];
    const { quotes, missing } = await fetchQuotes(source.agent, asked, source.options);
    assert.deepEqual(quotes.map(({ symbol }) => symbol), ["AAPL"]);
    assert.deepEqual(
      missing.map(({ symbol, code }) => [symbol, code]),
      [["../../x", "bad_request"], ["aapl", "bad_request"], ["", "bad_request"], [
        "MISSING1",
        "not_found",
      ]],
    );
    assert.ok(missing.every(({ reason }) => reason.length > 10));
  });

  Deno.test(`${name} gives bars oldest first, high and low around the rest`, async () => {
    await using source = await start();
    const cases = [{ interval: "1d", period: "1mo" }, { interval: "1h", period: "5d" }];
    for (const asked of cases) {
      const history = await fetchHistory(
        source.agent,
        { symbol: "AAPL", ...asked },
        source.options,
      );
      assert.equal(history.symbol, "AAPL");
      assert.equal(history.interval, asked.interval);
      assert.equal(history.source, name);
      assert.equal(history.timezone, "America/New_York");
      assert.equal(history.currency, "USD");
      assert.ok(history.bars.length >= 10);
      let before = "";
      for (const bar of history.bars) {
        assert.ok(bar.start > before, `${bar.start} after ${before}`);
        assert.ok(bar.high >= Math.max(bar.open, bar.close));
        assert.ok(bar.low <= Math.min(bar.open, bar.close));
        assert.ok(Date.parse(bar.start) < nowMs);
        assert.equal(bar.start.slice(0, 10), bar.date);
        before = bar.start;
      }
    }
  });

  Deno.test(`${name} counts 1d and 5d in sessions, whatever the day`, async () => {
    await using source = await start();
    const datesOf = async (period: string, interval: string): Promise<readonly string[]> => {
      const asked = { symbol: "AAPL", period, interval };
      const { bars } = await fetchHistory(source.agent, asked, source.options);
      return [...new Set(bars.map(({ date }) => date))];
    };
    const five = ["2026-01-12", "2026-01-13", "2026-01-14", "2026-01-15", "2026-01-16"];
    assert.deepEqual(await datesOf("5d", "1h"), five);
    assert.deepEqual(await datesOf("5d", "1d"), five);
    assert.deepEqual(await datesOf("1d", "1h"), ["2026-01-16"]);
  });

  Deno.test(`${name} files a week's bar under its Monday`, async () => {
    await using source = await start();
    const asked = { symbol: "AAPL", period: "5d", interval: "1wk" };
    const { bars } = await fetchHistory(source.agent, asked, source.options);
    assert.deepEqual(bars.at(-1)?.date, "2026-01-12");
    assert.deepEqual(bars.at(-1)?.start, "2026-01-12T05:00:00.000Z");
    assert.equal(bars.filter(({ date }) => date === "2026-01-12").length, 1);
  });

  Deno.test(`${name} fails with not_found for the history of an unknown symbol`, async () => {
    await using source = await start();
    const history = fetchHistory(source.agent, { symbol: "MISSING1" }, source.options);
    await assert.rejects(history, failsWith("not_found"));
  });

  Deno.test(`${name} refuses a period that short bars are not kept for`, async () => {
    await using source = await start();
    for (const [period, interval] of [["1mo", "1m"], ["3mo", "5m"], ["5y", "1h"]] as const) {
      const history = fetchHistory(
        source.agent,
        { symbol: "AAPL", period, interval },
        source.options,
      );
      await assert.rejects(history, failsWith("bad_request"));
    }
  });

  Deno.test(`${name} gives the bars since a day, and none before`, async () => {
    await using source = await start();
    const asked = { symbol: "AAPL", interval: "1d", since: "2026-01-14" };
    const { bars } = await fetchHistory(source.agent, asked, source.options);
    const wanted = bars.filter(({ date }) => date >= "2026-01-14").map(({ date }) => date);
    assert.deepEqual(wanted, ["2026-01-14", "2026-01-15", "2026-01-16"]);
  });

  Deno.test(`${name} gives a piece of the past as it stands in the whole`, async () => {
    await using source = await start();
    const asked = { symbol: "AAPL", interval: "1d", since: "2026-01-08" };
    const whole = await fetchHistory(source.agent, asked, source.options);
    const until = "2026-01-13";
    const piece = await fetchHistory(source.agent, { ...asked, until }, source.options);
    // a recording begins where it does
    const since = (bars: readonly Bar[]): Bar[] => bars.filter(({ date }) => date >= asked.since);
    const found = since(piece.bars);
    assert.equal(found.filter(({ date }) => date <= until).length, 4);
    assert.deepEqual(found, since(whole.bars).slice(0, found.length));
    assert.deepEqual(piece.events, whole.events, "what followed tells what it is adjusted by");
  });

  Deno.test(`${name} tells events oldest first, past ones as facts, and of no unknown symbol`, async () => {
    await using source = await start();
    const { events, symbol } = await fetchEvents(source.agent, "AAPL", source.options);
    assert.equal(symbol, "AAPL");
    assert.deepEqual(events, events.toSorted((a, b) => a.date < b.date ? -1 : 1));
    for (const event of events) {
      assert.equal(event.source, name);
      if (event.date <= "2026-01-16") assert.equal(event.estimated, false);
    }
    const unknown = fetchEvents(source.agent, "MISSING1", source.options);
    await assert.rejects(unknown, failsWith("not_found"));
  });

  Deno.test(`${name} stores what it answers, as itself`, async () => {
    await using source = await start();
    const stored: StoreRequest[] = [];
    const options = { ...source.options, stored };
    const saved = (capability: string): unknown[] =>
      stored.filter((request) => request.capability === capability).map(({ input }) => input);
    const { quotes } = await fetchQuotes(source.agent, ["AAPL", "MISSING1"], options);
    assert.deepEqual(saved("market.save_quotes"), [{ quotes }]);
    const asked = { symbol: "AAPL", interval: "1d", since: "2026-01-14" };
    const { kept, ...history } = await fetchHistory(source.agent, asked, options);
    assert.deepEqual([kept.outcome, kept.bars], ["stored", history.bars.length]);
    assert.deepEqual(saved("market.save_bars"), [{ history, asked: { from: asked.since } }]);
    const { events, basis } = await fetchEvents(source.agent, "AAPL", options);
    assert.deepEqual(saved("market.save_events"), [
      { symbol: "AAPL", source: name, events, basis, complete: true },
    ]);
    assert.equal(history.basis, basis, "dividends are on the basis of prices");
    const weeks = await fetchHistory(source.agent, { symbol: "AAPL", interval: "1wk" }, options);
    assert.ok(weeks.bars.length > 1);
    assert.equal(saved("market.save_bars").length, 1, "weeks are made of days when they are read");
  });

  Deno.test(`${name} counts what it is asked`, async () => {
    await using source = await start();
    const before = await sourceStatus(source.agent, source.options);
    await fetchHistory(source.agent, { symbol: "AAPL" }, source.options);
    const after = await sourceStatus(source.agent, source.options);
    assert.equal(after.source, name);
    assert.equal(after.calls, before.calls + 1);
    assert.equal(after.breaker, "closed");
  });
}
