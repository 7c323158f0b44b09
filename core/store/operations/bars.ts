/**
 * Bars, and what is known of a series of them. Market data keeps the names of its JSON; instants
 * are UTC milliseconds.
 */

/** What names a series of bars. */
export interface SeriesKey {
  readonly source: string;
  readonly symbol: string;
  readonly interval: string;
}

/** What makes a bar another one. */
export const barValues = [
  "open",
  "high",
  "low",
  "close",
  "adjusted_close",
  "volume",
  "currency",
] as const;

/** Keeps what a bar was, where the one to be saved is another; runs before {@link SaveBars}. */
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
  /** Of its period: a bar recorded before that had ended leaves no revision. */
  readonly length_ms: number;
}

/** A bar of {@link SaveBars}: many of them are read three times as fast as objects would be. */
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

/** Inserts bars that are new and replaces those that are other than they were. */
export interface SaveBars extends SeriesKey {
  readonly kind: "save_bars";
  readonly currency: string | null;
  readonly recorded_at: number;
  readonly bars: readonly BarTuple[];
}

/** What a source says of a series as a whole. */
export interface SaveSeries extends SeriesKey {
  readonly kind: "save_series";
  readonly timezone: string;
  readonly calendar: string | null;
}

/** How far back a series was asked for; the earliest counts. */
export interface NoteAsked extends SeriesKey {
  readonly kind: "note_asked";
  readonly from: string;
}

/** A session that the source had no sound bar of. */
export interface NoteAbsent extends SeriesKey {
  readonly kind: "note_absent";
  readonly date: string;
  readonly asked_at: number;
}

/** A split or dividend that all bars of a series are restated for. */
export interface NoteRestated extends SeriesKey {
  readonly kind: "note_restated";
  readonly event_kind: string;
  readonly date: string;
}

/** Keeps a bar with an error apart. */
export interface QuarantineBar extends SeriesKey {
  readonly kind: "quarantine_bar";
  readonly start_at: number;
  readonly date: string;
  /** JSON, as the source gave it. */
  readonly bar: string;
  readonly reason: string;
  readonly quarantined_at: number;
}

/** A bar that came sound after all leaves the quarantine. */
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
