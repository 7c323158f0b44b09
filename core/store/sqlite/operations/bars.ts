/** SQL of bars. */

import {
  barValues,
  type KeepRevision,
  type QuarantineBar,
  type ReleaseBar,
  type SaveBars,
  type SeriesKey,
} from "../../operations/bars.ts";
import { columnsOf, fields, replaced } from "../columns.ts";
import type { Kind } from "../kind.ts";

const seriesColumns = ["source", "symbol", "interval"] as const;
const barKeyColumns = [...seriesColumns, "start_at"] as const;
const barKeySql = "source || '/' || symbol || '/' || interval || '/' || start_at AS key";

function barKey(
  { source, symbol, interval, start_at }: SeriesKey & { readonly start_at: number },
): string {
  return `${source}/${symbol}/${interval}/${start_at}`;
}

const revisedColumns = ["date", ...barValues];

/**
 * A bar that was recorded before its period had ended was not yet what it would be; what follows it
 * is no revision.
 */
export const keepRevision: Kind<KeepRevision> = {
  kind: "keep_revision",
  key: barKey,
  sql: `INSERT INTO bar_revisions
      (${barKeyColumns.join(", ")}, known_at, superseded_at, ${revisedColumns.join(", ")})
    SELECT ${columnsOf("bars", barKeyColumns)}, bars.recorded_at,
      value ->> 'recorded_at', ${columnsOf("bars", revisedColumns)}
    FROM json_each(?1) JOIN bars
      ON ${barKeyColumns.map((name) => `bars.${name} = value ->> '${name}'`).join(" AND ")}
    WHERE bars.recorded_at >= bars.start_at + (value ->> 'length_ms')
      AND bars.recorded_at < value ->> 'recorded_at'
      AND (${columnsOf("bars", barValues)}) IS NOT (${fields(barValues)})
    ON CONFLICT DO NOTHING RETURNING ${barKeySql}`,
};

const sharedColumns = [...seriesColumns, "currency", "recorded_at"];
/** In the order of a bar's tuple. */
const tupleColumns = [
  "start_at",
  "date",
  "open",
  "high",
  "low",
  "close",
  "adjusted_close",
  "volume",
];

export const saveBars: Kind<SaveBars> = {
  kind: "save_bars",
  sql: `WITH series AS MATERIALIZED (
      SELECT ${sharedColumns.map((name) => `value ->> '${name}' AS ${name}`).join(", ")},
        value -> 'bars' AS bars
      FROM json_each(?1))
    INSERT INTO bars (${sharedColumns.join(", ")}, ${tupleColumns.join(", ")})
    SELECT ${columnsOf("series", sharedColumns)},
      ${tupleColumns.map((_, place) => `bar.value ->> ${place}`).join(", ")}
    FROM series, json_each(series.bars) AS bar WHERE true
    ON CONFLICT DO UPDATE SET ${replaced(["date", "recorded_at", ...barValues])}
    WHERE (${columnsOf("bars", barValues)}) IS NOT (${columnsOf("excluded", barValues)})`,
};

const quarantineColumns = [...barKeyColumns, "date", "bar", "reason", "quarantined_at"];

export const quarantineBar: Kind<QuarantineBar> = {
  kind: "quarantine_bar",
  key: barKey,
  sql: `INSERT INTO quarantined_bars (${quarantineColumns.join(", ")})
    SELECT ${fields(quarantineColumns)} FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET ${replaced(["bar", "reason", "quarantined_at"])}
    RETURNING ${barKeySql}`,
};

export const releaseBar: Kind<ReleaseBar> = {
  kind: "release_bar",
  key: barKey,
  sql: `DELETE FROM quarantined_bars WHERE (${barKeyColumns.join(", ")}) IN
      (SELECT ${fields(barKeyColumns)} FROM json_each(?1))
    RETURNING ${barKeySql}`,
};
