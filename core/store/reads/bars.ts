/**
 * Reads of bars. Field names match those in the JSON of market data; instants are UTC milliseconds.
 */

import type { SeriesKey } from "../operations/bars.ts";

export interface StoredBar {
  readonly start_at: number;
  readonly date: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly adjusted_close: number | null;
  readonly volume: number | null;
}

/** The values of a stored bar that a new bar of the same instant is compared with. */
export interface KnownBar extends Omit<StoredBar, "date"> {
  readonly currency: string | null;
  readonly recorded_at: number;
}

/** A split or dividend, identified by kind and date. */
export interface DatedEvent {
  readonly kind: string;
  readonly date: string;
}

/** The stored facts of a series; null if nothing is stored or the source does not state it. */
export interface StoredSeries {
  readonly bars: number;
  readonly first_date: string | null;
  readonly last_date: string | null;
  readonly currency: string | null;
  readonly timezone: string | null;
  readonly calendar: string | null;
  readonly asked_from: string | null;
  /** The number of splits and dividends for which some bars are not restated yet. */
  readonly events_pending: number;
  readonly quarantined: number;
}

export interface AbsentSession {
  readonly date: string;
  readonly asked_at: number;
  readonly times_asked: number;
}

/** The read sees what was known at this instant; without it, what is known now. */
export interface Known {
  readonly knownAtMs?: number | undefined;
}

export interface BarsAsk extends SeriesKey, Known {
  /** Session dates, both included. */
  readonly fromDate: string;
  readonly toDate: string;
  /** Start instants, the end excluded. */
  readonly fromMs: number;
  readonly endMs: number;
  readonly limit: number;
}

export interface BarReads {
  /** Oldest first; beyond the limit, only the newest. */
  bars(ask: BarsAsk): readonly StoredBar[];
  /** Bars that start from one instant to another, both included. */
  known_bars(ask: SeriesKey & { fromMs: number; toMs: number }): readonly KnownBar[];
  has_bars(ask: SeriesKey): boolean;
  has_quarantined_bars(ask: SeriesKey): boolean;
  /** Ascending, without duplicates. */
  bar_dates(ask: SeriesKey & Known): readonly string[];
  /**
   * As of an earlier instant, the requested range and the restated events are unknown, because they
   * are stored without an instant.
   */
  series(ask: SeriesKey & Known): StoredSeries;
  /** Splits and dividends for which all bars have been restated, latest first. */
  restated_events(ask: SeriesKey & { limit: number }): readonly DatedEvent[];
  /** Sessions for which the source had no valid bar, latest first. */
  absent_sessions(ask: SeriesKey & { limit: number }): readonly AbsentSession[];
}
