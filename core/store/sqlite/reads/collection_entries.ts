/** SQL for reading values of collections: one by its key, or a page in key order. */

import type { CollectionEntry, CollectionPage, KnownBy, PageAsk } from "../../reads/collections.ts";
import type { ReadRow, ReadSql } from "../reading.ts";

/** Later than every instant. */
const neverMs = 9e15;

function isOfNow({ asOfMs, recordedByMs }: KnownBy): boolean {
  return asOfMs === undefined && recordedByMs === undefined;
}

const columns = "key, version, public_at, recorded_at, first_seen_late, value";

export async function readEntry(
  read: ReadSql,
  ask: KnownBy & { readonly collectionId: number; readonly key: string },
): Promise<CollectionEntry | undefined> {
  const { collectionId, key, asOfMs = neverMs, recordedByMs = neverMs } = ask;
  const now = `FROM collection_values WHERE collection_id = ?1 AND key = ?2`;
  const rows = isOfNow(ask)
    ? await read(`SELECT ${columns}, misfit ${now}`, [collectionId, key])
    : await read(
      `SELECT ${columns}, misfit ${now} AND public_at <= ?3 AND recorded_at <= ?4
       UNION ALL SELECT ${columns}, 0 FROM collection_history
       WHERE collection_id = ?1 AND key = ?2 AND public_at <= ?3 AND recorded_at <= ?4
       ORDER BY public_at DESC, version DESC LIMIT 1`,
      [collectionId, key, asOfMs, recordedByMs],
    );
  const [row] = rows;
  return row === undefined || row.value === null ? undefined : toEntry(row);
}

/**
 * Chooses the keys first, then reads only the values within the bound, because they may be large.
 */
export async function readPage(read: ReadSql, ask: PageAsk): Promise<CollectionPage> {
  const { collectionId, fromKey, beforeKey, limit, bytesMax } = ask;
  const { asOfMs = neverMs, recordedByMs = neverMs } = ask;
  // One row more than the limit shows whether more exist.
  const args = [collectionId, fromKey, beforeKey, limit + 1, bytesMax];
  const rows = isOfNow(ask)
    ? await read(pageOfNow(ask), args)
    : await read(pageOfThen(ask), [...args, asOfMs, recordedByMs]);
  const used = rows.slice(0, limit);
  const isLast = used.length === Number(rows[0]?.matched ?? 0);
  return {
    entries: used.filter(({ value }) => value !== null).map(toEntry),
    lastKey: isLast ? undefined : String(used.at(-1)?.key),
  };
}

const inRange = "collection_id = ?1 AND key >= ?2 AND key < ?3";

function orderOf({ descending }: PageAsk): string {
  return descending ? "ORDER BY key DESC" : "ORDER BY key";
}

function pageOfNow(ask: PageAsk): string {
  const order = orderOf(ask);
  return `WITH page AS MATERIALIZED (
      SELECT key, bytes FROM collection_values WHERE ${inRange} ${order} LIMIT ?4),
    bounded AS MATERIALIZED (
      SELECT key, sum(bytes) OVER (${order} ROWS UNBOUNDED PRECEDING) - bytes AS bytes_before
      FROM page)
    SELECT (SELECT count(*) FROM page) AS matched, held.key, version, public_at, recorded_at,
      first_seen_late, misfit, value
    FROM bounded CROSS JOIN collection_values AS held
      ON held.collection_id = ?1 AND held.key = bounded.key
    WHERE bytes_before < ?5 ${order.replace("key", "bounded.key")}`;
}

function pageOfThen(ask: PageAsk): string {
  const order = orderOf(ask);
  const known = "public_at <= ?6 AND recorded_at <= ?7";
  const ofPage = (table: string): string =>
    `SELECT page.key, version, public_at, bytes FROM page CROSS JOIN ${table} AS held
       ON held.collection_id = ?1 AND held.key = page.key WHERE ${known}`;
  return `WITH page AS MATERIALIZED (
      SELECT key FROM collection_values WHERE ${inRange} AND ${known}
      UNION SELECT key FROM collection_history WHERE ${inRange} AND ${known} ${order} LIMIT ?4),
    ranked AS (
      SELECT *, row_number() OVER (PARTITION BY key ORDER BY public_at DESC, version DESC) AS place
      FROM (${ofPage("collection_values")} UNION ALL ${ofPage("collection_history")})),
    bounded AS MATERIALIZED (
      SELECT key, version, public_at,
        sum(bytes) OVER (${order} ROWS UNBOUNDED PRECEDING) - bytes AS bytes_before
      FROM ranked WHERE place = 1)
    SELECT (SELECT count(*) FROM page) AS matched, bounded.key, bounded.version, bounded.public_at,
      coalesce(now.recorded_at, past.recorded_at) AS recorded_at,
      coalesce(now.first_seen_late, past.first_seen_late) AS first_seen_late,
      coalesce(now.misfit, 0) AS misfit, coalesce(now.value, past.value) AS value
    FROM bounded
      LEFT JOIN collection_values AS now ON now.collection_id = ?1 AND now.key = bounded.key
        AND now.version = bounded.version
      LEFT JOIN collection_history AS past ON past.collection_id = ?1 AND past.key = bounded.key
        AND past.public_at = bounded.public_at AND past.version = bounded.version
    WHERE bytes_before < ?5 ${order.replace("key", "bounded.key")}`;
}

function toEntry(row: ReadRow): CollectionEntry {
  return {
    key: String(row.key),
    version: Number(row.version),
    publicAtMs: Number(row.public_at),
    recordedAtMs: Number(row.recorded_at),
    firstSeenLate: row.first_seen_late === 1,
    isMisfit: row.misfit === 1,
    value: String(row.value),
  };
}
