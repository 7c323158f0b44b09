/**
 * Stores market data for the data agents and serves it as `market.*` on the bus. Data of one source
 * is never returned for another, so simulated data can't pass for real.
 */

import { z } from "zod";
import type { Store } from "../store/store.ts";
import { BarSaver } from "./bar_saver.ts";
import { Bars } from "./bars.ts";
import { eventsMax, knownUntil, saveEvent } from "./series.ts";
import { GetQuotes, storedQuotes } from "./stored_quotes.ts";
import { Findings } from "./findings.ts";
import { MarketEvent, MarketSymbol, Quote, SourceName } from "../sdk/market.ts";

const quotesMax = 500;

const SaveQuotes = z.strictObject({ quotes: z.array(Quote).max(quotesMax) });
const SaveEvents = z.strictObject({
  symbol: MarketSymbol,
  source: SourceName,
  events: z.array(MarketEvent).max(eventsMax),
  /**
   * True if `events` holds all expected dates: stored ones that are missing from it are deleted.
   */
  complete: z.boolean().default(false),
});
const GetEvents = z.strictObject({
  symbol: MarketSymbol,
  source: SourceName,
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  /** Only values that were known at this instant. */
  as_of: z.iso.datetime().optional(),
});

export class Market {
  readonly findings: Findings;
  readonly #bars: Bars;
  readonly #saver: BarSaver;
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
    this.#bars = new Bars(store, now);
    this.#saver = new BarSaver(store, now);
    this.findings = new Findings(store, now);
  }

  /** The capabilities served on the bus, by name. Input is unchecked JSON. */
  readonly capabilities = {
    save_quotes: async (input: unknown): Promise<{ saved: number }> => {
      const { quotes } = SaveQuotes.parse(input);
      const recorded_at = this.#now();
      const saved = await this.#store.commit(quotes.map(({ as_of, ...quote }) => (
        { kind: "save_quote", ...quote, as_of: Date.parse(as_of), recorded_at }
      )));
      return { saved: saved.filter(Boolean).length };
    },
    get_quotes: (input: unknown) => this.#quotes(input),
    save_bars: (input: unknown) => this.#saver.save(input),
    get_bars: (input: unknown) => this.#bars.read(input),
    get_dates: (input: unknown) => this.#bars.dates(input),
    get_series: (input: unknown) => this.#bars.state(input),
    quarantine_bars: (input: unknown) => this.#bars.quarantine(input),
    note_asked: (input: unknown) => this.#bars.noteAsked(input),
    get_restated: (input: unknown) => this.#bars.restatedFor(input),
    get_absences: (input: unknown) => this.#bars.absences(input),
    save_events: async (input: unknown): Promise<{ saved: number }> => {
      const { symbol, source, events, complete } = SaveEvents.parse(input);
      const recorded_at = this.#now();
      const rows = events.map((event) => saveEvent({ source, symbol }, event, recorded_at));
      const applied = await this.#store.commit(
        complete ? [...rows, { kind: "forget_estimates", source, symbol }] : rows,
      );
      return { saved: applied.slice(0, rows.length).filter(Boolean).length };
    },
    get_events: async (input: unknown): Promise<{ events: MarketEvent[] }> =>
      await this.#events(GetEvents.parse(input)),
    save_findings: (input: unknown, agent: string): Promise<{ saved: number }> =>
      this.findings.save(input, agent),
    get_findings: (input: unknown) => this.findings.list(input),
  };

  /**
   * The capabilities that can answer as of an earlier instant. None of them saves. Data without an
   * instant of its own (requested ranges, restated events, findings) exists only for now.
   */
  readonly pastCapabilities = {
    get_quotes: (input: unknown, _caller: string, asOfMs: number) => this.#quotes(input, asOfMs),
    get_bars: (input: unknown, _caller: string, asOfMs: number) => this.#bars.read(input, asOfMs),
    get_dates: (input: unknown, _caller: string, asOfMs: number) => this.#bars.dates(input, asOfMs),
    get_series: (input: unknown, _caller: string, asOfMs: number) =>
      this.#bars.state(input, asOfMs),
    get_events: (input: unknown, _caller: string, asOfMs: number) =>
      this.#events(GetEvents.parse(input), asOfMs),
  };

  async #quotes(input: unknown, asOfMs?: number): Promise<{ quotes: Quote[] }> {
    const asked = GetQuotes.parse(input);
    return { quotes: await storedQuotes(this.#store, asked, asOfMs ?? this.#now()) };
  }

  async #events(
    { source, symbol, from, to, as_of }: z.output<typeof GetEvents>,
    asOfMs?: number,
  ): Promise<{ events: MarketEvent[] }> {
    const stored = await this.#store.read({
      read: "market_events",
      source,
      symbol,
      fromDate: from ?? "0000-00-00",
      toDate: to ?? "9999-99-99",
      knownAtMs: knownUntil(as_of, asOfMs),
      limit: eventsMax,
    });
    const events = stored.map(({ event_kind, ...event }) =>
      MarketEvent.parse({ ...event, kind: event_kind })
    );
    return { events: events.reverse() };
  }
}
