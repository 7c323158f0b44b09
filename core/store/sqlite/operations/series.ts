/** SQL of facts about a whole series of bars. */

import type { NoteAbsent, NoteAsked, SaveSeries, SeriesKey } from "../../operations/bars.ts";
import { fields, replaced } from "../columns.ts";
import type { Kind } from "../kind.ts";

const seriesColumns = ["source", "symbol", "interval"] as const;

function seriesKey({ source, symbol, interval }: SeriesKey): string {
  return `${source}/${symbol}/${interval}`;
}

const toldColumns = ["timezone", "calendar", "basis", "agent_id"];

export const saveSeries: Kind<SaveSeries> = {
  kind: "save_series",
  key: seriesKey,
  sql: `INSERT INTO bar_series (${[...seriesColumns, ...toldColumns].join(", ")})
    SELECT ${fields([...seriesColumns, ...toldColumns])} FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET ${replaced(toldColumns)}
    RETURNING source || '/' || symbol || '/' || interval AS key`,
};

export const noteAsked: Kind<NoteAsked> = {
  kind: "note_asked",
  key: seriesKey,
  sql: `UPDATE bar_series SET asked_from = min(coalesce(asked_from, asked."from"), asked."from")
    FROM (SELECT value ->> 'source' AS source, value ->> 'symbol' AS symbol,
        value ->> 'interval' AS interval, min(value ->> 'from') AS "from"
      FROM json_each(?1) GROUP BY 1, 2, 3) AS asked
    WHERE bar_series.source = asked.source AND bar_series.symbol = asked.symbol
      AND bar_series.interval = asked.interval
    RETURNING bar_series.source || '/' || bar_series.symbol || '/' || bar_series.interval AS key`,
};

const absentColumns = [...seriesColumns, "date", "asked_at"];

export const noteAbsent: Kind<NoteAbsent> = {
  kind: "note_absent",
  key: (note) => `${seriesKey(note)}/${note.date}`,
  sql: `INSERT INTO absent_sessions (${absentColumns.join(", ")})
    SELECT ${fields(absentColumns)} FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET asked_at = excluded.asked_at, times_asked = times_asked + 1
    RETURNING source || '/' || symbol || '/' || interval || '/' || date AS key`,
};
