/** The shipped data agents as of an earlier instant: what was stored by then, and no source. */

import assert from "node:assert/strict";
import type { Bar } from "100ac";
import { AppError } from "../../core/errors.ts";
import { eventually } from "../support/eventually.ts";
import { startTestDaemon, type TestDaemon } from "../support/test_daemon.ts";
import { historyOf, quoteOf } from "../agents/market_values.ts";

const asked = { symbol: "AAPL", period: "1mo", interval: "1d" };
interface Answer {
  readonly bars: readonly Bar[];
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
  Deno.test(`data agents in a ${isolation} answer as of an instant from what was stored by then`, async (t) => {
    await using daemon = await startTestDaemon({ AC100_ISOLATION: isolation });
    const { ask } = daemon;
    const before = await instant();
    const loader = "historical_data_loader";
    const loaded = await ask(`${loader}.load_history`, asked) as Answer;
    await ask("market_data_fetcher.fetch_quote", { symbol: "AAPL" });
    const told = await ask("market_events_tracker.past_events", { symbols: ["AAPL"], days: 3_650 });
    const between = await instant();
    await learnLater(daemon, loaded);
    const source = daemon.daemon.plane.hosts.entry("simulated");
    const calls = source?.messages;

    await t.step("bars as they were then", async () => {
      const now = await ask(`${loader}.get_bars`, { symbol: "AAPL" }) as Answer;
      assert.equal(now.bars.at(-5)?.close, 1_000_000);
      for (const name of ["load_history", "sync_history"]) {
        const then = await ask(`${loader}.${name}`, asked, between) as Answer;
        assert.deepEqual(
          then.bars.map(({ close }) => close),
          loaded.bars.map(({ close }) => close),
        );
      }
      const { fetched } = await ask(`${loader}.sync_history`, asked, between) as Answer;
      assert.equal(fetched, 0);
    });
    await t.step("also where a later instant is asked for within", async () => {
      const later = { symbol: "AAPL", as_of: new Date(Date.now()).toISOString() };
      const then = await ask(`${loader}.get_bars`, later, between) as Answer;
      assert.ok(then.bars.every(({ close }) => close < 1_000_000));
    });
    await t.step("dates, quality and volatility of them", async () => {
      const dates = await ask(`${loader}.get_available_dates`, { symbol: "AAPL" }, between);
      assert.equal((dates as { sessions: number }).sessions, loaded.bars_loaded);
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

    await t.step("what was not stored by then is missed by name", async () => {
      const at = new Date(before).toISOString();
      const failures = {
        [`${loader}.load_history`]: /no 1d bars since .* of simulated were stored by /,
        [`${loader}.sync_history`]: /no 1d bars since .* of simulated were stored by /,
        "volatility_calculator.realized_volatility": /no 1d bars since .* were stored by /,
        "market_data_fetcher.fetch_quote": /no quote of simulated was stored by /,
        "market_data_fetcher.validate_symbol": /no quote of simulated was stored by /,
        "market_events_tracker.past_events": undefined,
      };
      for (const [address, expected] of Object.entries(failures)) {
        if (!expected) continue;
        const { code, message } = await failureOf(ask(address, { symbol: "AAPL" }, before));
        assert.equal(code, "not_found", message);
        assert.match(message, expected);
        assert.ok(message.includes(at) && message.endsWith("; give a later as_of"), message);
      }
      const { missing } = await ask(
        "market_events_tracker.past_events",
        { symbols: ["AAPL"] },
        before,
      ) as { missing: { reason: string }[] };
      assert.match(missing[0]?.reason ?? "", /none of simulated were stored by /);
    });
  });
}

/** What is learned after the instant: a bar that was over by then, and a quote, are other ones. */
async function learnLater({ daemon }: TestDaemon, { bars }: Answer): Promise<void> {
  const { capabilities } = daemon.plane.market;
  const bar = { ...bars.at(-5) as Bar, close: 1_000_000, high: 1_000_000 };
  const history = { ...historyOf("AAPL", [bar]), source: "simulated" };
  await capabilities.save_bars({ history });
  const as_of = new Date(Date.now()).toISOString();
  const quote = { ...quoteOf("AAPL"), source: "simulated", price: 1_000_000, as_of };
  await capabilities.save_quotes({ quotes: [quote] });
}
