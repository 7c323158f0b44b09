/** The shipped data agents as of an earlier instant: what was public by then, and no source. */

import assert from "node:assert/strict";
import type { Bar } from "100ac";
import { sessionOf } from "100ac/calendar";
import { AppError } from "../../core/errors.ts";
import { eventually } from "../support/eventually.ts";
import { startTestDaemon, type TestDaemon } from "../support/test_daemon.ts";
import { historyOf, quoteOf } from "../agents/market_values.ts";

const asked = { symbol: "AAPL", period: "1mo", interval: "1d" };
interface Answer {
  readonly bars: readonly Bar[];
  readonly first_seen_late: number;
  readonly fetched: number;
  readonly bars_loaded: number;
}

async function failureOf(answer: Promise<unknown>): Promise<AppError> {
  try {
    throw new Error(`it answered ${JSON.stringify(await answer)}`);
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
}

/** An instant that lies between what was done before this and what is done after it. */
async function instant(): Promise<number> {
  const atMs = Date.now();
  await eventually(() => Date.now() > atMs);
  return atMs;
}

for (const isolation of ["thread", "process"]) {
  Deno.test(`data agents in a ${isolation} answer as of an instant from what was public by then`, async (t) => {
    await using daemon = await startTestDaemon({ AC100_ISOLATION: isolation });
    const { ask } = daemon;
    const before = await instant();
    const loader = "historical_data_loader";
    const loaded = await ask(`${loader}.load_history`, asked) as Answer;
    await ask("market_data_fetcher.fetch_quote", { symbol: "AAPL" });
    const told = await ask("market_events_tracker.past_events", { symbols: ["AAPL"], days: 3_650 });
    const between = await instant();
    const final = loaded.bars.filter(({ date }) => isOver(date, between));
    await learnLater(daemon, loaded);
    const source = daemon.daemon.plane.hosts.entry("simulated");
    const calls = source?.messages;

    await t.step("bars as they were then", async () => {
      const now = await ask(`${loader}.get_bars`, { symbol: "AAPL" }) as Answer;
      assert.equal(now.bars.at(-5)?.close, 1_000_000);
      for (const name of ["load_history", "sync_history"]) {
        const then = await ask(`${loader}.${name}`, asked, between) as Answer;
        assert.deepEqual(closesOf(then), closesOf({ bars: final }));
      }
      const { fetched } = await ask(`${loader}.sync_history`, asked, between) as Answer;
      assert.equal(fetched, 0);
    });
    await t.step("also where a later instant is asked for within", async () => {
      const later = { symbol: "AAPL", as_of: new Date(Date.now()).toISOString() };
      const then = await ask(`${loader}.get_bars`, later, between) as Answer;
      assert.ok(then.bars.every(({ close }) => close < 1_000_000));
    });
    await t.step("bars of sessions that were over, though they were loaded later", async () => {
      const then = await ask(`${loader}.get_bars`, { symbol: "AAPL" }, before) as Answer;
      const over = loaded.bars.filter(({ date }) => date < today(before));
      assert.ok(over.length > 15);
      assert.deepEqual(closesOf(then).slice(0, over.length), closesOf({ bars: over }));
      assert.equal(then.first_seen_late, then.bars.length);
      const held = { symbol: "AAPL", recorded_by: new Date(before).toISOString() };
      const none = await ask(`${loader}.get_bars`, held, before) as Answer;
      assert.deepEqual([none.bars, none.first_seen_late], [[], 0]);
    });
    await t.step("dates, quality and volatility of them", async () => {
      const dates = await ask(`${loader}.get_available_dates`, { symbol: "AAPL" }, between);
      assert.equal((dates as { sessions: number }).sessions, final.length);
      const quality = await ask(`${loader}.check_quality`, { symbol: "AAPL" }, between);
      assert.ok((quality as { score: number }).score > 0.5);
      const measure = { symbol: "AAPL", period: "1mo", window: 5 };
      const measured = await ask("volatility_calculator.realized_volatility", measure, between);
      assert.ok((measured as { annualized: number }).annualized < 5, "a jump of then unknown");
    });
    await t.step("the quote that was known then", async () => {
      const quote = await ask("market_data_fetcher.fetch_quote", { symbol: "AAPL" }, between);
      assert.ok((quote as { price: number }).price < 1_000_000);
    });
    await t.step("events that were known then, and sessions", async () => {
      const past = { symbols: ["AAPL"], days: 3_650 };
      const then = await ask("market_events_tracker.past_events", past, between);
      assert.deepEqual(then, told);
      const sessions = { from: "2026-01-02", to: "2026-01-02" };
      const answer = await ask("market_calendar.sessions", sessions, between);
      assert.equal((answer as { sessions: unknown[] }).sessions.length, 1);
    });
    await t.step("and no source was asked", () => assert.equal(source?.messages, calls));

    await t.step("what was not public, or not stored, by then is missed by name", async () => {
      const noBars = /no 1d bars since .* of simulated that were public by (.*) are stored; /;
      const noQuote = /no quote of simulated was stored by (.*); give a later as_of$/;
      const failures: [string, number, RegExp][] = [
        [`${loader}.load_history`, longAgo, noBars],
        [`${loader}.sync_history`, longAgo, noBars],
        ["volatility_calculator.realized_volatility", longAgo, noBars],
        ["market_data_fetcher.fetch_quote", before, noQuote],
        ["market_data_fetcher.validate_symbol", before, noQuote],
      ];
      for (const [address, asOfMs, expected] of failures) {
        const { code, message } = await failureOf(ask(address, { symbol: "AAPL" }, asOfMs));
        assert.equal(code, "not_found", message);
        assert.equal(expected.exec(message)?.[1], new Date(asOfMs).toISOString(), message);
      }
      const { missing } = await ask(
        "market_events_tracker.past_events",
        { symbols: ["AAPL"] },
        longAgo,
      ) as { missing: { reason: string }[] };
      assert.match(missing[0]?.reason ?? "", /none of simulated were stored by /);
    });
  });
}

/** Before the simulated market began. */
const longAgo = Date.UTC(1999, 0, 4);

/** Past reads see the bars of sessions that have ended. */
function isOver(date: string, atMs: number): boolean {
  return (sessionOf("XNYS", date)?.closeAtMs ?? 0) <= atMs;
}

function today(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

function closesOf({ bars }: Pick<Answer, "bars">): number[] {
  return bars.map(({ close }) => close);
}

/** What is learned after the instant: a bar that was over by then, and a quote, are other ones. */
async function learnLater({ daemon }: TestDaemon, { bars }: Answer): Promise<void> {
  const { capabilities } = daemon.plane.market;
  // the last bar may be unfinished; such a bar has one version
  const over = bars.slice(0, -1);
  const corrected = over.with(-4, { ...over.at(-4) as Bar, close: 1_000_000, high: 1_000_000 });
  const history = historyOf("AAPL", corrected, { source: "simulated", basis: "traded" });
  const { held_back } = await capabilities.save_bars({ history }, "simulated");
  assert.equal(held_back, null);
  const as_of = new Date(Date.now()).toISOString();
  const quote = { ...quoteOf("AAPL"), source: "simulated", price: 1_000_000, as_of };
  await capabilities.save_quotes({ quotes: [quote] }, "simulated");
}
