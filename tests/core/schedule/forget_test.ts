/** The history of firings is bounded, and forgetting it fires nothing again. */

import assert from "node:assert/strict";
import { openTempStore } from "../../support/temp_store.ts";
import { scheduled, tryScheduler } from "./scheduler_trial.ts";

const minuteMs = 60_000;
const start = "2026-03-02T10:00:30Z";

Deno.test("forget() keeps waiting firings and the latest firing of each rule", async () => {
  await using temp = await openTempStore();
  const trial = tryScheduler(temp.store, start);
  trial.workflows = [
    scheduled("often", { every: "1m" }),
    scheduled("held", { every: "1m", overlap: "queue" }),
    scheduled("seldom", { every: "2m", catch_up: "all" }),
  ];
  const scheduler = await trial.scheduler();
  for (let minute = 0; minute < 5; minute++) {
    trial.nowMs += minuteMs;
    await scheduler.advance(); // no execution ends: "held" waits, the others are skipped
  }
  const waiting = (await trial.firings()).filter((firing) => firing.endsWith(" due"));
  assert.equal(waiting.length, 4);
  assert.equal(await scheduler.forget(Date.parse("2026-03-02T10:02Z")), 2);
  assert.equal(await scheduler.forget(trial.nowMs + minuteMs), 4);
  assert.deepEqual(await trial.firings(), [
    ...waiting,
    "often 03-02T10:05 skipped overlap",
    "seldom 03-02T10:04 skipped overlap",
  ]);
});

Deno.test("a forgotten instant is not due again, whatever catch_up says", async () => {
  await using temp = await openTempStore();
  const trial = tryScheduler(temp.store, start);
  trial.workflows = [scheduled("w", { every: "1h", catch_up: "all", overlap: "queue" })];
  const first = await trial.scheduler();
  trial.nowMs += 5 * 60 * minuteMs;
  for (let turn = 0; turn < 5; turn++) {
    await first.advance();
    await trial.endAll();
  }
  const before = trial.begun.length;
  assert.equal(before, 5);
  await first.forget(trial.nowMs + minuteMs);
  const second = await trial.scheduler();
  await second.advance();
  assert.equal(trial.begun.length, before);
  trial.nowMs += 60 * minuteMs;
  await second.advance();
  assert.equal(trial.begun.length, before + 1, "the next one comes as ever");
});

Deno.test("a backfill of forgotten instants starts only those without an execution", async () => {
  await using temp = await openTempStore();
  const trial = tryScheduler(temp.store, start);
  trial.workflows = [scheduled("w", { every: "1h" })];
  const scheduler = await trial.scheduler();
  for (let hour = 0; hour < 2; hour++) {
    trial.nowMs += 60 * minuteMs;
    await scheduler.advance();
    await trial.endAll();
  }
  const before = await trial.firings();
  assert.equal(await scheduler.forget(trial.nowMs), 1);
  assert.equal(await scheduler.enter("w", [Date.parse("2026-03-02T11:00Z")], "backfill"), 1);
  await scheduler.advance();
  assert.equal(trial.begun.length, 2, "its execution has not been forgotten");
  assert.deepEqual(await trial.firings(), before);
  assert.equal(scheduler.mayStartWaiting, false);
});

Deno.test("forget() deletes in several transactions until nothing old is left", async () => {
  await using temp = await openTempStore();
  const scheduler = await tryScheduler(temp.store, start).scheduler();
  const count = 5_000;
  await temp.store.database.write([{
    sql: `INSERT INTO schedules (schedule_id, workflow_name, rule, created_at, updated_at)
      VALUES ('w', 'w', '', 0, 0)`,
    args: [],
  }, {
    sql: `INSERT INTO firings (schedule_id, due_at, cause, status)
      SELECT 'w', value, 'rule', 'fired' FROM json_each(?)`,
    args: [JSON.stringify(Array.from({ length: count }, (_, due) => due))],
  }]);
  assert.equal(await scheduler.forget(count), count - 1);
  assert.equal(await scheduler.forget(count), 0);
});
