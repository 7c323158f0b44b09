/**
 * Bars and facts about their series. Field names match those in the JSON of market data; instants
 * are UTC milliseconds.
 */

/** Identifies a series of bars. */
export interface SeriesKey {
  readonly source: string;
  readonly symbol: string;
  readonly interval: string;
}

/** The values of a bar: if one differs, the bar has changed. */
export const barValues = [
  "open",
  "high",
  "low",
  "close",
  "adjusted_close",
  "volume",
  "currency",
] as const;

/** Saves the old version of a bar that is about to change; runs before {@link SaveBars}. */
export interface KeepRevision extends SeriesKey {
  readonly kind: "keep_revision";
  readonly start_at: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly adjusted_close: number | null;
  readonly volume: number | null;
  readonly currency: string | null;
  readonly recorded_at: number;
  /** Length of the bar's period. A bar recorded before its period ended leaves no revision. */
  readonly length_ms: number;
}

/**
 * A bar in {@link SaveBars}. A tuple, because SQLite reads many of them three times as fast as
 * objects.
 */
export type BarTuple = readonly [
  start_at: number,
  date: string,
  open: number,
  high: number,
  low: number,
  close: number,
  adjusted_close: number | null,
  volume: number | null,
];

/** Inserts new bars and replaces bars that have changed. */
export interface SaveBars extends SeriesKey {
  readonly kind: "save_bars";
  readonly currency: string | null;
  readonly recorded_at: number;
  readonly bars: readonly BarTuple[];
}

/** Facts that the source states about a whole series. */
export interface SaveSeries extends SeriesKey {
  readonly kind: "save_series";
  readonly timezone: string;
  readonly calendar: string | null;
}

/** The earliest date that was requested from the source. */
export interface NoteAsked extends SeriesKey {
  readonly kind: "note_asked";
  readonly from: string;
}

/** A session for which the source had no valid bar. */
export interface NoteAbsent extends SeriesKey {
  readonly kind: "note_absent";
  readonly date: string;
  readonly asked_at: number;
}

/** A split or dividend for which all bars of a series have been restated. */
export interface NoteRestated extends SeriesKey {
  readonly kind: "note_restated";
  readonly event_kind: string;
  readonly date: string;
}

/** Stores an invalid bar outside the series. */
export interface QuarantineBar extends SeriesKey {
  readonly kind: "quarantine_bar";
  readonly start_at: number;
  readonly date: string;
  /** JSON, as the source sent it. */
  readonly bar: string;
  readonly reason: string;
  readonly quarantined_at: number;
}

/** Removes a bar from quarantine after a valid one has arrived. */
export interface ReleaseBar extends SeriesKey {
  readonly kind: "release_bar";
  readonly start_at: number;
}

export type BarOperation =
  | KeepRevision
  | SaveBars
  | SaveSeries
  | NoteAsked
  | NoteAbsent
  | NoteRestated
  | QuarantineBar
  | ReleaseBar;
