/**
 * Real answers of Yahoo, played back. They are no part of the project: the environment's
 * YAHOO_RECORDINGS names the folder they are in, and without it these tests are ignored.
 */

import assert from "node:assert/strict";
import { AppError, EventsOutput, History, Interval, QuotesOutput, symbolPattern, z } from "100ac";
import { YahooClient } from "../../../agents/sources/_yahoo/client.ts";
import yahoo from "../../../agents/sources/yahoo.ts";
import {
  type AnswerEntry,
  entriesOf,
  flowsOf,
  handMadeAnswers,
  recordingsFolder,
} from "../../support/yahoo_answers.ts";
import { startYahooReplay } from "../../support/yahoo_replay.ts";
import { impatientSource } from "./impatient_source.ts";
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

/** What each status is written down for. */
const codes: Readonly<Record<number, string>> = {
  400: "bad_request",
  401: "unauthorized",
  404: "not_found",
  429: "rate_limited",
  500: "source_down",
};

Deno.test({
  name: `every recorded answer, to whatever it is given, is a typed result or its error${why}`,
  ignore,
  async fn(t) {
    const modules = [...Deno.readDirSync(folder)].map(({ name }) => name);
    const entries = entriesOf(folder, modules);
    assert.ok(entries.length > 50);
    for (const entry of entries) await t.step(entry.file, () => replayAnywhere(entry));
  },
});

async function replayAnywhere({ file, symbol, status }: AnswerEntry): Promise<void> {
  await using replay = startYahooReplay();
  const body = Deno.readTextFileSync(`${folder}/${file}`);
  replay.misbehave({ kind: "answer", status: status ?? 200, body });
  const nowMs = Date.parse("2025-02-22T00:00:00Z");
  const client = new YahooClient({ baseUrl: replay.url, now: () => nowMs, timeoutMs: 5_000 });
  const asked = symbolPattern.test(symbol ?? "") ? symbol ?? "" : "AAPL";
  const { signal } = new AbortController();
  const questions: readonly (() => Promise<unknown>)[] = [
    async () => QuotesOutput.parse(await impatientSource(client).quotes([asked], nowMs, signal)),
    async () => {
      const history = { symbol: asked, period: "1mo", interval: "1d" } as const;
      return History.parse(await impatientSource(client).history(history, nowMs, signal));
    },
    async () => EventsOutput.parse(await impatientSource(client).events(asked, nowMs, signal)),
  ];
  for (const question of questions) {
    const outcome = await question().catch((thrown: unknown) => thrown);
    if (!(outcome instanceof Error)) continue;
    assert.ok(outcome instanceof AppError, String(outcome));
    const expected = codes[status ?? 200] ?? "bad_answer";
    assert.ok(
      [expected, "not_found"].includes(outcome.code),
      `${outcome.code}: ${outcome.message}`,
    );
  }
}

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
