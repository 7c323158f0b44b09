/** What is read of bars. Market data keeps the names of its JSON; instants are UTC milliseconds. */

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

/** A bar as the next one of its instant is compared with it. */
export interface KnownBar extends Omit<StoredBar, "date"> {
  readonly currency: string | null;
  readonly recorded_at: number;
}

/** A split or dividend, by what makes it one. */
export interface DatedEvent {
  readonly kind: string;
  readonly date: string;
}

/** What is stored of a series; null: nothing is stored, or the source does not say. */
export interface StoredSeries {
  readonly bars: number;
  readonly first_date: string | null;
  readonly last_date: string | null;
  readonly currency: string | null;
  readonly timezone: string | null;
  readonly calendar: string | null;
  readonly asked_from: string | null;
  /** Splits and dividends among the bars that not all of them are restated for. */
  readonly events_pending: number;
  readonly quarantined: number;
}

export interface AbsentSession {
  readonly date: string;
  readonly asked_at: number;
  readonly times_asked: number;
}

/** The instant up to which something was known; without it, now. */
export interface Known {
  readonly knownAtMs?: number | undefined;
}

export interface BarsAsk extends SeriesKey, Known {
  /** Of their sessions, both included. */
  readonly fromDate: string;
  readonly toDate: string;
  /** Of their starts, the end not included. */
  readonly fromMs: number;
  readonly endMs: number;
  readonly limit: number;
}

export interface BarReads {
  /** Oldest first; of more than the limit, the newest. */
  bars(ask: BarsAsk): readonly StoredBar[];
  /** Those that start from one instant to another, both included. */
  known_bars(ask: SeriesKey & { fromMs: number; toMs: number }): readonly KnownBar[];
  has_bars(ask: SeriesKey): boolean;
  has_quarantined_bars(ask: SeriesKey): boolean;
  /** Ascending, each once. */
  bar_dates(ask: SeriesKey & Known): readonly string[];
  /**
   * Of an earlier instant, what was asked for and what is restated is not known: it has no instant
   * of its own.
   */
  series(ask: SeriesKey & Known): StoredSeries;
  /** Splits and dividends that all bars are restated for, the latest first. */
  restated_events(ask: SeriesKey & { limit: number }): readonly DatedEvent[];
  /** Sessions that the source had no sound bar of, the latest first. */
  absent_sessions(ask: SeriesKey & { limit: number }): readonly AbsentSession[];
}
