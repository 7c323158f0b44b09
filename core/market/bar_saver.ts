/**
 * Saves what a source answered about a series: its bars as traded, and the splits and dividends
 * that came with them. Whoever saves has the symbol's turn, so that each save is compared with the
 * result of the one before.
 *
 * A bar is final when its session has ended. Until then it is replaced; after that its old version
 * stays as a revision. New bars are written in several transactions, because a long one would hold
 * the daemon's thread: a crash leaves fewer bars, each of them right. What keeps or drops old
 * versions is written in one.
 */

import { z } from "zod";
import type { Operation } from "../store/operation.ts";
import { type BarTuple, barValues } from "../store/operations/bars.ts";
import type { KnownBar } from "../store/reads/bars.ts";
import type { Store } from "../store/store.ts";
import { Bar, History, MarketEvent } from "../sdk/market.ts";
import { noteAbsences } from "./absences.ts";
import { eventChanges } from "./event_changes.ts";
import { place, type Placement } from "./basis/placement.ts";
import { eventsMax, type Series } from "./series.ts";
import { beginMs, endMs, localDate, slotOf } from "./basis/slots.ts";

/** Twice the longest daily history. */
const barsSavedMax = 50_000;
/** A transaction of so many bars holds the thread for some 10 ms. */
const chunkBarsMax = 2_000;

export const SaveBars = z.strictObject({
  history: History.extend({
    bars: z.array(Bar).max(barsSavedMax),
    events: z.array(MarketEvent).max(eventsMax),
    stale: z.literal(false, "a stale answer is not stored"),
  }),
  /** The dates that the source was asked for; without `from`, all it has. */
  asked: z.strictObject({ from: z.iso.date().optional(), until: z.iso.date().optional() })
    .default({}),
});

/** The result of a save: new bars, changed bars, and the final ones among the changed. */
export interface Saved {
  readonly inserted: number;
  readonly changed: number;
  readonly revised: number;
  /** Why nothing was saved; null when it was. */
  readonly held_back: string | null;
  /** If held back: an answer that begins on this date may be accepted. */
  readonly ask_from: string | null;
}

type Placed = Exclude<Placement, { readonly kind: "hold" }>;
type NewBar = Omit<Bar, "start"> & {
  readonly slot: number;
  readonly start_at: number;
  readonly end_at: number;
  readonly currency: string | null;
};

