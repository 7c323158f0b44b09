/** What a workflow's executions add up to, against the figures of the origin's example. */

import assert from "node:assert/strict";
import { statistics } from "../../../core/store/statistics.ts";
import type { Store } from "../../../core/store/store.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { claim, createdIn, finish, startMs } from "./execution_writes.ts";

/** An execution that began `atMs` and took `tookMs`. */
async function ended(
  store: Store,
  status: "completed" | "failed" | "cancelled",
  { atMs = startMs, tookMs = 1_000, name = "a" } = {},
): Promise<void> {
  const id = await createdIn(store, { name, at: atMs });
  await store.commits.commit([claim(id, "me", atMs)]);
  await store.commits.commit([finish(id, "me", status, { at: atMs + tookMs })]);
}

Deno.test("statistics() of 42 executions are those of the origin's example", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  for (let made = 0; made < 42; made++) {
    await ended(store, made < 2 ? "failed" : "completed", {
      atMs: startMs - made * 60_000,
      tookMs: made % 2 === 0 ? 12_000 : 13_000,
    });
  }
  const found = await statistics(store.database, "a");
  assert.deepEqual({ ...found, successRate: found.successRate?.toFixed(1) }, {
    totalExecutions: 42,
    successful: 40,
    failed: 2,
    successRate: "95.2",
    avgDurationMs: 12_500,
    lastExecutionAtMs: Date.parse("2026-01-16T10:30:00Z"),
  });
});

Deno.test("what has not ended, or was cancelled, counts in the total alone", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  await ended(store, "completed", { tookMs: 2_000 });
  await ended(store, "cancelled", { tookMs: 90_000 });
  await createdIn(store, { at: startMs + 1 });
  await store.commits.commit([claim(await createdIn(store, { at: startMs + 2 }), "me")]);
  assert.deepEqual(await statistics(store.database, "a"), {
    totalExecutions: 4,
    successful: 1,
    failed: 0,
    successRate: 100,
    avgDurationMs: 2_000,
    lastExecutionAtMs: startMs + 2,
  });
});

Deno.test("one workflow's statistics know nothing of another's", async () => {
  await using temp = await openTempStore();
  await ended(temp.store, "failed", { name: "b" });
  assert.deepEqual(await statistics(temp.store.database, "a"), {
    totalExecutions: 0,
    successful: 0,
    failed: 0,
    successRate: null,
    avgDurationMs: null,
    lastExecutionAtMs: null,
  });
  assert.equal((await statistics(temp.store.database, "b")).successRate, 0);
});
