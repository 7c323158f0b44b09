/** SQL of quotes, corporate events, and findings. */

import type {
  DropOldFindings,
  ForgetEstimates,
  SaveFinding,
  SaveMarketEvent,
  SaveQuote,
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

const datedColumns = [
  "dated_by",
  "amount",
  "estimate",
  "numerator",
  "denominator",
  "estimated",
  "currency",
] as const satisfies readonly (keyof SaveMarketEvent)[];
const eventColumns = [...datedColumns, "recorded_at"];

/** An event keeps the instant at which it first became known. */
export const saveMarketEvent: Kind<SaveMarketEvent> = {
  kind: "save_market_event",
  key: ({ source, symbol, event_kind, date }) => `${source}/${symbol}/${event_kind}/${date}`,
  sql: `INSERT INTO market_events (source, symbol, kind, date, ${eventColumns.join(", ")})
    SELECT ${fields(["source", "symbol", "event_kind", "date", ...eventColumns])}
    FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET ${replaced(datedColumns)}
    RETURNING source || '/' || symbol || '/' || kind || '/' || date AS key`,
};

export const forgetEstimates: Kind<ForgetEstimates> = {
  kind: "forget_estimates",
  key: ({ source, symbol }) => `${source}/${symbol}`,
  sql: `DELETE FROM market_events WHERE estimated = 1 AND (source, symbol) IN
      (SELECT ${fields(["source", "symbol"])} FROM json_each(?1))
    RETURNING source || '/' || symbol AS key`,
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
