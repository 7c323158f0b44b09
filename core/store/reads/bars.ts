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

/** A stored bar that a new one of its slot is compared with. */
export interface KnownBar extends Omit<StoredBar, "date"> {
  readonly slot: number;
  readonly currency: string | null;
  readonly ends_at: number;
  readonly public_at: number;
  readonly recorded_at: number;
}

/** The stored facts of a series; null if nothing is stored or the source does not state it. */
export interface StoredSeries {
  readonly bars: number;
  readonly first_date: string | null;
  readonly last_date: string | null;
  /** The date of the last bar that was recorded after its session had ended. */
  readonly final_date: string | null;
  readonly currency: string | null;
  readonly timezone: string | null;
  readonly calendar: string | null;
  readonly asked_from: string | null;
  readonly basis: string | null;
  /** The agent that saved it last. */
  readonly agent: string | null;
  /** When it was last written; null without bars. */
  readonly recorded_at: number | null;
  readonly quarantined: number;
}

/** What bars of a series are read by; undefined without a stored bar. */
export type SeriesFacts =
  & Pick<StoredSeries, "currency" | "calendar">
  & { readonly basis: string; readonly timezone: string };

export interface AbsentSession {
  readonly date: string;
  readonly asked_at: number;
  readonly times_asked: number;
}

/** Which versions a read sees; without either, those of now. */
export interface Known {
  /** What was public at this instant. */
  readonly asOfMs?: number | undefined;
  /** What this store held at this instant. */
  readonly recordedByMs?: number | undefined;
}

export interface BarsAsk extends SeriesKey, Known {
  /** From one slot to another, the end excluded. */
  readonly fromSlot: number;
  readonly endSlot: number;
  /** Only bars that start before this instant. */
  readonly beforeMs: number;
  /**
   * Bars whose session has ended by this instant are read only if they are final. Past reads see
   * final bars only, because a bar of a session under way is replaced without a trace.
   */
  readonly endedByMs: number;
  readonly limit: number;
}

export interface BarReads {
  /** Oldest first; beyond the limit, only the newest. */
  bars(ask: BarsAsk): readonly StoredBar[];
  /** Bars from one slot to another, both included. */
  known_bars(ask: SeriesKey & { fromSlot: number; toSlot: number }): readonly KnownBar[];
  /** How many bars seen as of the instant were recorded after it. */
  late_bars(ask: SeriesKey & Known & { fromSlot: number; endSlot: number }): number;
  /** For each date, the close of the last bar within a month before it, if any. */
  closes_before(
    ask: SeriesKey & Known & { dates: readonly string[]; isDaily: boolean },
  ): readonly (number | null)[];
  /** The date of the last final bar by a slot, or of the first one after it. */
  nearest_final_date(ask: SeriesKey & { slot: number }): string | null;
  /**
   * The intervals with bars before a date that were recorded at an instant or later: a split of
   * that date may have been taken out of them unseen.
   */
  doubted_intervals(
    ask: { source: string; symbol: string; date: string; recordedFromMs: number },
  ): readonly string[];
  has_quarantined_bars(ask: SeriesKey): boolean;
  /** Ascending, without duplicates. */
  bar_dates(ask: SeriesKey & Known): readonly string[];
  /** As of an earlier instant, the requested range is unknown: it is stored without an instant. */
  series(ask: SeriesKey & Known): StoredSeries;
  /** Of now, also as of an earlier instant. */
  series_facts(ask: SeriesKey): SeriesFacts | undefined;
  /** Sessions for which the source had no valid bar, latest first. */
  absent_sessions(ask: SeriesKey & { limit: number }): readonly AbsentSession[];
}
