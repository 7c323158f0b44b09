/**
 * Bars and facts about their series. Field names match those in the JSON of market data; instants
 * are UTC milliseconds. A bar's slot is its date as days since 1970, or its start within a day.
 */

/** Identifies a series of bars. */
export interface SeriesKey {
  readonly source: string;
  readonly symbol: string;
  readonly interval: string;
}

/** The values of a bar: if one differs, the bar has changed. */
export const barValues = [
  "start_at",
  "open",
  "high",
  "low",
  "close",
  "adjusted_close",
  "volume",
  "currency",
] as const;

/** Saves the current versions of bars that are about to change; runs before {@link DropBars}. */
export interface KeepBars extends SeriesKey {
  readonly kind: "keep_bars";
  readonly superseded_at: number;
  /** `hidden_at`: reads as of this instant and later no longer see the version. */
  readonly versions: readonly (readonly [slot: number, hidden_at: number])[];
}

/** Deletes bars that a whole answer no longer has; runs before {@link SaveBars}. */
export interface DropBars extends SeriesKey {
  readonly kind: "drop_bars";
  readonly slots: readonly number[];
}

/**
 * A bar in {@link SaveBars}. A tuple, because SQLite reads many of them three times as fast as
 * objects.
 */
export type BarTuple = readonly [
  slot: number,
  start_at: number,
  date: string,
  open: number,
  high: number,
  low: number,
  close: number,
  adjusted_close: number | null,
  volume: number | null,
  /** When its session ends: what is recorded before is not final. */
  ends_at: number,
  public_at: number,
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
  readonly basis: string;
  /** The agent that saved it last. */
  readonly agent_id: string;
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
  | KeepBars
  | DropBars
  | SaveBars
  | SaveSeries
  | NoteAsked
  | NoteAbsent
  | QuarantineBar
  | ReleaseBar;
