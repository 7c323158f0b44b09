import assert from "node:assert/strict";
import {
  executionStatuses,
  finalStatuses,
  firingCauses,
  firingStatuses,
  isFinal,
  stepStatuses,
} from "../../core/statuses.ts";
import { openTempStore } from "../support/temp_store.ts";

const tables = [
  { table: "workflow_executions", column: "status", words: executionStatuses },
  { table: "workflow_step_executions", column: "status", words: stepStatuses },
  { table: "firings", column: "status", words: firingStatuses },
  { table: "firings", column: "cause", words: firingCauses },
] as const;

for (const { table, column, words } of tables) {
  Deno.test(`${table}.${column} takes the words of the code, and no other`, async () => {
    await using temp = await openTempStore();
    const [row] = await temp.store.database.read(
      "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?",
      [table],
    );
    const check = new RegExp(`CHECK\\s*\\(\\s*${column} IN \\(([^)]*)\\)`).exec(String(row?.sql));
    const taken = [...check?.[1]?.matchAll(/'(\w+)'/g) ?? []].map(([, word]) => word);
    assert.deepEqual(taken.toSorted(), words.toSorted());
  });
}

Deno.test("isFinal() is true only for the statuses an execution ends with", () => {
  assert.deepEqual(executionStatuses.filter(isFinal), [...finalStatuses]);
});