export class BarSaver {
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async save(
    { history, asked }: z.output<typeof SaveBars>,
    agent: string,
  ): Promise<Saved> {
    const { source, symbol, interval } = history;
    const of = { source, symbol, interval };
    const nowMs = this.#now();
    if (history.bars.length === 0) {
      await noteAbsences(this.#store, of, asked, nowMs);
      return { inserted: 0, changed: 0, revised: 0, held_back: null, ask_from: null };
    }
    const sorted = inOrder(history.bars);
    const answer = { ...history, bars: sorted };
    const today = localDate(nowMs, history.timezone);
    const known = await this.#knownBars(of, sorted);
    const state = await this.#store.read({ read: "series", ...of });
    const events = (await this.#store.read({
      read: "market_events",
      source,
      symbol,
      fromDate: "0000-00-00",
      toDate: "9999-99-99",
      limit: eventsMax,
    })).filter(({ event_kind }) => event_kind === "split" || event_kind === "dividend");
    const placement = place(
      answer,
      {
        firstDate: state.first_date,
        basis: state.basis,
        currency: state.currency,
        finalBars: finalOf(answer, known),
        nearestDate: await this.#store.read({
          read: "nearest_final_date",
          ...of,
          slot: slotOf(interval, sorted[0] ?? { start: "", date: "" }),
        }),
        splits: events.filter(({ event_kind }) => event_kind === "split"),
      },
      { ...asked, today },
    );
    if (placement.kind === "hold") {
      const { reason, askFrom } = placement;
      return { inserted: 0, changed: 0, revised: 0, held_back: reason, ask_from: askFrom };
    }
    const all = placement.kind === "replace" ? await this.#knownBars(of, sorted, "all") : known;
    const changes = barChanges(answer, placement, all, { of, nowMs });
    const eventOperations = eventChanges(answer.events, events, {
      source,
      symbol,
      agent,
      basis: answer.basis,
      from: sorted[0]?.date ?? today,
      today,
      nowMs,
      withdrawn: placement.withdrawn,
    });
    const { timezone, calendar } = history;
    const facts: Operation = {
      kind: "save_series",
      ...of,
      timezone,
      calendar,
      basis: placement.basis,
      agent_id: agent,
    };
    const doubted = await this.#doubt(of, eventOperations, { agent, today });
    await this.#commit([...eventOperations, facts, ...doubted], changes);
    await this.#release(of, sorted);
    await noteAbsences(this.#store, of, asked, nowMs);
    const { inserted, changed, revised } = changes;
    return { inserted, changed, revised, held_back: null, ask_from: null };
  }

  /**
   * Marks the series of other intervals whose bars may have a newly reported split taken out
   * already, because they were recorded after its date: they are fetched anew.
   */
  async #doubt(
    { source, symbol, interval }: Series,
    news: readonly Operation[],
    { agent, today }: { readonly agent: string; readonly today: string },
  ): Promise<Operation[]> {
    const doubted = new Map<string, Operation>();
    for (const event of news) {
      if (event.kind !== "save_market_event" || event.event_kind !== "split") continue;
      const { date } = event;
      if (date > today) continue;
      const ask = { source, symbol, date, recordedFromMs: beginMs(date) };
      for (const other of await this.#store.read({ read: "doubted_intervals", ...ask })) {
        const of = { source, symbol, interval: other };
        const facts = await this.#store.read({ read: "series_facts", ...of });
        if (other === interval || facts === undefined) continue;
        const { timezone, calendar } = facts;
        const state = { timezone, calendar, basis: "unknown", agent_id: agent };
        doubted.set(other, { kind: "save_series", ...of, ...state });
      }
    }
    return [...doubted.values()];
  }

  /** In chunks, unless old versions are kept or dropped. */
  async #commit(
    first: readonly Operation[],
    { operations, rows, save }: BarChanges,
  ): Promise<void> {
    if (operations.length > 0) {
      await this.#store.commit([...first, ...operations, ...rows.length > 0 ? [save(rows)] : []]);
      return;
    }
    await this.#store.commit([
      ...first,
      ...rows.length > 0 ? [save(rows.slice(0, chunkBarsMax))] : [],
    ]);
    for (let at = chunkBarsMax; at < rows.length; at += chunkBarsMax) {
      await this.#store.commit([save(rows.slice(at, at + chunkBarsMax))]);
    }
  }

  async #release(of: Series, bars: readonly Bar[]): Promise<void> {
    if (!await this.#store.read({ read: "has_quarantined_bars", ...of })) return;
    await this.#store.commit(
      bars.map(({ start }) => ({ kind: "release_bar", ...of, start_at: Date.parse(start) })),
    );
  }

  async #knownBars(
    of: Series,
    bars: readonly Bar[],
    which: "same_slots" | "all" = "same_slots",
  ): Promise<ReadonlyMap<number, KnownBar>> {
    const slots = bars.map((bar) => slotOf(of.interval, bar));
    const isAll = which === "all";
    const fromSlot = isAll ? -8.64e15 : slots.reduce((a, b) => Math.min(a, b));
    const toSlot = isAll ? 8.64e15 : slots.reduce((a, b) => Math.max(a, b));
    const known = await this.#store.read({ read: "known_bars", ...of, fromSlot, toSlot });
    return new Map(known.map((bar) => [bar.slot, bar]));
  }
}

/** By start. */
function inOrder(bars: readonly Bar[]): Bar[] {
  return bars.map((bar) => ({ bar, atMs: Date.parse(bar.start) }))
    .sort((a, b) => a.atMs - b.atMs).map(({ bar }) => bar);
}

/** The stored bars that were final when they were recorded. */
function finalOf(
  answer: History,
  known: ReadonlyMap<number, KnownBar>,
): ReadonlyMap<number, KnownBar> {
  const final = new Map<number, KnownBar>();
  for (const bar of answer.bars) {
    const slot = slotOf(answer.interval, bar);
    const stored = known.get(slot);
    if (stored !== undefined && stored.recorded_at >= stored.ends_at) final.set(slot, stored);
  }
  return final;
}

