/** Market data: its values, when they became known, and the order that preserves revisions. */

import assert from "node:assert/strict";
import type { BarTuple, KeepRevision, SaveBars } from "../../../../core/store/operations/bars.ts";
import type { SaveMarketEvent, SaveQuote } from "../../../../core/store/operations/market.ts";
import type { Store } from "../../../../core/store/store.ts";
import type { Contract } from "./contract.ts";

const series = { source: "fake", symbol: "AAPL", interval: "1d" };
const all = {
  fromDate: "0000-00-00",
  toDate: "9999-99-99",
  fromMs: -1e15,
  endMs: 1e15,
  limit: 100,
};

function tuple(day: number, close: number): BarTuple {
  return [day, `2024-07-0${day}`, 1, 9, 1, close, null, 100];
}

function save(recorded_at: number, ...bars: BarTuple[]): SaveBars {
  return { kind: "save_bars", ...series, currency: "USD", recorded_at, bars };
}

/** Keeps the old version of a day's bar. */
function keep(day: number, close: number, recorded_at: number): KeepRevision {
  const bar = { open: 1, high: 9, low: 1, close, adjusted_close: null, volume: 100 };
  const own = { start_at: day, currency: "USD", recorded_at, length_ms: 1 };
  return { kind: "keep_revision", ...series, ...bar, ...own };
}

async function closes(store: Store, knownAtMs?: number): Promise<number[]> {
  const bars = await store.read({ read: "bars", ...series, ...all, knownAtMs });
  return bars.map(({ close }) => close);
}

function quote(changes: Partial<SaveQuote>): SaveQuote {
  const empty = { currency: null, name: null, exchange: null, previous_close: null, open: null };
  const range = { day_high: null, day_low: null, volume: null, market_cap: null };
  const own = { source: "fake", symbol: "AAPL", as_of: 10, price: 1, recorded_at: 20 };
  return { kind: "save_quote", ...empty, ...range, ...own, ...changes };
}

function event(changes: Partial<SaveMarketEvent>): SaveMarketEvent {
  const own = { source: "fake", symbol: "AAPL", date: "2024-07-03", dated_by: "event" };
  const values = { amount: 1, estimate: null, numerator: null, denominator: null, currency: null };
  const state = { event_kind: "dividend", estimated: false, recorded_at: 20 } as const;
  return { kind: "save_market_event", ...own, ...values, ...state, ...changes };
}

