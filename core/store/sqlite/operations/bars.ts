/** SQL of bars. */

import {
  barValues,
  type DropBars,
  type KeepBars,
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

/** In the order of a bar's tuple. */
const tupleColumns = [
  "slot",
  "start_at",
  "date",
  "open",
  "high",
  "low",
  "close",
  "adjusted_close",
  "volume",
  "ends_at",
  "public_at",
];
const sharedColumns = [...seriesColumns, "currency", "recorded_at"];
const allColumns = [...sharedColumns, ...tupleColumns];

export const keepBars: Kind<KeepBars> = {
  kind: "keep_bars",
  sql: `INSERT INTO bar_revisions (${allColumns.join(", ")}, superseded_at, hidden_at)
    SELECT ${columnsOf("bars", allColumns)},
      series.value ->> 'superseded_at', version.value ->> 1
    FROM json_each(?1) AS series, json_each(series.value -> 'versions') AS version
    JOIN bars ON ${
    seriesColumns.map((name) => `bars.${name} = series.value ->> '${name}'`).join(" AND ")
  } AND bars.slot = version.value ->> 0 WHERE true
    ON CONFLICT DO NOTHING`,
};

export const dropBars: Kind<DropBars> = {
  kind: "drop_bars",
  sql: `DELETE FROM bars WHERE (${[...seriesColumns, "slot"].join(", ")}) IN (
    SELECT ${seriesColumns.map((name) => `series.value ->> '${name}'`).join(", ")}, slot.value
    FROM json_each(?1) AS series, json_each(series.value -> 'slots') AS slot)`,
};

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
    ON CONFLICT DO UPDATE SET ${
    replaced(["date", "ends_at", "public_at", "recorded_at", ...barValues])
  }`,
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
