/**
 * Stored bars, in the view that is asked for. Reads with `as_of` see what was public at that
 * instant; with `recorded_by`, what this store held.
 */

import { z } from "zod";
import { AppError } from "../errors.ts";
import type { Known, SeriesFacts } from "../store/reads/bars.ts";
import type { StoredEvent } from "../store/reads/market.ts";
import type { Store } from "../store/store.ts";
import { Bar, Prices } from "../sdk/market.ts";
import type { Absence, SeriesState } from "../sdk/series.ts";
import { eventsMax, instants, knownAt, Series, series } from "./series.ts";
import type { SymbolTurns } from "./symbol_turns.ts";
import { daySlot, isFiledByDate, localDate } from "./basis/slots.ts";
import { dividendFactors, type Factors, splitFactors, storedView, viewOf } from "./basis/views.ts";

/** A page of this size blocks the daemon's thread for 20 ms. Longer ranges are read in pages. */
const barsReadMax = 1_000;
const quarantinedMax = 5_000;
const absentMax = 50_000;

const GetBars = z.strictObject({
  ...series,
  ...instants,
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  /** The basis of a series that was not stored as traded, else `split_adjusted`. */
  prices: Prices.optional(),
  /** Only bars that start before this instant; used to read the previous page. */
  before: z.iso.datetime().optional(),
  limit: z.int().min(1).max(barsReadMax).default(barsReadMax),
});
export const QuarantineBars = z.strictObject({
  ...series,
  bars: z.array(z.strictObject({ bar: Bar, reason: z.string() })).max(quarantinedMax),
});
const OfSeries = z.strictObject({ ...series, ...instants });

const dayMs = 86_400_000;
/** The last instant of ECMAScript. */
const instantMsMax = 8.64e15;

/** Bars with what they are given in. */
export interface BarsView {
  /** Oldest first; beyond the limit, only the newest. */
  readonly bars: readonly Bar[];
  readonly prices: Prices;
  readonly currency: string | null;
  /** Bars between `from` and `to` that were public by `as_of` but were recorded here later. */
  readonly first_seen_late: number;
  /** Pages of one version fit together; another one means that something was saved in between. */
  readonly version: number;
}

export class Bars {
  readonly #store: Store;
  readonly #turns: SymbolTurns;
  readonly #now: () => number;

  constructor(store: Store, turns: SymbolTurns, now: () => number) {
    this.#store = store;
    this.#turns = turns;
    this.#now = now;
  }

