/**
 * Stores market data for the source agents and serves it as `market.*` on the bus. A source writes
 * as itself alone: only the agent that provides it may save its data, so simulated data can't pass
 * for real.
 */

import { z } from "zod";
import { AppError } from "../errors.ts";
import type { Store } from "../store/store.ts";
import { BarSaver, SaveBars, type Saved } from "./bar_saver.ts";
import { Bars, QuarantineBars } from "./bars.ts";
import { Events, SaveEvents } from "./events.ts";
import { Findings, SaveFindings } from "./findings.ts";
import { GetQuotes, storedQuotes } from "./stored_quotes.ts";
import { SymbolTurns } from "./symbol_turns.ts";
import { Quote } from "../sdk/market.ts";

const quotesMax = 500;

const SaveQuotes = z.strictObject({ quotes: z.array(Quote).max(quotesMax) });

export interface MarketOptions {
  readonly store: Store;
  /** The source that an agent provides, if any. */
  readonly sourceOf: (agent: string) => string | undefined;
  /** Announces what was saved. */
  readonly publish: (topic: string, body: Readonly<Record<string, unknown>>) => void;
  readonly now?: () => number;
}

export class Market {
  readonly findings: Findings;
  readonly #bars: Bars;
  readonly #events: Events;
  readonly #saver: BarSaver;
  readonly #turns = new SymbolTurns();
  readonly #options: MarketOptions;
  readonly #now: () => number;

  constructor(options: MarketOptions) {
    const { store, now = Date.now } = options;
    this.#options = options;
    this.#now = now;
    this.#bars = new Bars(store, this.#turns, now);
    this.#events = new Events(store, now);
    this.#saver = new BarSaver(store, now);
    this.findings = new Findings(store, now);
  }

  /** The capabilities served on the bus, by name. Input is unchecked JSON. */
  readonly capabilities = {
    save_quotes: async (input: unknown, agent: string): Promise<{ saved: number }> => {
      const { quotes } = SaveQuotes.parse(input);
      this.#requireSource(agent, quotes);
      return await this.#saveQuotes(quotes, agent);
    },
    get_quotes: (input: unknown) => this.#quotes(input),
    save_bars: async (input: unknown, agent: string): Promise<Saved> => {
      const checked = SaveBars.parse(input);
      const { source, symbol, interval, bars } = checked.history;
      this.#requireSource(agent, [{ source }]);
      const saved = await this.#turns.save(checked.history, () => this.#saver.save(checked, agent));
      if (saved.held_back === null && bars.length > 0) {
        const span = { first_date: bars[0]?.date, last_date: bars.at(-1)?.date };
        this.#options.publish("market.bars_loaded", {
          ...{ symbol, interval, source, agent },
          ...{ bars_loaded: bars.length, ...span },
        });
      }
      return saved;
    },
    get_bars: (input: unknown) => this.#bars.read(input),
    get_dates: (input: unknown) => this.#bars.dates(input),
    get_series: (input: unknown) => this.#bars.state(input),
    quarantine_bars: async (input: unknown, agent: string): Promise<{ saved: number }> => {
      const checked = QuarantineBars.parse(input);
      this.#requireSource(agent, [checked]);
      return await this.#bars.quarantine(checked);
    },
    get_absences: (input: unknown) => this.#bars.absences(input),
    save_events: async (input: unknown, agent: string): Promise<{ saved: number }> => {
      const checked = SaveEvents.parse(input);
      this.#requireSource(agent, [checked, ...checked.events]);
      return await this.#turns.save(checked, () => this.#events.save(checked, agent));
    },
    get_events: (input: unknown) => this.#events.read(input),
    save_findings: async (input: unknown, agent: string): Promise<{ saved: number }> => {
      const { findings } = SaveFindings.parse(input);
      this.#requireSource(agent, findings);
      return await this.findings.save(findings, agent);
    },
    get_findings: (input: unknown) => this.findings.list(input),
  };

  /**
   * The capabilities that can answer as of an earlier instant. None of them saves. Data without an
   * instant of its own (requested ranges, findings) exists only for now.
   */
  readonly pastCapabilities = {
    get_quotes: (input: unknown, _caller: string, asOfMs: number) => this.#quotes(input, asOfMs),
    get_bars: (input: unknown, _caller: string, asOfMs: number) => this.#bars.read(input, asOfMs),
    get_dates: (input: unknown, _caller: string, asOfMs: number) => this.#bars.dates(input, asOfMs),
    get_series: (input: unknown, _caller: string, asOfMs: number) =>
      this.#bars.state(input, asOfMs),
    get_events: (input: unknown, _caller: string, asOfMs: number) =>
      this.#events.read(input, asOfMs),
  };

  /** @throws {AppError} `not_the_source`. */
  #requireSource(agent: string, named: readonly { readonly source: string }[]): void {
    const own = this.#options.sourceOf(agent);
    const other = named.find(({ source }) => source !== own);
    if (other === undefined) return;
    const found = own === undefined ? "it provides no source" : `it provides the source "${own}"`;
    throw new AppError(
      "not_the_source",
      `Cannot save data of source "${other.source}" from agent "${agent}": ${found}; ` +
        "only the agent that provides a source saves its data",
    );
  }

  async #saveQuotes(quotes: readonly Quote[], agent: string): Promise<{ saved: number }> {
    const recorded_at = this.#now();
    const saved = await this.#options.store.commit(quotes.map(({ as_of, ...quote }) => (
      { kind: "save_quote", ...quote, as_of: Date.parse(as_of), recorded_at }
    )));
    const symbols = quotes.map(({ symbol }) => symbol);
    const source = quotes[0]?.source;
    if (symbols.length > 0) {
      this.#options.publish("market.quotes_fetched", { source, agent, symbols });
    }
    return { saved: saved.filter(Boolean).length };
  }

  async #quotes(input: unknown, asOfMs?: number): Promise<{ quotes: Quote[] }> {
    const asked = GetQuotes.parse(input);
    return { quotes: await storedQuotes(this.#options.store, asked, asOfMs ?? this.#now()) };
  }
}