interface BarChanges {
  /** What keeps and drops old versions; it must be committed with all rows. */
  readonly operations: readonly Operation[];
  readonly rows: readonly BarTuple[];
  readonly save: (rows: readonly BarTuple[]) => Operation;
  readonly inserted: number;
  readonly changed: number;
  readonly revised: number;
}

function barChanges(
  answer: History,
  placement: Placed,
  known: ReadonlyMap<number, KnownBar>,
  { of, nowMs }: { readonly of: Series; readonly nowMs: number },
): BarChanges {
  const isReplaced = placement.kind === "replace";
  const rows = newBars(answer, placement);
  const written = [...rows.values()].filter((row) => {
    const bar = known.get(row.slot);
    // an unfinished bar that turns out to be its last version is written as final
    return bar === undefined || bar.recorded_at < bar.ends_at ||
      barValues.some((name) => !isSame(bar[name], row[name]));
  });
  const replaced = written.flatMap(({ slot }) => known.get(slot) ?? []);
  const dropped = isReplaced ? [...known.values()].filter(({ slot }) => !rows.has(slot)) : [];
  // if the clock was set back, new data must not seem older than the data it replaces
  const recorded_at = [...replaced, ...dropped]
    .reduce((atMs, bar) => Math.max(atMs, bar.recorded_at + 1), nowMs);
  const publicAt = ({ slot, date, end_at }: NewBar): number => {
    if (end_at > recorded_at || placement.basis !== "traded") return recorded_at;
    if (isReplaced && date <= placement.restatedUntil) {
      return placement.since === "always" ? end_at : recorded_at;
    }
    const before = known.get(slot);
    const isRevision = before !== undefined && before.recorded_at >= before.ends_at;
    return isRevision ? recorded_at : end_at;
  };
  // what was never right is not seen as of any instant
  const hiddenAt = ({ public_at }: KnownBar): number =>
    isReplaced && placement.since === "always" ? public_at : recorded_at;
  const bySlot = new Map(written.map((row) => [row.slot, row]));
  const versions = [...replaced, ...dropped].flatMap((bar) => {
    const row = bySlot.get(bar.slot);
    const wasFinal = bar.recorded_at >= bar.ends_at;
    return wasFinal ? [[bar.slot, row === undefined ? hiddenAt(bar) : publicAt(row)] as const] : [];
  });
  return {
    operations: [
      ...versions.length > 0
        ? [{ kind: "keep_bars", ...of, superseded_at: recorded_at, versions } as const]
        : [],
      ...dropped.length > 0
        ? [{ kind: "drop_bars", ...of, slots: dropped.map(({ slot }) => slot) } as const]
        : [],
    ],
    rows: written.map((row) => toTuple(row, publicAt(row))),
    save: (bars) => (
      { kind: "save_bars", ...of, currency: answer.currency, recorded_at, bars }
    ),
    inserted: written.length - replaced.length,
    changed: replaced.length,
    revised: versions.filter(([slot]) => bySlot.has(slot)).length,
  };
}

/** Of what a source rounds after it has adjusted it. */
const roundingMax = 1e-6;

function isSame(a: number | string | null, b: number | string | null): boolean {
  if (typeof a !== "number" || typeof b !== "number") return a === b;
  return Math.abs(a - b) <= roundingMax * Math.max(Math.abs(a), Math.abs(b));
}

/** By slot; a bar that is given twice counts once, with its last values. */
function newBars(answer: History, { bars, basis }: Placed): ReadonlyMap<number, NewBar> {
  return new Map(bars.map((bar) => {
    const slot = slotOf(answer.interval, bar);
    const { start, ...values } = bar;
    return [slot, {
      ...values,
      slot,
      start_at: Date.parse(start),
      end_at: endMs(answer, bar),
      // it is derived from traded bars
      adjusted_close: basis === "traded" ? null : bar.adjusted_close,
      currency: answer.currency,
    }];
  }));
}

function toTuple(bar: NewBar, public_at: number): BarTuple {
  const { slot, start_at, date, open, high, low, close, adjusted_close, volume, end_at } = bar;
  return [slot, start_at, date, open, high, low, close, adjusted_close, volume, end_at, public_at];
}
