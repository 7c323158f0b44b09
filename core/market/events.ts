/** Stored corporate events, with the instants at which they became public and known here. */

import { z } from "zod";
import { MarketEvent, MarketSymbol, Prices, SourceName } from "../sdk/market.ts";
import type { Store } from "../store/store.ts";
import { eventChanges } from "./event_changes.ts";
import type { StoredEvent } from "../store/reads/market.ts";
import { eventsMax, instants, knownAt } from "./series.ts";
import { beginMs } from "./basis/slots.ts";
import { twinOf } from "./basis/twin_splits.ts";

export const SaveEvents = z.strictObject({
  symbol: MarketSymbol,
  source: SourceName,
  events: z.array(MarketEvent).max(eventsMax),
  /** What dividend amounts are adjusted by. */
  basis: Prices.default("traded"),
  /** Whether `events` holds all expected dates: stored ones that it lacks are withdrawn. */
  complete: z.boolean().default(false),
});
const GetEvents = z.strictObject({
  symbol: MarketSymbol,
  source: SourceName,
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  ...instants,
});

export class Events {
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async save(
    { symbol, source, events, basis, complete }: z.output<typeof SaveEvents>,
    agent: string,
  ): Promise<{ saved: number }> {
    const nowMs = this.#now();
    const of = { source, symbol };
    const all = { fromDate: "0000-00-00", toDate: "9999-99-99", limit: eventsMax };
    const stored = await this.#store.read({ read: "market_events", ...of, ...all });
    const sure = await this.#sureOf(events, stored, of);
    const operations = eventChanges(sure, stored, {
      ...of,
      agent,
      basis,
      from: null,
      // events come without a time zone
      today: new Date(nowMs).toISOString().slice(0, 10),
      nowMs,
      withdrawn: await this.#withdrawn(events, stored, of),
      hasEstimates: complete,
    });
    await this.#store.commit(operations);
    return { saved: operations.filter(({ kind }) => kind === "save_market_event").length };
  }

  /**
   * Leaves out splits that would change the meaning of stored bars: those that were recorded after
   * its date may have it taken out already, which only an answer with bars can show. The same for
   * a split that is given twice. Dividends before one may have it taken out, too.
   */
  async #sureOf(
    events: readonly MarketEvent[],
    stored: readonly StoredEvent[],
    of: { readonly source: string; readonly symbol: string },
  ): Promise<MarketEvent[]> {
    const known = stored.map(({ event_kind: kind, date, numerator, denominator }) => (
      { kind, date, numerator, denominator }
    ));
    const doubtful = new Set<string>();
    for (const event of events) {
      const { kind, date, numerator, denominator } = event;
      const isNews = kind === "split" &&
        !known.some((split) =>
          split.kind === "split" && split.date === date && split.numerator === numerator &&
          split.denominator === denominator
        );
      if (!isNews) continue;
      const isTwin = twinOf(event, [...events, ...known]) !== undefined;
      if (isTwin || await this.#isDoubtful(of, date)) doubtful.add(date);
    }
    const last = [...doubtful].reduce((a, b) => a > b ? a : b, "");
    return events.filter(({ kind, date }) => {
      if (kind === "split") return !doubtful.has(date);
      return kind !== "dividend" || date >= last;
    });
  }

  /**
   * Known splits that the answer no longer has, though it has earlier splits or dividends; only
   * those that no stored bar can have been adjusted by.
   */
  async #withdrawn(
    events: readonly MarketEvent[],
    stored: readonly StoredEvent[],
    of: { readonly source: string; readonly symbol: string },
  ): Promise<StoredEvent[]> {
    const told = events.filter(({ kind }) => kind === "split" || kind === "dividend");
    const gone = stored.filter(({ event_kind, date }) =>
      event_kind === "split" && told.some((event) => event.date < date) &&
      !told.some((event) => event.kind === "split" && event.date === date)
    );
    const withdrawn: StoredEvent[] = [];
    for (const split of gone) {
      if (!await this.#isDoubtful(of, split.date)) withdrawn.push(split);
    }
    return withdrawn;
  }

  async #isDoubtful(
    of: { readonly source: string; readonly symbol: string },
    date: string,
  ): Promise<boolean> {
    const ask = { ...of, date, recordedFromMs: beginMs(date) };
    return (await this.#store.read({ read: "doubted_intervals", ...ask })).length > 0;
  }

  /** Oldest first. Input is unchecked JSON. */
  async read(input: unknown, asOfMs?: number): Promise<{ events: MarketEvent[] }> {
    const { source, symbol, from, to, ...asked } = GetEvents.parse(input);
    const stored = await this.#store.read({
      read: "market_events",
      source,
      symbol,
      fromDate: from ?? "0000-00-00",
      toDate: to ?? "9999-99-99",
      ...knownAt(asked, asOfMs),
      limit: eventsMax,
    });
    const events = stored.map(({ event_kind, ...event }) =>
      MarketEvent.parse({ ...event, kind: event_kind })
    );
    return { events: events.reverse() };
  }
}
