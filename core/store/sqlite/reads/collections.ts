/** SQL for reads of collections: their rows, and the state that a write depends on. */

import type {
  CollectionHead,
  CollectionReads,
  CollectionState,
  IntendedTuple,
} from "../../reads/collections.ts";
import type { ReadRow, ReadSql } from "../reading.ts";
import type { SqlReads } from "../sql_reads.ts";
import { readEntry, readPage } from "./collection_entries.ts";

/** Up to this many keys are read on the daemon's thread, faster than on another. */
const quickMax = 20;

export const collectionReads: SqlReads<keyof CollectionReads> = {
  collections: async ({ quick }) => {
    const rows = await quick("SELECT * FROM collections ORDER BY agent_id, name, collection_id");
    return rows.map((row) => ({
      collectionId: Number(row.collection_id),
      agentId: String(row.agent_id),
      name: String(row.name),
      keyParts: String(row.key_parts),
      lastVersion: Number(row.last_version),
      values: Number(row.values_count),
      bytes: Number(row.bytes),
      misfits: Number(row.misfits),
      schemaHash: String(row.schema_hash),
      completeFromMs: Number(row.complete_from),
    }));
  },
  collection_states: async ({ quick, long }, { collectionId, history, intended }) => {
    const read = intended.length <= quickMax ? quick : long;
    const states = await statesOfNow(read, collectionId, intended);
    if (!history) return states;
    const behind = intended.flatMap((one, place) => isBehind(states[place], one) ? [place] : []);
    if (behind.length === 0) return states;
    const wanted = behind.map((place) => intended[place]).filter((one) => one !== undefined);
    const earlier = await statesOfHistory(read, collectionId, wanted);
    return states.map((state, place) => {
      const { head, shown } = earlier[behind.indexOf(place)] ?? state;
      return { head: state.head ?? head, shown };
    });
  },
  collection_entry: ({ quick }, ask) => readEntry(quick, ask),
  collection_page: ({ long }, ask) => readPage(long, ask),
  old_collection_versions: async ({ long }, { collectionId, beforeMs, limit }) => {
    const values = await long(
      `SELECT key, bytes, misfit FROM collection_values
       WHERE collection_id = ?1 AND recorded_at < ?2 ORDER BY recorded_at LIMIT ?3`,
      [collectionId, beforeMs, limit],
    );
    const versions = await long(
      `SELECT key, public_at, version, bytes FROM collection_history
       WHERE collection_id = ?1 AND superseded_at < ?2 ORDER BY superseded_at LIMIT ?3`,
      [collectionId, beforeMs, limit],
    );
    return {
      values: values.map(({ key, bytes, misfit }) => ({
        key: String(key),
        bytes: Number(bytes),
        isMisfit: misfit === 1,
      })),
      versions: versions.map(({ key, public_at, version, bytes }) => ({
        key: String(key),
        publicAtMs: Number(public_at),
        version: Number(version),
        bytes: Number(bytes),
      })),
    };
  },
};

/**
 * CROSS JOIN fixes the join order; otherwise SQLite scans the collection for each intended value.
 */
async function statesOfNow(
  read: ReadSql,
  collectionId: number,
  intended: readonly IntendedTuple[],
): Promise<readonly CollectionState[]> {
  const rows = await read(
    `SELECT entry.key AS place, version, public_at, bytes, misfit, 0 AS deleted,
       held.value = (entry.value ->> 2) AS same
     FROM json_each(?2) AS entry CROSS JOIN collection_values AS held
       ON held.collection_id = ?1 AND held.key = entry.value ->> 0`,
    [collectionId, JSON.stringify(intended)],
  );
  const byPlace = new Map(rows.map((row) => [Number(row.place), row]));
  return intended.map(([, publicAtMs], place) => {
    const row = byPlace.get(place);
    if (!row) return { head: undefined, shown: undefined };
    const head = toHead(row);
    const isShown = publicAtMs === null || publicAtMs >= head.publicAtMs;
    return { head, shown: isShown ? toShown(row) : undefined };
  });
}

/** Whether only the history can answer what a read as of the intended instant returns. */
function isBehind(state: CollectionState | undefined, [, publicAtMs]: IntendedTuple): boolean {
  const head = state?.head;
  return head === undefined || (publicAtMs !== null && publicAtMs < head.publicAtMs);
}

async function statesOfHistory(
  read: ReadSql,
  collectionId: number,
  intended: readonly IntendedTuple[],
): Promise<readonly CollectionState[]> {
  const newest = (condition: string): string =>
    `(SELECT public_at, version FROM collection_history AS newest
      WHERE newest.collection_id = ?1 AND newest.key = entry.value ->> 0 ${condition}
      ORDER BY public_at DESC, version DESC LIMIT 1)`;
  const join = (name: string, condition: string): string =>
    `LEFT JOIN collection_history AS ${name} ON ${name}.collection_id = ?1
       AND ${name}.key = entry.value ->> 0
       AND (${name}.public_at, ${name}.version) = ${newest(condition)}`;
  const sql = `SELECT entry.key AS place, head.version, head.public_at, head.bytes, 0 AS misfit,
       head.value IS NULL AS deleted, shown.version AS shown_version,
       shown.public_at AS shown_public_at, shown.value IS (entry.value ->> 2) AS same
     FROM json_each(?2) AS entry ${join("head", "")}
     ${join("shown", "AND public_at <= coalesce(entry.value ->> 1, 9e15)")}
     WHERE EXISTS (SELECT 1 FROM collection_history AS any
       WHERE any.collection_id = ?1 AND any.key = entry.value ->> 0)`;
  const rows = await read(sql, [collectionId, JSON.stringify(intended)]);
  const byPlace = new Map(rows.map((row) => [Number(row.place), row]));
  return intended.map((_, place) => {
    const row = byPlace.get(place);
    if (!row) return { head: undefined, shown: undefined };
    const { shown_version: version, shown_public_at: public_at, same } = row;
    return {
      head: toHead(row),
      shown: version === null ? undefined : toShown({ version, public_at, same }),
    };
  });
}

function toHead({ version, public_at, bytes, misfit, deleted }: ReadRow): CollectionHead {
  return {
    version: Number(version),
    publicAtMs: Number(public_at),
    bytes: Number(bytes),
    isMisfit: misfit === 1,
    isDeleted: deleted === 1,
  };
}

function toShown({ version, public_at, same }: ReadRow): CollectionState["shown"] {
  return { version: Number(version), publicAtMs: Number(public_at), isSame: same === 1 };
}
