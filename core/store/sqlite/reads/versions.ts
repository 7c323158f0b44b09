/**
 * Versions of rows with two clocks. A current row has `public_at` and `recorded_at`; an earlier
 * version, in a table of revisions, also has `hidden_at` and `superseded_at`. Of the versions that
 * were public at one instant and recorded by another, the one recorded last counts.
 */

import type { Known } from "../../reads/bars.ts";

/** Later than every instant of ECMAScript. */
const foreverMs = 8.64e15;

export interface Versions {
  readonly current: string;
  readonly revisions: string;
  /** The columns that identify a row. */
  readonly key: string;
  readonly columns: string;
  readonly where: string;
  /** The parameters of {@link clocksOf}, such as `?4` and `?5`. */
  readonly asOf: string;
  readonly recordedBy: string;
}

/** Whether the read sees anything but the versions of now. */
export function isPast({ asOfMs, recordedByMs }: Known): boolean {
  return asOfMs !== undefined || recordedByMs !== undefined;
}

/** The two instants of a past read, as arguments. */
export function clocksOf({ asOfMs, recordedByMs }: Known): [asOf: number, recordedBy: number] {
  return [asOfMs ?? foreverMs, recordedByMs ?? foreverMs];
}

/** The rows, one version each, as a table expression in parentheses. */
export function versionsSql(
  { current, revisions, key, columns, where, asOf, recordedBy }: Versions,
): string {
  const known = `public_at <= ${asOf} AND recorded_at <= ${recordedBy}`;
  return `(SELECT ${columns}, recorded_at FROM (
    SELECT ${columns}, recorded_at,
      row_number() OVER (PARTITION BY ${key} ORDER BY recorded_at DESC) AS version
    FROM (
      SELECT ${columns}, recorded_at FROM ${current} WHERE ${where} AND ${known}
      UNION ALL
      SELECT ${columns}, recorded_at FROM ${revisions} WHERE ${where} AND ${known}
        AND NOT (hidden_at <= ${asOf} AND superseded_at <= ${recordedBy})))
    WHERE version = 1)`;
}
