import assert from "node:assert/strict";
import { AppError, MarketEvent } from "100ac";
import agent from "../../../agents/data/market_events_tracker.ts";
import { type AgentTrial, tryAgent } from "../agent_context.ts";
import { type FakeSource, fakeSource } from "../fake_source.ts";
import { nowMs } from "../market_values.ts";

interface Told {
  readonly events: readonly MarketEvent[];
  readonly missing: readonly { readonly symbol: string; readonly code: string }[];
}

function eventsOf(symbol: string): MarketEvent[] {
  const of = { symbol, source: "fake" };
  return [
    { ...of, kind: "dividend", date: "2024-05-10", amount: 0.25 },
    { ...of, kind: "split", date: "2020-08-31", numerator: 4, denominator: 1 },
    { ...of, kind: "earnings", date: "2024-08-01", estimated: true },
    { ...of, kind: "earnings", date: "2025-08-01", estimated: true },
  ].map((event) => MarketEvent.parse(event));
}

interface Trial {
  readonly tracker: AgentTrial;
  readonly source: FakeSource;
}

/** Two sources: one that is down, and one that knows of every symbol but `NONE`. */
function tryTracker(fails?: AppError["code"]): Trial {
  const source = fakeSource({
    events: (symbol) => {
      if (fails !== undefined) throw new AppError(fails, "no");
      if (symbol === "NONE") throw new AppError("not_found", "unknown");
      const fresh = { stale: false, age_seconds: 0 };
      return { symbol, events: eventsOf(symbol), source: "fake", basis: "traded", ...fresh };
    },
  }, { now: () => nowMs, store: { "market.save_events": () => ({ saved: 4 }) } });
  const tracker = tryAgent(agent, {
    config: { sources: ["first", "fake"] },
    nowMs,
    handlers: {
      ...source.handlers,
      "first.fetch_events": () => {
        throw new AppError("source_down", "down");
      },
    },
  });
  return { tracker, source };
}

Deno.test("upcoming events are those of the next days, past ones the latest first", async () => {
  const { tracker, source } = tryTracker();
  const coming = await tracker.invoke<Told>("upcoming_events", { symbols: ["AAPL"] });
  assert.deepEqual(coming.events.map(({ date }) => date), ["2024-08-01"]);
  const past = await tracker.invoke<Told>("past_events", { symbols: ["AAPL"], days: 3_000 });
  assert.deepEqual(past.events.map(({ kind }) => kind), ["dividend", "split"]);
  const splits = { symbols: ["AAPL"], kinds: ["split"], days: 3_000 };
  assert.equal((await tracker.invoke<Told>("past_events", splits)).events.length, 1);
  assert.equal(tracker.asked("fake.fetch_events").length, 1, "then the cache answers");
  const all = { symbol: "AAPL", source: "fake", events: eventsOf("AAPL") };
  assert.deepEqual(source.agent.asked("market.save_events"), [
    { ...all, basis: "traded", complete: true },
  ]);
});

Deno.test("of a list the good symbols answer, the others are missing with the reason", async () => {
  const symbols = ["AAPL", "NONE", "aapl", "../x"];
  const { events, missing } = await tryTracker().tracker.invoke<Told>("upcoming_events", {
    symbols,
  });
  assert.equal(events.length, 1);
  assert.deepEqual(missing.map(({ symbol, code }) => [symbol, code]), [
    ["aapl", "duplicate"],
    ["../x", "bad_request"],
    ["NONE", "source_down"],
  ]);
});

Deno.test("one symbol that no source answers for fails with the source's code", async () => {
  const invoked = tryTracker("rate_limited").tracker.invoke("past_events", { symbols: ["AAPL"] });
  await assert.rejects(invoked, (error: AppError) => error.code === "source_down");
});
