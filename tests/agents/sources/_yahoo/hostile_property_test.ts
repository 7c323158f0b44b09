/** Yahoo's answers with anything anywhere: each is read, or refused as one. */

import assert from "node:assert/strict";
import { EventsOutput, History, QuotesOutput } from "100ac";
import fc from "fast-check";
import { readHistory } from "../../../../agents/sources/_yahoo/chart.ts";
import { readEvents } from "../../../../agents/sources/_yahoo/events.ts";
import { YahooFailure } from "../../../../agents/sources/_yahoo/failure.ts";
import { readQuotes } from "../../../../agents/sources/_yahoo/quotes.ts";
import { handMadeAnswers } from "../../../support/yahoo_answers.ts";

const nowMs = Date.parse("2026-01-17T12:00:00Z");

async function answer(file: string): Promise<Record<string, unknown>> {
  return JSON.parse(await Deno.readTextFile(`${handMadeAnswers}/${file}`));
}

const hostile = fc.oneof(
  fc.constantFrom(
    ...[null, true, "", "NaN", "__proto__", "\u0000", [], {}, 0, -0, -1, 1e21, 1e308, 2 ** 53],
    ...[253_402_214_399, 253_402_300_800, -62_167_132_800, -1e15, "Etc/Nowhere", "UTC"],
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** The value with one of its parts, chosen by `at`, put in another's place. */
function spoiled(value: unknown, at: number, other: unknown): unknown {
  const text = JSON.stringify(value);
  const places = countPlaces(value);
  let left = at % places;
  const walk = (part: unknown): unknown => {
    if (left-- === 0) return other;
    if (Array.isArray(part)) return part.map(walk);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, walk(inner)]));
  };
  return walk(JSON.parse(text));
}

function countPlaces(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce((sum: number, part) => sum + countPlaces(part), 1);
}

/** Reads whatever `read` makes of a spoiled value; only a refusal of the whole is let through. */
function holds(value: unknown, read: (spoiled: unknown) => void): void {
  fc.assert(
    fc.property(fc.nat(), hostile, fc.nat(), hostile, (first, one, second, other) => {
      try {
        read(spoiled(spoiled(value, first, one), second, other));
      } catch (thrown) {
        if (!(thrown instanceof YahooFailure)) throw thrown;
        assert.equal(thrown.code, "bad_answer");
      }
    }),
    { numRuns: 500 },
  );
}

Deno.test("a chart with anything anywhere is a history, or no answer", async () => {
  const file = await answer("chart/AAPL-1d.json");
  const { chart } = file as { chart: { result: [Record<string, unknown>] } };
  const asked = { symbol: "AAPL", interval: "1d", nowMs } as const;
  const [{ timestamp, ...rest }] = chart.result;
  const events = {
    dividends: { "1": { amount: 0.25, date: 1_731_070_800 } },
    splits: { "2": { numerator: 4, denominator: 1, date: 1_598_880_600 } },
  };
  // a few bars, so that each part has its turn
  const short = JSON.parse(
    JSON.stringify({ timestamp, ...rest, events }),
    (_, part) => Array.isArray(part) && part.length > 3 ? part.slice(0, 3) : part,
  );
  assert.equal(readHistory(short, asked).bars.length, 3, "it is sound before it is spoiled");
  holds(short, (chart) => void History.parse(readHistory(chart, asked)));
});

Deno.test("rows of quotes with anything anywhere are quotes, or missing", async () => {
  const file = await answer("quote/watchlist.json");
  const { quoteResponse } = file as { quoteResponse: { result: unknown[] } };
  const rows = quoteResponse.result.slice(0, 2);
  const symbols = ["AAPL", "MSFT", "GOOGL"];
  holds(rows, (spoiled) => {
    if (!Array.isArray(spoiled)) return;
    const { quotes, missing } = readQuotes(symbols, spoiled);
    QuotesOutput.parse({ quotes, missing });
    const told = [...quotes, ...missing].map(({ symbol }) => symbol);
    assert.deepEqual(told.toSorted(), symbols.toSorted());
  });
});

Deno.test("a calendar with anything anywhere is events, or no answer", () => {
  const at = nowMs / 1_000 + 86_400;
  const summary = {
    calendarEvents: {
      earnings: {
        earningsDate: [at, { raw: at, fmt: "x" }],
        isEarningsDateEstimate: true,
        earningsAverage: { raw: 1.5 },
      },
      exDividendDate: { raw: at },
    },
    earningsHistory: {
      history: [{ epsActual: 1, epsEstimate: {}, quarter: { raw: at }, currency: "USD" }],
    },
  };
  const asked = { symbol: "AAPL", nowMs, timezone: "America/New_York" };
  assert.equal(readEvents(summary, asked).length, 3);
  holds(summary, (spoiled) => {
    const events = readEvents(spoiled, asked);
    EventsOutput.parse({ symbol: "AAPL", events, source: "yahoo" });
  });
});