  /**
   * Input is unchecked JSON.
   * @throws {AppError} `basis_unknown`: the view cannot be derived from what is stored.
   */
  async read(input: unknown, asOfMs?: number): Promise<BarsView> {
    const asked = GetBars.parse(input);
    return await this.#turns.read(asked, async (version) => (
      { ...await this.#view(asked, asOfMs), version }
    ));
  }

  async #view(
    asked: z.output<typeof GetBars>,
    asOfMs: number | undefined,
  ): Promise<Omit<BarsView, "version">> {
    const { from, to, before, limit, as_of: _, recorded_by: __, prices: wanted, ...of } = asked;
    const known = knownAt(asked, asOfMs);
    const facts = await this.#store.read({ read: "series_facts", ...of });
    if (facts === undefined) {
      return { bars: [], prices: wanted ?? "split_adjusted", currency: null, first_seen_late: 0 };
    }
    const prices = viewFor(of, wanted, facts);
    const slots = slotsOf(of.interval, from, to, before);
    const beforeMs = before === undefined ? instantMsMax : Date.parse(before);
    const stored = await this.#store.read({
      read: "bars",
      ...of,
      ...slots,
      ...known,
      beforeMs,
      endedByMs: known.asOfMs ?? this.#now(),
      limit,
    });
    const { basis } = facts;
    const isNow = known.asOfMs === undefined && known.recordedByMs === undefined;
    const { currency } = isNow
      ? facts
      : await this.#store.read({ read: "series", ...of, ...known });
    const first_seen_late = known.asOfMs === undefined
      ? 0
      : await this.#store.read({ read: "late_bars", ...of, ...known, ...slots });
    if (basis !== "traded") return { bars: storedView(stored), prices, currency, first_seen_late };
    const first = stored[0]?.date;
    if (first === undefined) return { bars: [], prices, currency, first_seen_late };
    const factors = await this.#factors(of, first, { ...facts, currency }, known);
    return { bars: viewOf(stored, prices, factors), prices, currency, first_seen_late };
  }

  /** What adjusts the bars since a date. */
  async #factors(
    of: Series,
    firstDate: string,
    { timezone, currency }: SeriesFacts,
    known: Known,
  ): Promise<Factors> {
    const { source, symbol } = of;
    const today = localDate(known.asOfMs ?? this.#now(), timezone);
    const ask = { source, symbol, fromDate: firstDate, toDate: today, limit: eventsMax };
    const events = await this.#store.read({ read: "market_events", ...ask, ...known });
    const splits = splitFactors(events, today);
    const dividends = events.filter(isDividend);
    if (dividends.length === 0) return { splits, dividends: [] };
    const dates = dividends.map(({ date }) => date);
    const isDaily = isFiledByDate(of.interval);
    const closes = await this.#store.read({
      read: "closes_before",
      ...of,
      ...known,
      dates,
      isDaily,
    });
    return { splits, dividends: dividendFactors(dividends, closes, splits, currency) };
  }

  /** The dates of a series' bars, ascending. Input is unchecked JSON. */
  async dates(input: unknown, asOfMs?: number): Promise<{ dates: readonly string[] }> {
    const { as_of, recorded_by, ...of } = OfSeries.parse(input);
    const known = knownAt({ as_of, recorded_by }, asOfMs);
    return { dates: await this.#store.read({ read: "bar_dates", ...of, ...known }) };
  }

  /** Input is unchecked JSON. */
  async state(input: unknown, asOfMs?: number): Promise<SeriesState> {
    const { as_of, recorded_by, ...of } = OfSeries.parse(input);
    const known = knownAt({ as_of, recorded_by }, asOfMs);
    const { recorded_at, basis, ...state } = await this.#store.read({
      read: "series",
      ...of,
      ...known,
    });
    return {
      ...state,
      basis: basis as SeriesState["basis"],
      recorded_at: recorded_at === null ? null : new Date(recorded_at).toISOString(),
    };
  }

  /** Stores invalid bars apart for review. */
  async quarantine({ bars, ...of }: z.output<typeof QuarantineBars>): Promise<{ saved: number }> {
    const quarantined_at = this.#now();
    const saved = await this.#store.commit(bars.map(({ bar, reason }) => ({
      kind: "quarantine_bar",
      ...of,
      start_at: Date.parse(bar.start),
      date: bar.date,
      bar: JSON.stringify(bar),
      reason,
      quarantined_at,
    })));
    return { saved: saved.filter(Boolean).length };
  }

  /** The sessions that the source lacked when asked. Input is unchecked JSON. */
  async absences(input: unknown): Promise<{ absences: Absence[] }> {
    const of = Series.parse(input);
    const absent = await this.#store.read({ read: "absent_sessions", ...of, limit: absentMax });
    const absences = absent.map(({ asked_at, ...session }) => ({
      ...session,
      asked_at: new Date(asked_at).toISOString(),
    }));
    return { absences: absences.reverse() };
  }
}

function isDividend({ event_kind, estimated }: StoredEvent): boolean {
  return event_kind === "dividend" && !estimated;
}

/** The view to give of a series; a series that is not stored as traded has only one. */
function viewFor(of: Series, wanted: Prices | undefined, { basis }: SeriesFacts): Prices {
  if (basis === "traded") return wanted ?? "split_adjusted";
  const own = basis === "unknown" ? "split_adjusted" : Prices.parse(basis);
  if (wanted === undefined || wanted === own) return own;
  const why = basis === "unknown"
    ? "its bars are from before prices were stored as traded; sync its history first"
    : `source "${of.source}" gives them ${own}, without the events to undo it; ask for ${own}`;
  throw new AppError("basis_unknown", `Cannot read ${wanted} prices of "${of.symbol}": ${why}`);
}

/** The range of slots that holds the dates, both included, and the bars before an instant. */
function slotsOf(
  interval: string,
  from: string | undefined,
  to: string | undefined,
  before: string | undefined,
): { readonly fromSlot: number; readonly endSlot: number } {
  const beforeMs = before === undefined ? instantMsMax : Date.parse(before);
  if (isFiledByDate(interval)) {
    return {
      fromSlot: from === undefined ? -instantMsMax : daySlot(from),
      // a local date is a day ahead of its start in UTC at most
      endSlot: Math.min(
        to === undefined ? instantMsMax : daySlot(to) + 1,
        Math.floor(beforeMs / dayMs) + 2,
      ),
    };
  }
  return {
    // a session's local date differs by less than a day from its first instant in UTC
    fromSlot: from === undefined ? -instantMsMax : Date.parse(from) - dayMs,
    endSlot: Math.min(to === undefined ? instantMsMax : Date.parse(to) + 2 * dayMs, beforeMs),
  };
}
