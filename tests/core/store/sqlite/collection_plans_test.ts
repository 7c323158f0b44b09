/** Queries on collections use indexes: none scans a collection, however large. */

import assert from "node:assert/strict";
import type { KnownBy } from "../../../../core/store/reads/collections.ts";
import * as operations from "../../../../core/store/sqlite/operations/collections.ts";
import { collectionReads } from "../../../../core/store/sqlite/reads/collections.ts";
import type { Reading, ReadSql } from "../../../../core/store/sqlite/reading.ts";
import { openTempStore } from "../../../support/temp_store.ts";

Deno.test("values of collections are found by key or by age, through indexes", async () => {
  await using temp = await openTempStore();
  const { database } = temp.store;
  const queries = Object.values(operations).map(({ sql }) => sql);
  const read: ReadSql = async (sql, args = []) => {
    queries.push(sql);
    return await database.read(sql, [...args]);
  };
  await readAll({ quick: read, long: read });
  assert.equal(queries.length, Object.keys(operations).length + 8);
  for (const sql of queries) {
    const count = new Set(sql.match(/\?\d/g)).size;
    const args = ["[]", "[]", 1, 1, 1, 1, 1].slice(0, count);
    const plan = await database.read(`EXPLAIN QUERY PLAN ${sql}`, args);
    const details = plan.map(({ detail }) => String(detail));
    assert.ok(details.length > 0);
    const walks = details.filter((detail) => walksThrough(detail, sql));
    assert.deepEqual(walks, [], `${sql}\n${details.join("\n")}`);
  }
});

async function readAll(reading: Reading): Promise<void> {
  const collectionId = 1;
  const intended = [["k", 1, "{}"]] as const;
  await collectionReads.collection_states(reading, { collectionId, history: true, intended });
  const page = { collectionId, fromKey: "a", beforeKey: "b", limit: 5, bytesMax: 5 };
  const known: readonly KnownBy[] = [{}, { asOfMs: 1, recordedByMs: 1 }];
  for (const by of known) {
    await collectionReads.collection_entry(reading, { collectionId, key: "k", ...by });
    await collectionReads.collection_page(reading, { ...page, descending: false, ...by });
  }
  await collectionReads.old_collection_versions(reading, { collectionId, beforeMs: 1, limit: 5 });
}

/** Whether a plan scans a table, or a whole collection. */
function walksThrough(detail: string, sql: string): boolean {
  // A foreign key check of the new row is an index lookup.
  if (sql.includes("INSERT INTO collections ")) return false;
  return /^SCAN collection/.test(detail) || /\(collection_id=\?\)$/.test(detail);
}