export const marketContract: Contract = {
  "bars are read oldest first; an old version is kept before it is replaced": async (opened) => {
    const { store } = opened;
    await store.commit([save(10, tuple(3, 5), tuple(1, 3), tuple(2, 4))]);
    assert.deepEqual(await closes(store), [3, 4, 5]);
    const applied = await store.commit([save(20, tuple(2, 7)), keep(2, 7, 20), keep(1, 3, 20)]);
    assert.deepEqual(applied, [true, true, false], "an unchanged bar is not a revision");
    assert.deepEqual(await closes(store), [3, 7, 5]);
    assert.deepEqual(await closes(store, 19), [3, 4, 5]);
    assert.deepEqual(await closes(store, 9), []);
    const newest = await store.read({ read: "bars", ...series, ...all, limit: 2 });
    assert.deepEqual(newest.map(({ start_at }) => start_at), [2, 3]);
    const known = await store.read({ read: "known_bars", ...series, fromMs: 2, toMs: 3 });
    assert.deepEqual(
      known.map(({ close, recorded_at, currency }) => [close, recorded_at, currency]),
      [[7, 20, "USD"], [5, 10, "USD"]],
    );
  },

  "the facts of a series are read now and as of an instant": async ({ store }) => {
    assert.equal(await store.read({ read: "has_bars", ...series }), false);
    const bar = { ...series, start_at: 9, date: "2024-07-09", bar: "{}", reason: "no close" };
    await store.commit([
      { kind: "save_series", ...series, timezone: "UTC", calendar: null },
      save(10, tuple(1, 3), tuple(2, 4), tuple(4, 4)),
      event({}),
      { kind: "quarantine_bar", ...bar, quarantined_at: 30 },
      { kind: "note_asked", ...series, from: "2024-07-01" },
      { kind: "note_absent", ...series, date: "2024-07-05", asked_at: 40 },
    ]);
    const now = {
      bars: 3,
      first_date: "2024-07-01",
      last_date: "2024-07-04",
      currency: "USD",
      timezone: "UTC",
      calendar: null,
      asked_from: "2024-07-01",
      events_pending: 1,
      quarantined: 1,
    };
    assert.deepEqual(await store.read({ read: "series", ...series }), now);
    const then = { ...now, asked_from: null, events_pending: 0, quarantined: 0 };
    assert.deepEqual(await store.read({ read: "series", ...series, knownAtMs: 10 }), then);
    await store.commit([
      { kind: "note_restated", ...series, event_kind: "dividend", date: "2024-07-03" },
      { kind: "release_bar", ...series, start_at: 9 },
      { kind: "note_asked", ...series, from: "2024-07-02" },
      { kind: "note_absent", ...series, date: "2024-07-05", asked_at: 50 },
    ]);
    assert.deepEqual(
      await store.read({ read: "series", ...series }),
      { ...now, events_pending: 0, quarantined: 0 },
    );
    assert.equal(await store.read({ read: "has_quarantined_bars", ...series }), false);
    const limit = 9;
    assert.deepEqual(await store.read({ read: "absent_sessions", ...series, limit }), [
      { date: "2024-07-05", asked_at: 50, times_asked: 2 },
    ]);
    const dividend = [{ kind: "dividend", date: "2024-07-03" }];
    assert.deepEqual(await store.read({ read: "restated_events", ...series, limit }), dividend);
    assert.deepEqual(await store.read({ read: "adjusting_events", ...series, limit }), dividend);
  },

  "the newest quote is read as of when it first became known": async ({ store }) => {
    await store.commit([quote({}), quote({ as_of: 15, price: 2, recorded_at: 30 })]);
    await store.commit([quote({ recorded_at: 90 }), quote({ symbol: "MSFT", recorded_at: 99 })]);
    const prices = async (knownAtMs: number): Promise<unknown[]> =>
      (await store.read({
        read: "newest_quotes",
        source: "fake",
        symbols: ["AAPL", "MSFT"],
        knownAtMs,
      }))
        .map(({ symbol, price }) => [symbol, price]);
    assert.deepEqual(await prices(19), []);
    assert.deepEqual(await prices(29), [["AAPL", 1]]);
    assert.deepEqual(await prices(100), [["AAPL", 2], ["MSFT", 1]]);
  },

  "an expected date that is not repeated is deleted; a past event stays": async (opened) => {
    const { store } = opened;
    const expected = { event_kind: "earnings", estimated: true, recorded_at: 25 } as const;
    await store.commit([event({}), event({ ...expected, date: "2024-08-01" })]);
    await store.commit([
      event({ ...expected, date: "2024-08-02" }),
      { kind: "forget_estimates", source: "fake", symbol: "AAPL" },
    ]);
    const dates = async (knownAtMs?: number): Promise<string[]> => {
      const range = { fromDate: "2024-01-01", toDate: "2024-12-31", limit: 9, knownAtMs };
      const of = { source: "fake", symbol: "AAPL" };
      return (await store.read({ read: "market_events", ...of, ...range })).map(({ date }) => date);
    };
    assert.deepEqual(await dates(), ["2024-08-02", "2024-07-03"]);
    assert.deepEqual(await dates(20), ["2024-07-03"]);
  },

  "a repeated finding is counted, and an old one is dropped": async ({ store }) => {
    const finding = { rule: "gap", severity: "warning", ...series, at: 5, agent_id: "a" };
    const found = (message: string, seen_at: number, symbol = "AAPL") =>
      ({ kind: "save_finding", ...finding, symbol, message, seen_at }) as const;
    await store.commit([found("first", 1), found("old", 1, "MSFT")]);
    await store.commit([found("again", 7)]);
    assert.deepEqual(await store.commit([{ kind: "drop_old_findings", before: 5 }]), [true]);
    assert.deepEqual(await store.read({ read: "findings", limit: 9 }), [
      { ...finding, message: "again", first_seen_at: 1, last_seen_at: 7, seen_count: 2 },
    ]);
    assert.deepEqual(await store.read({ read: "findings", symbol: "MSFT", limit: 9 }), []);
  },
};
