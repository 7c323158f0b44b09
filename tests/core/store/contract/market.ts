/** Market data: its values, when they became known, and the order that preserves revisions. */

import assert from "node:assert/strict";
import type { BarTuple, KeepBars, SaveBars } from "../../../../core/store/operations/bars.ts";
import type { SaveMarketEvent, SaveQuote } from "../../../../core/store/operations/market.ts";
import type { Known } from "../../../../core/store/reads/bars.ts";
import type { Store } from "../../../../core/store/store.ts";
import type { Contract } from "./contract.ts";

const series = { source: "fake", symbol: "AAPL", interval: "1d" };
const all = { fromSlot: -1e15, endSlot: 1e15, beforeMs: 1e15, endedByMs: 0, limit: 100 };
const dayMs = 86_400_000;

/** The slot of a day in July 2024. */
function slot(day: number): number {
  return Date.UTC(2024, 6, day) / dayMs;
}

function tuple(day: number, close: number, public_at: number, ends_at = public_at): BarTuple {
  return [slot(day), day, `2024-07-0${day}`, 1, 9, 1, close, null, 100, ends_at, public_at];
}

function save(recorded_at: number, ...bars: BarTuple[]): SaveBars {
  return { kind: "save_bars", ...series, currency: "USD", recorded_at, bars };
}

/** Keeps the current versions of days' bars; each is hidden from an instant. */
function keep(superseded_at: number, ...versions: [day: number, hidden_at: number][]): KeepBars {
  const kept = versions.map(([day, hidden_at]) => [slot(day), hidden_at] as const);
  return { kind: "keep_bars", ...series, superseded_at, versions: kept };
}

function seriesOf(basis: string, agent_id: string) {
  return {
    kind: "save_series",
    ...series,
    timezone: "UTC",
    calendar: null,
    basis,
    agent_id,
  } as const;
}

async function closes(store: Store, known: Known = {}): Promise<number[]> {
  const bars = await store.read({ read: "bars", ...series, ...all, ...known });
  return bars.map(({ close }) => close);
}

function quote(changes: Partial<SaveQuote>): SaveQuote {
  const empty = { currency: null, name: null, exchange: null, previous_close: null, open: null };
  const range = { day_high: null, day_low: null, volume: null, market_cap: null };
  const own = { source: "fake", symbol: "AAPL", as_of: 10, price: 1, recorded_at: 20 };
  return { kind: "save_quote", ...empty, ...range, ...own, ...changes };
}

function event(changes: Partial<SaveMarketEvent>): SaveMarketEvent {
  const own = { source: "fake", symbol: "AAPL", date: "2024-07-03", place: 0, dated_by: "event" };
  const values = { amount: 1, estimate: null, numerator: null, denominator: null, currency: null };
  const kinds = { event_kind: "dividend", dividend_kind: null, estimated: false } as const;
  const state = { public_at: 20, recorded_at: 20, agent_id: "fake" };
  return { kind: "save_market_event", ...own, ...values, ...kinds, ...state, ...changes };
}

/** The current version of an event is hidden and superseded from an instant. */
function keepEvent(at: number, { source, symbol, event_kind, date, place }: SaveMarketEvent) {
  const key = { source, symbol, event_kind, date, place };
  return { kind: "keep_market_event", ...key, superseded_at: at, hidden_at: at } as const;
}

function dropEvent({ source, symbol, event_kind, date, place }: SaveMarketEvent) {
  return { kind: "drop_market_event", source, symbol, event_kind, date, place } as const;
}

/** The amounts of stored events by their date, latest first. */
async function amounts(store: Store, known: Known = {}): Promise<unknown[]> {
  const range = { fromDate: "2024-01-01", toDate: "2024-12-31", limit: 9, ...known };
  const of = { source: "fake", symbol: "AAPL" };
  const events = await store.read({ read: "market_events", ...of, ...range });
  return events.map(({ date, amount }) => [date, amount]);
}

