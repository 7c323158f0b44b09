/** SQL of quotes, corporate events, and findings. */

import {
  type DropMarketEvent,
  type DropOldFindings,
  type EventKey,
  eventValues,
  type KeepMarketEvent,
  type SaveFinding,
  type SaveMarketEvent,
  type SaveQuote,
} from "../../operations/market.ts";
import { columnsOf, fields, replaced } from "../columns.ts";
import type { Kind } from "../kind.ts";

const quotedColumns = [
  "price",
  "currency",
  "name",
  "exchange",
  "previous_close",
  "open",
  "day_high",
  "day_low",
  "volume",
  "market_cap",
] as const satisfies readonly (keyof SaveQuote)[];
const quoteColumns = ["source", "symbol", "as_of", ...quotedColumns, "recorded_at"];

export const saveQuote: Kind<SaveQuote> = {
  kind: "save_quote",
  key: ({ source, symbol, as_of }) => `${source}/${symbol}/${as_of}`,
  sql: `INSERT INTO quotes (${quoteColumns.join(", ")})
    SELECT ${fields(quoteColumns)} FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET
      ${replaced(quotedColumns)},
      -- an unchanged quote keeps its first instant
      recorded_at = iif((${columnsOf("quotes", quotedColumns)}) IS
        (${columnsOf("excluded", quotedColumns)}), recorded_at, excluded.recorded_at)
    RETURNING source || '/' || symbol || '/' || as_of AS key`,
};

const keyColumns = ["source", "symbol", "kind", "date", "place"];
const keyFields = fields(["source", "symbol", "event_kind", "date", "place"]);
const eventColumns = [...eventValues, "agent_id", "public_at", "recorded_at"];
const eventKeySql = `${keyColumns.join(" || '/' || ")} AS key`;

function eventKey({ source, symbol, event_kind, date, place }: EventKey): string {
  return [source, symbol, event_kind, date, place].join("/");
}

export const keepMarketEvent: Kind<KeepMarketEvent> = {
  kind: "keep_market_event",
  key: eventKey,
  sql: `INSERT INTO market_event_revisions
      (${[...keyColumns, ...eventColumns].join(", ")}, superseded_at, hidden_at)
    SELECT ${columnsOf("event", [...keyColumns, ...eventColumns])},
      value ->> 'superseded_at', value ->> 'hidden_at'
    FROM json_each(?1) JOIN market_events AS event ON event.source = value ->> 'source'
      AND event.symbol = value ->> 'symbol' AND event.kind = value ->> 'event_kind'
      AND event.date = value ->> 'date' AND event.place = value ->> 'place' WHERE true
    ON CONFLICT DO NOTHING RETURNING ${eventKeySql}`,
};

export const dropMarketEvent: Kind<DropMarketEvent> = {
  kind: "drop_market_event",
  key: eventKey,
  sql: `DELETE FROM market_events WHERE (${keyColumns.join(", ")}) IN
      (SELECT ${keyFields} FROM json_each(?1))
    RETURNING ${eventKeySql}`,
};

export const saveMarketEvent: Kind<SaveMarketEvent> = {
  kind: "save_market_event",
  key: eventKey,
  sql: `INSERT INTO market_events (${[...keyColumns, ...eventColumns].join(", ")})
    SELECT ${keyFields}, ${fields(eventColumns)} FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET ${replaced(eventColumns)}
    RETURNING ${eventKeySql}`,
};

const findingColumns = [
  "rule",
  "severity",
  "source",
  "symbol",
  "interval",
  "at",
  "message",
  "agent_id",
] as const satisfies readonly (keyof SaveFinding)[];

export const saveFinding: Kind<SaveFinding> = {
  kind: "save_finding",
  key: ({ source, symbol, interval, rule, at }) => [source, symbol, interval, rule, at].join("/"),
  sql: `INSERT INTO data_quality_log (${findingColumns.join(", ")}, first_seen_at, last_seen_at)
    SELECT ${fields(findingColumns)}, value ->> 'seen_at', value ->> 'seen_at'
    FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET message = excluded.message, severity = excluded.severity,
      last_seen_at = excluded.last_seen_at, seen_count = seen_count + 1
    RETURNING source || '/' || symbol || '/' || interval || '/' || rule || '/' || at AS key`,
};

export const dropOldFindings: Kind<DropOldFindings> = {
  kind: "drop_old_findings",
  key: () => "",
  sql: `DELETE FROM data_quality_log
    WHERE last_seen_at < (SELECT max(value ->> 'before') FROM json_each(?1))
    RETURNING '' AS key`,
};
