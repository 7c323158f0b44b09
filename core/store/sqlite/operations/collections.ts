/** SQL of changes to collections. */

import type {
  AddVersions,
  ChangeCollection,
  DropValues,
  DropVersions,
  KeepValues,
  OpenCollection,
  PutValues,
  TurnMisfits,
  VersionTuple,
} from "../../operations/collections.ts";
import { columnsOf, longFrom, replaced } from "../columns.ts";
import type { Kind, Part } from "../kind.ts";

export const openCollection: Kind<OpenCollection> = {
  kind: "open_collection",
  sql: `INSERT INTO collections (agent_id, name, key_parts, schema_hash)
    SELECT value ->> 'agentId', value ->> 'name', value ->> 'keyParts', value ->> 'schemaHash'
    FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING`,
};

export const changeCollection: Kind<ChangeCollection> = {
  kind: "change_collection",
  key: ({ changeId }) => changeId,
  sql: `UPDATE collections SET last_version = value ->> 'toVersion',
      change_id = value ->> 'changeId',
      values_count = values_count + (value ->> 'values'),
      bytes = collections.bytes + (value ->> 'bytes'),
      misfits = collections.misfits + (value ->> 'misfits'),
      complete_from = max(complete_from, coalesce(value ->> 'completeFromMs', 0)),
      schema_hash = coalesce(value ->> 'schemaHash', schema_hash)
    FROM json_each(?1)
    WHERE collection_id = value ->> 'collectionId' AND last_version = value ->> 'fromVersion'
    RETURNING change_id AS key`,
};

/** The changes that have taken effect, joined with their rows. */
const changes = `WITH change AS MATERIALIZED (
    SELECT collection_id, value -> 'rows' AS rows, value -> 'keys' AS keys,
      value ->> 'atMs' AS at
    FROM json_each(?1) JOIN collections ON collection_id = value ->> 'collectionId'
      AND change_id = value ->> 'changeId')`;

/**
 * The values whose keys a change names. The key is compared a second time, alone and in the table's
 * own type; otherwise SQLite scans the whole collection.
 */
const ofChangedKeys = `(collection_id, key) IN
      (SELECT collection_id, CAST(key.value AS TEXT) FROM change, json_each(change.keys) AS key)
    AND key IN (SELECT CAST(key.value AS TEXT) FROM change, json_each(change.keys) AS key)`;

/** The columns of a version tuple, in its order. */
const columns = ["key", "version", "public_at", "first_seen_late", "bytes", "value"];
const tuple = columns
  .map((name, place) =>
    name === "value" ? `coalesce(?2, row.value ->> ${place})` : `row.value ->> ${place}`
  )
  .join(", ");

/** Takes long values out of the rows. */
function longValues<O extends PutValues | AddVersions>(operation: O): readonly Part[] {
  const isLong = ([, , , , , value]: VersionTuple): boolean => (value?.length ?? 0) >= longFrom;
  const short = operation.rows.filter((row) => !isLong(row));
  const long = operation.rows.filter(isLong).map(([...row]): Part => {
    const text = row.pop();
    return { row: { ...operation, rows: [[...row, null]] }, text: String(text) };
  });
  return short.length === 0 ? long : [{ row: { ...operation, rows: short } }, ...long];
}

const kept = ["recorded_at", ...columns];

export const keepValues: Kind<KeepValues> = {
  kind: "keep_collection_values",
  sql: `${changes}
    INSERT INTO collection_history (collection_id, superseded_at, ${kept.join(", ")})
    SELECT change.collection_id, at, ${columnsOf("held", kept)}
    FROM change, json_each(change.keys) AS key CROSS JOIN collection_values AS held
      ON held.collection_id = change.collection_id AND held.key = key.value`,
};

export const dropValues: Kind<DropValues> = {
  kind: "drop_collection_values",
  sql: `${changes}
    DELETE FROM collection_values WHERE ${ofChangedKeys}`,
};

export const putValues: Kind<PutValues> = {
  kind: "put_collection_values",
  parts: longValues,
  sql: `${changes}
    INSERT INTO collection_values (collection_id, ${kept.join(", ")})
    SELECT collection_id, at, ${tuple} FROM change, json_each(change.rows) AS row WHERE true
    ON CONFLICT DO UPDATE SET misfit = 0, ${replaced(kept.filter((name) => name !== "key"))}`,
};

export const addVersions: Kind<AddVersions> = {
  kind: "add_collection_versions",
  parts: longValues,
  sql: `${changes}
    INSERT INTO collection_history (collection_id, superseded_at, ${kept.join(", ")})
    SELECT collection_id, at, at, ${tuple} FROM change, json_each(change.rows) AS row`,
};

export const dropVersions: Kind<DropVersions> = {
  kind: "drop_collection_versions",
  sql: `${changes}
    DELETE FROM collection_history WHERE (collection_id, key, public_at, version) IN
      (SELECT collection_id, CAST(row.value ->> 0 AS TEXT), CAST(row.value ->> 1 AS INTEGER),
         CAST(row.value ->> 2 AS INTEGER) FROM change, json_each(change.rows) AS row)
      AND key IN (SELECT CAST(row.value ->> 0 AS TEXT) FROM change, json_each(change.rows) AS row)`,
};

export const turnMisfits: Kind<TurnMisfits> = {
  kind: "turn_collection_misfits",
  sql: `${changes}
    UPDATE collection_values SET misfit = 1 - misfit
    WHERE ${ofChangedKeys}`,
};