export const marketContract: Contract = {
  "bars are read oldest first; an old version is kept before it is replaced": async (opened) => {
    const { store } = opened;
    await store.commit([save(10, tuple(3, 5, 10), tuple(1, 3, 10), tuple(2, 4, 10))]);
    assert.deepEqual(await closes(store), [3, 4, 5]);
    await store.commit([save(20, tuple(2, 7, 20)), keep(20, [2, 20])]);
    assert.deepEqual(await closes(store), [3, 7, 5]);
    assert.deepEqual(await closes(store, { asOfMs: 20 }), [3, 7, 5]);
    assert.deepEqual(await closes(store, { asOfMs: 19 }), [3, 4, 5]);
    assert.deepEqual(await closes(store, { asOfMs: 9 }), []);
    const newest = await store.read({ read: "bars", ...series, ...all, limit: 2 });
    assert.deepEqual(newest.map(({ start_at }) => start_at), [2, 3]);
    const before = await store.read({ read: "bars", ...series, ...all, beforeMs: 3 });
    assert.deepEqual(before.map(({ start_at }) => start_at), [1, 2]);
    const range = { fromSlot: slot(2), toSlot: slot(3) };
    const known = await store.read({ read: "known_bars", ...series, ...range });
    assert.deepEqual(
      known.map((
        { close, public_at, recorded_at, currency },
      ) => [close, public_at, recorded_at, currency]),
      [[7, 20, 20, "USD"], [5, 10, 10, "USD"]],
    );
  },

  "what was public at an instant and what was recorded by then are two questions": async (
    { store },
  ) => {
    // the first bar is recorded late, the second in time; both are corrected, one from the start
    await store.commit([save(50, tuple(1, 3, 10)), save(20, tuple(2, 4, 20))]);
    await store.commit([
      keep(70, [1, 10], [2, 70]),
      save(70, tuple(1, 30, 10), tuple(2, 40, 70)),
    ]);
    const trials: [Known, number[]][] = [
      [{ asOfMs: 9 }, []],
      [{ asOfMs: 10 }, [30]],
      [{ asOfMs: 20 }, [30, 4]],
      [{ asOfMs: 70 }, [30, 40]],
      [{ recordedByMs: 19 }, []],
      [{ recordedByMs: 20 }, [4]],
      [{ recordedByMs: 69 }, [3, 4]],
      [{ recordedByMs: 70 }, [30, 40]],
      [{ asOfMs: 10, recordedByMs: 69 }, [3]],
      [{ asOfMs: 69, recordedByMs: 70 }, [30, 4]],
      [{ asOfMs: 20, recordedByMs: 49 }, [4]],
    ];
    for (const [known, expected] of trials) {
      assert.deepEqual(await closes(store, known), expected, JSON.stringify(known));
      const { bars } = await store.read({ read: "series", ...series, ...known });
      const dates = await store.read({ read: "bar_dates", ...series, ...known });
      assert.deepEqual([bars, dates.length], [expected.length, expected.length]);
    }
    const late = async (asOfMs?: number): Promise<number> =>
      await store.read({ read: "late_bars", ...series, ...all, asOfMs });
    assert.deepEqual(await Promise.all([9, 20, 70].map(late)), [0, 1, 0]);
    assert.equal(await late(), 0);
  },

  "a bar that is dropped is still read as of before": async ({ store }) => {
    await store.commit([save(10, tuple(1, 3, 10), tuple(2, 4, 10))]);
    await store.commit([
      save(20, tuple(1, 6, 20)),
      { kind: "drop_bars", ...series, slots: [slot(2)] },
      keep(20, [1, 20], [2, 20]),
    ]);
    assert.deepEqual(await closes(store), [6]);
    assert.deepEqual(await closes(store, { asOfMs: 20 }), [6]);
    assert.deepEqual(await closes(store, { asOfMs: 19 }), [3, 4]);
    assert.deepEqual(await closes(store, { recordedByMs: 19 }), [3, 4]);
  },

  "a bar recorded before its session ended is not final, and not read once it has": async (
    { store },
  ) => {
    await store.commit([save(10, tuple(1, 3, 10), tuple(2, 4, 10), tuple(3, 5, 10, 15))]);
    const read = async (endedByMs: number): Promise<number[]> => {
      const bars = await store.read({ read: "bars", ...series, ...all, endedByMs });
      return bars.map(({ close }) => close);
    };
    assert.deepEqual(await read(14), [3, 4, 5]);
    assert.deepEqual(await read(15), [3, 4]);
    const finalDate = async (): Promise<string | null> =>
      (await store.read({ read: "series", ...series })).final_date;
    assert.equal(await finalDate(), "2024-07-02");
    const nearest = async (day: number): Promise<string | null> =>
      await store.read({ read: "nearest_final_date", ...series, slot: slot(day) });
    assert.deepEqual(await Promise.all([0, 1, 3].map(nearest)), [
      ...["2024-07-01", "2024-07-01", "2024-07-02"],
    ]);
    await store.commit([save(16, tuple(3, 6, 15))]);
    assert.deepEqual(await read(16), [3, 4, 6]);
    assert.equal(await finalDate(), "2024-07-03");
    assert.equal(
      await store.read({ read: "nearest_final_date", ...series, symbol: "MSFT", slot: slot(1) }),
      null,
    );
  },

  "the intervals are known whose bars a split may have been taken out of unseen": async (
    { store },
  ) => {
    const hours: SaveBars = { ...save(20, tuple(1, 3, 10)), interval: "1h" };
    const unknown: SaveBars = { ...save(20, tuple(1, 3, 10)), interval: "5m" };
    await store.commit([
      seriesOf("traded", "fake"),
      { ...seriesOf("traded", "fake"), interval: "1h" },
      { ...seriesOf("adjusted", "fake"), interval: "5m" },
      ...[save(10, tuple(1, 3, 10)), hours, unknown],
    ]);
    const doubted = async (date: string, recordedFromMs: number): Promise<string[]> => {
      const of = { source: "fake", symbol: "AAPL" };
      return [...await store.read({ read: "doubted_intervals", ...of, date, recordedFromMs })]
        .toSorted();
    };
    assert.deepEqual(await doubted("2024-07-02", 10), ["1d", "1h"]);
    assert.deepEqual(await doubted("2024-07-02", 11), ["1h"]);
    assert.deepEqual(await doubted("2024-07-02", 21), []);
    assert.deepEqual(await doubted("2024-07-01", 10), []);
  },

  "the close before a date is that of the last bar within a month": async ({ store }) => {
    await store.commit([save(10, tuple(1, 3, 10), tuple(3, 5, 10))]);
    await store.commit([keep(20, [3, 20]), save(20, tuple(3, 7, 20))]);
    const ask = { read: "closes_before", ...series, isDaily: true } as const;
    const dates = ["2024-07-01", "2024-07-03", "2024-07-04", "2024-08-01", "2024-09-01"];
    assert.deepEqual(await store.read({ ...ask, dates }), [null, 3, 7, 7, null]);
    assert.deepEqual(await store.read({ ...ask, dates, asOfMs: 19 }), [null, 3, 5, 5, null]);
    assert.deepEqual(await store.read({ ...ask, dates: [] }), []);
    const hour = { ...series, interval: "1h", currency: "USD", recorded_at: 10 };
    const at = (startAt: string, close: number): BarTuple => {
      const start_at = Date.parse(startAt);
      return [start_at, start_at, startAt.slice(0, 10), 1, 9, 1, close, null, 100, 10, 10];
    };
    const bars = [at("2024-07-03T13:30Z", 3), at("2024-07-03T19:30Z", 4)];
    await store.commit([{
      kind: "save_bars",
      ...hour,
      bars: [...bars, at("2024-07-04T13:30Z", 5)],
    }]);
    const hourly = { ...ask, interval: "1h", isDaily: false, dates: ["2024-07-04", "2024-07-03"] };
    assert.deepEqual(await store.read(hourly), [4, null]);
  },

  "the facts of a series are read now and as of an instant": async ({ store }) => {
    assert.equal(await store.read({ read: "series_facts", ...series }), undefined);
    const bar = { ...series, start_at: 9, date: "2024-07-09", bar: "{}", reason: "no close" };
    await store.commit([
      seriesOf("traded", "fake"),
      save(10, tuple(1, 3, 5), tuple(2, 4, 5), tuple(4, 4, 8)),
      { kind: "quarantine_bar", ...bar, quarantined_at: 30 },
      { kind: "note_asked", ...series, from: "2024-07-01" },
      { kind: "note_absent", ...series, date: "2024-07-05", asked_at: 40 },
    ]);
    const now = {
      bars: 3,
      first_date: "2024-07-01",
      last_date: "2024-07-04",
      final_date: "2024-07-04",
      currency: "USD",
      timezone: "UTC",
      calendar: null,
      asked_from: "2024-07-01",
      basis: "traded",
      agent: "fake",
      recorded_at: 10,
      quarantined: 1,
    };
    assert.deepEqual(await store.read({ read: "series", ...series }), now);
    const then = { ...now, asked_from: null, quarantined: 0 };
    assert.deepEqual(await store.read({ read: "series", ...series, asOfMs: 8 }), then);
    assert.deepEqual(await store.read({ read: "series", ...series, asOfMs: 7 }), {
      ...then,
      bars: 2,
      last_date: "2024-07-02",
      final_date: "2024-07-02",
    });
    const { bars, ...unknown } = await store.read({ read: "series", ...series, asOfMs: 4 });
    assert.equal(bars, 0);
    assert.deepEqual(new Set(Object.values(unknown)), new Set([null, 0]));
    assert.deepEqual(await store.read({ read: "series_facts", ...series }), {
      basis: "traded",
      timezone: "UTC",
      calendar: null,
      currency: "USD",
    });
    await store.commit([
      { ...seriesOf("adjusted", "other"), calendar: "XNYS" },
      { kind: "release_bar", ...series, start_at: 9 },
      { kind: "note_asked", ...series, from: "2024-07-02" },
      { kind: "note_absent", ...series, date: "2024-07-05", asked_at: 50 },
    ]);
    assert.deepEqual(
      await store.read({ read: "series", ...series }),
      { ...now, calendar: "XNYS", basis: "adjusted", agent: "other", quarantined: 0 },
    );
    assert.equal(await store.read({ read: "has_quarantined_bars", ...series }), false);
    const limit = 9;
    assert.deepEqual(await store.read({ read: "absent_sessions", ...series, limit }), [
      { date: "2024-07-05", asked_at: 50, times_asked: 2 },
    ]);
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

  "a changed event keeps its old version, a withdrawn one is read as of before": async (opened) => {
    const { store } = opened;
    const next = event({ date: "2024-10-03", amount: 2 });
    await store.commit([event({ public_at: 5 }), next]);
    const changed = event({ amount: 3, public_at: 30, recorded_at: 30 });
    const applied = await store.commit([
      changed,
      dropEvent(next),
      keepEvent(30, next),
      keepEvent(30, changed),
      dropEvent(event({ place: 1 })),
    ]);
    assert.deepEqual(applied, [true, true, true, true, false], "what is not there is not dropped");
    assert.deepEqual(await amounts(store), [["2024-07-03", 3]]);
    const before = [["2024-10-03", 2], ["2024-07-03", 1]];
    assert.deepEqual(await amounts(store, { asOfMs: 30 }), [["2024-07-03", 3]]);
    assert.deepEqual(await amounts(store, { asOfMs: 29 }), before);
    assert.deepEqual(await amounts(store, { asOfMs: 5 }), [["2024-07-03", 1]]);
    assert.deepEqual(await amounts(store, { asOfMs: 5, recordedByMs: 19 }), []);
    assert.deepEqual(await amounts(store, { recordedByMs: 29 }), before);
    assert.deepEqual(await amounts(store, { recordedByMs: 30 }), [["2024-07-03", 3]]);
  },

  "events of one kind and date are told apart by their place": async ({ store }) => {
    await store.commit([event({}), event({ place: 1, amount: 9, dividend_kind: "special" })]);
    await store.commit([event({ amount: 2 })]);
    assert.deepEqual((await amounts(store)).toSorted(), [["2024-07-03", 2], ["2024-07-03", 9]]);
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
