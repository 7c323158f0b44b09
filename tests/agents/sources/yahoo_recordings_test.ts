/**
 * Real answers of Yahoo, played back. They are no part of the project: the environment's
 * YAHOO_RECORDINGS names the folder they are in, and without it these tests are ignored.
 */

import assert from "node:assert/strict";
import { Interval, z } from "100ac";
import yahoo from "../../../agents/sources/yahoo.ts";
import {
  type AnswerEntry,
  entriesOf,
  flowsOf,
  handMadeAnswers,
  recordingsFolder,
} from "../../support/yahoo_answers.ts";
import { startYahooReplay } from "../../support/yahoo_replay.ts";
import { failsWith, fetchEvents, fetchHistory, fetchQuotes } from "./call_source.ts";

const ignore = recordingsFolder === undefined;
const folder = recordingsFolder ?? handMadeAnswers;
const why = ignore ? " (ignored: YAHOO_RECORDINGS names no folder)" : "";

Deno.test({
  name: `every recorded quote comes out with its price${why}`,
  ignore,
  async fn(t) {
    const entries = entriesOf(folder).filter(({ module }) => module === "quote");
    assert.ok(entries.length > 0);
    for (const entry of entries) await t.step(entry.file, () => replayQuote(entry));
  },
});

Deno.test({
  name: `every recorded chart comes out with its bars${why}`,
  ignore,
  async fn(t) {
    const entries = entriesOf(folder).filter(({ module }) => module === "chart");
    assert.ok(entries.length > 0);
    for (const entry of entries) await t.step(entry.file, () => replayChart(entry));
  },
});

Deno.test({
  name: `every recorded exchange of cookie and crumb ends in a quote${why}`,
  ignore,
  async fn(t) {
    const quote = entriesOf(folder).find(({ module }) => module === "quote");
    for (const { name, steps } of flowsOf(folder)) {
      await t.step(name, async () => {
        await using replay = startYahooReplay({ folder, flow: name });
        const config = { base_url: replay.url };
        const { quotes } = await fetchQuotes(yahoo, [quote?.symbol ?? ""], { config });
        assert.equal(quotes.length, 1);
        const sent = replay.requests.filter(({ part }) => part !== "data");
        // the recordings tell steps that were repeated once
        const addresses = new Set(sent.map(({ url }) => url.href));
        assert.deepEqual(addresses, new Set(steps.map(({ url }) => url)));
        const bodies = steps.flatMap(({ requestBody }) => requestBody ?? []);
        assert.deepEqual(sent.flatMap(({ body }) => body === "" ? [] : body), bodies);
      });
    }
  },
});

Deno.test({
  name: `recorded calendars and earnings come out as events${why}`,
  ignore,
  async fn() {
    await using replay = startYahooReplay({ folder });
    const options = { config: { base_url: replay.url }, nowMs: Date.parse("2025-02-22T00:00:00Z") };
    const { events } = await fetchEvents(yahoo, "AAPL", options);
    const told = events.map(({ kind, date, amount, estimated }) => ({
      kind,
      date,
      amount,
      estimated,
    }));
    const next = { kind: "earnings", date: "2025-04-30", amount: null, estimated: true };
    assert.deepEqual(told.at(-1)?.kind, "earnings");
    assert.ok(told.some((event) => JSON.stringify(event) === JSON.stringify(next)));
    const past = events.filter(({ dated_by }) => dated_by === "quarter_end");
    assert.ok(past.length >= 4 && past.every(({ amount }) => (amount ?? 0) > 0));
  },
});

const Rows = z.object({
  quoteResponse: z.object({
    result: z.array(
      z.looseObject({
        symbol: z.string(),
        quoteType: z.string(),
        regularMarketPrice: z.number().optional(),
      }),
    ),
  }),
});

async function replayQuote({ file, query }: AnswerEntry): Promise<void> {
  await using replay = startYahooReplay({ folder, file });
  const symbols = query?.symbols?.split(",") ?? [];
  const { quotes, missing } = await fetchQuotes(yahoo, symbols, {
    config: { base_url: replay.url },
  });
  const { quoteResponse } = Rows.parse(JSON.parse(Deno.readTextFileSync(`${folder}/${file}`)));
  const listed = quoteResponse.result.filter(({ quoteType }) => quoteType !== "NONE");
  assert.deepEqual(
    quotes.map(({ symbol, price }) => [symbol, price]),
    listed.map(({ symbol, regularMarketPrice }) => [symbol, regularMarketPrice]),
  );
  assert.deepEqual(
    missing.map(({ code }) => code),
    symbols.slice(quotes.length).map(() => "not_found"),
  );
}

const ChartBody = z.object({
  chart: z.object({
    result: z.array(z.object({
      timestamp: z.array(z.number()).default([]),
      indicators: z.object({
        quote: z.array(z.object({ close: z.array(z.number().nullable()).default([]) })),
      }),
    })).nullable(),
  }),
});

async function replayChart({ file, symbol, status, query }: AnswerEntry): Promise<void> {
  await using replay = startYahooReplay({ folder, file });
  const nowMs = 1_000 * (query?.period2 ?? 0);
  const asked = { symbol: symbol ?? "", period: "1mo", interval: Interval.parse(query?.interval) };
  const history = fetchHistory(yahoo, asked, { config: { base_url: replay.url }, nowMs });
  if (status === 404 || status === 400) {
    return await assert.rejects(history, failsWith(status === 404 ? "not_found" : "bad_request"));
  }
  const { chart } = ChartBody.parse(JSON.parse(Deno.readTextFileSync(`${folder}/${file}`)));
  const recorded = chart.result?.[0];
  const closes = recorded?.indicators.quote[0]?.close.filter((close) => close !== null);
  const { bars } = await history;
  assert.deepEqual(bars.map(({ close }) => close), closes);
}
