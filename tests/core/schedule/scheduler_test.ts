/** Firings: once each, late ones by their policy, across restarts, rivals and odd clocks. */

import assert from "node:assert/strict";
import { AppError } from "../../../core/errors.ts";
import { newExecutionId } from "../../../core/ids.ts";
import type { CreateExecution } from "../../../core/store/operations/executions.ts";
import { openDatabase } from "../../../core/store/sqlite/database.ts";
import { storeOver, storeWith } from "../../support/store_over.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { prepareIn, scheduled, tryScheduler } from "./scheduler_trial.ts";

const minuteMs = 60_000;
const start = "2026-03-02T10:00:30Z";

/** `w@1772445660000` with its instant as text. */
function dueText(begun: string): string {
  const [schedule, dueAtMs] = begun.split("@");
  return `${schedule}@${new Date(Number(dueAtMs)).toISOString()}`;
}

/** Makes its transaction fail: an execution whose text is not stored. */
const failing: CreateExecution = {
  kind: "create_execution",
  executionId: newExecutionId(),
  workflowName: "w",
  definitionId: "not stored",
  inputParams: "{}",
  atMs: 0,
};

Deno.test("a scheduler fires each due instant on time and once", async () => {
  await using temp = await openTempStore();
  const trial = tryScheduler(temp.store, start);
  trial.workflows = [scheduled("w", { every: "1m", overlap: "queue" })];
  const scheduler = await trial.scheduler();
  assert.equal(scheduler.nextAtMs, Date.parse("2026-03-02T10:01Z"));
  await scheduler.advance();
  assert.deepEqual(await trial.firings(), []);
  for (let minute = 0; minute < 3; minute++) {
    trial.nowMs += minuteMs;
    await scheduler.advance();
    await scheduler.advance();
    await trial.endAll();
  }
  assert.deepEqual(await trial.firings(), [
    "w 03-02T10:01 fired",
    "w 03-02T10:02 fired",
    "w 03-02T10:03 fired",
  ]);
  assert.equal(trial.begun.length, 3);
  assert.deepEqual(trial.events, []);
});

Deno.test("after downtime catch_up decides which missed instants are fired", async () => {
  const cases = [
    ["none", ["w 03-02T13:00 skipped missed"]],
    ["latest", ["w 03-02T12:00 skipped missed", "w 03-02T13:00 fired"]],
    ["all", ["w 03-02T11:00 fired", "w 03-02T12:00 fired", "w 03-02T13:00 fired"]],
  ] as const;
  for (const [policy, expected] of cases) {
    await using temp = await openTempStore();
    const trial = tryScheduler(temp.store, start);
    trial.workflows = [
      scheduled("w", { cron: "0 * * * *", catch_up: policy, overlap: "queue" }),
    ];
    await trial.scheduler();
    trial.nowMs = Date.parse("2026-03-02T13:30Z");
    const later = await trial.scheduler();
    for (let turn = 0; turn < 4; turn++) {
      await later.advance();
      await trial.endAll();
    }
    assert.deepEqual(await trial.firings(), expected, policy);
    const topics = trial.events.map(({ topic }) => topic);
    assert.equal(topics.includes("firing.skipped"), policy !== "all", policy);
    assert.equal(topics.includes("firing.late"), policy !== "none", policy);
  }
});

Deno.test("catch_up: all has a limit, and reports what it left out", async () => {
  await using temp = await openTempStore();
  const trial = tryScheduler(temp.store, start);
  trial.workflows = [
    scheduled("w", { every: "1s", catch_up: "all", catch_up_max: 3, overlap: "queue" }),
  ];
  await trial.scheduler();
  trial.nowMs += 365 * 24 * 60 * minuteMs;
  const scheduler = await trial.scheduler();
  await scheduler.advance();
  const firings = await trial.firings();
  assert.equal(firings.length, 4);
  assert.match(firings[0] ?? "", /skipped missed$/);
  const [event] = trial.events;
  assert.deepEqual(event?.topic === "firing.skipped" && [event.reason, event.many], [
    "missed",
    true,
  ]);
});

Deno.test("overlap: skip leaves out instants due while an execution runs", async () => {
  await using temp = await openTempStore();
  const trial = tryScheduler(temp.store, start);
  trial.workflows = [scheduled("w", { every: "1m" })];
  const scheduler = await trial.scheduler();
  for (const ends of [false, true, false]) {
    trial.nowMs += minuteMs;
    await scheduler.advance();
    if (ends) await trial.endAll();
  }
  assert.deepEqual(await trial.firings(), [
    "w 03-02T10:01 fired",
    "w 03-02T10:02 skipped overlap",
    "w 03-02T10:03 fired",
  ]);
  assert.deepEqual(trial.events, [{
    topic: "firing.skipped",
    schedule: "w",
    workflow: "w",
    due_at: "2026-03-02T10:02:00.000Z",
    cause: "rule",
    late_seconds: 30,
    reason: "overlap",
    many: false,
  }]);
});

Deno.test("overlap: queue starts one after the other, also across a restart", async () => {
  await using temp = await openTempStore();
  const trial = tryScheduler(temp.store, start);
  trial.workflows = [scheduled("w", { every: "1m", overlap: "queue" })];
  const first = await trial.scheduler();
  for (let minute = 0; minute < 3; minute++) {
    trial.nowMs += minuteMs;
    await first.advance();
  }
  assert.deepEqual((await trial.firings()).map((firing) => firing.split(" ").at(-1)), [
    "fired",
    "due",
    "due",
  ]);
  const second = await trial.scheduler();
  await trial.endAll();
  await second.advance();
  await second.advance();
  assert.equal(trial.begun.length, 2, "the third waits for the second");
  await trial.endAll();
  await second.advance();
  assert.deepEqual(trial.begun.length, 3);
  assert.ok((await trial.firings()).every((firing) => firing.endsWith("fired")));
});

Deno.test("two schedulers over one store never fire an instant twice", async () => {
  await using temp = await openTempStore();
  const trial = tryScheduler(temp.store, start);
  trial.workflows = Array.from(
    { length: 50 },
    (_, i) => scheduled(`w_${i}`, { every: "30s", overlap: "queue" }),
  );
  // The lock keeps daemons apart on a file; on a server each has a connection of its own.
  const database = await openDatabase(temp.url, () => undefined);
  const store = storeOver(database);
  const rivals = [await trial.scheduler(), await trial.scheduler({ store })];
  for (let turn = 0; turn < 6; turn++) {
    trial.nowMs += minuteMs / 2;
    await Promise.all(rivals.map((rival) => rival.advance()));
    await trial.endAll();
  }
  await Promise.all(rivals.map((rival) => rival.advance()));
  assert.equal(new Set(trial.begun).size, trial.begun.length, "none was begun twice");
  assert.equal(trial.begun.length, 50 * 6);
  assert.deepEqual(await trial.executions(), trial.begun.map(dueText).toSorted());
  await database.close();
});

Deno.test("a firing and its execution are stored together, or neither is", async () => {
  await using temp = await openTempStore();
  const trial = tryScheduler(temp.store, start);
  trial.workflows = [scheduled("w", { every: "1m" })];
  const dying = await trial.scheduler({
    preparing: () => ({ name }, start) => {
      const prepared = prepareIn(trial, name, start);
      return { ...prepared, operations: [...prepared.operations, failing] };
    },
  });
  trial.nowMs += minuteMs;
  await assert.rejects(dying.advance(), { code: "store_unavailable" });
  assert.deepEqual(await trial.firings(), []);
  assert.deepEqual(await trial.executions(), []);
  const next = await trial.scheduler();
  await next.advance();
  assert.deepEqual(await trial.firings(), ["w 03-02T10:01 fired"]);
  assert.deepEqual(await trial.executions(), ["w@2026-03-02T10:01:00.000Z"]);
});

Deno.test("a firing that the store refuses delays no other of its minute", async () => {
  await using temp = await openTempStore();
  const trial = tryScheduler(temp.store, start);
  trial.workflows = ["a", "bad", "c"].map((name) => scheduled(name, { every: "1m" }));
  const scheduler = await trial.scheduler({
    preparing: () => ({ name }, start) => {
      const prepared = prepareIn(trial, name, start);
      if (name !== "bad") return prepared;
      return { ...prepared, operations: [failing, ...prepared.operations] };
    },
  });
  trial.nowMs += minuteMs;
  await assert.rejects(scheduler.advance(), { code: "store_unavailable" });
  assert.deepEqual(await trial.firings(), ["a 03-02T10:01 fired", "c 03-02T10:01 fired"]);
  assert.equal(trial.begun.length, 2);
});

Deno.test("a firing that could not be stored fires once the store works again", async () => {
  await using temp = await openTempStore();
  const trial = tryScheduler(temp.store, start);
  trial.workflows = [scheduled("w", { every: "1m" })];
  let isFull = false;
  const store = storeWith(temp.store, {
    commit: (operations) =>
      isFull
        ? Promise.reject(new AppError("overloaded", "too much waits"))
        : temp.store.commit(operations),
  });
  const scheduler = await trial.scheduler({ store });
  trial.nowMs += minuteMs;
  isFull = true;
  await assert.rejects(scheduler.advance(), { code: "overloaded" });
  isFull = false;
  await scheduler.advance();
  assert.deepEqual(await trial.firings(), ["w 03-02T10:01 fired"]);
});

Deno.test("a firing of an invalid workflow is skipped with the reason", async () => {
  await using temp = await openTempStore();
  const trial = tryScheduler(temp.store, start);
  trial.workflows = [scheduled("w", { every: "1m" })];
  const scheduler = await trial.scheduler({
    preparing: () => () => {
      throw new AppError("invalid_workflow", "no agent x");
    },
  });
  trial.nowMs += minuteMs;
  await scheduler.advance();
  assert.deepEqual(await trial.firings(), [
    "w 03-02T10:01 skipped invalid_workflow: no agent x",
  ]);
  assert.equal(trial.events[0]?.topic, "firing.skipped");
});

Deno.test("instants due while a schedule is paused or disabled are not fired", async () => {
  await using temp = await openTempStore();
  const trial = tryScheduler(temp.store, start);
  const schedule = { every: "1m", catch_up: "all", overlap: "queue" };
  trial.workflows = [scheduled("w", schedule)];
  const first = await trial.scheduler();
  await first.pause("w", true);
  trial.nowMs += 5 * minuteMs;
  await first.advance();
  const second = await trial.scheduler(); // paused across a restart
  await second.advance();
  assert.deepEqual(await trial.firings(), []);
  await second.pause("w", false);
  trial.nowMs += minuteMs;
  await second.advance();
  assert.deepEqual(await trial.firings(), ["w 03-02T10:06 fired"]);

  trial.workflows = [scheduled("w", { ...schedule, enabled: false })];
  await second.sync();
  trial.nowMs += 5 * minuteMs;
  await second.advance();
  trial.workflows = [scheduled("w", schedule)];
  await second.sync();
  await second.advance();
  assert.equal((await trial.firings()).length, 1);
});

Deno.test("a changed rule does not catch up earlier instants", async () => {
  await using temp = await openTempStore();
  const trial = tryScheduler(temp.store, start);
  trial.workflows = [scheduled("w", { every: "1h", catch_up: "all" })];
  await trial.scheduler();
  trial.nowMs += 300 * minuteMs;
  trial.workflows = [scheduled("w", { every: "1m", catch_up: "all" })];
  const scheduler = await trial.scheduler();
  await scheduler.advance();
  assert.deepEqual(await trial.firings(), []);
});

Deno.test("triggers and backfills are fired one after the other, each instant once", async () => {
  await using temp = await openTempStore();
  const trial = tryScheduler(temp.store, start);
  trial.workflows = [scheduled("w", { every: "1h" })];
  const scheduler = await trial.scheduler();
  const due = ["07:00", "08:00", "09:00"].map((time) => Date.parse(`2026-03-02T${time}Z`));
  assert.equal(await scheduler.enter("w", due, "backfill"), 3);
  assert.equal(await scheduler.enter("w", due, "backfill"), 0);
  for (let turn = 0; turn < 3; turn++) {
    await scheduler.advance();
    assert.equal(trial.begun.length, turn + 1);
    await trial.endAll();
  }
  assert.equal(scheduler.nextAtMs, Date.parse("2026-03-02T11:00Z"), "the rule goes on as before");
  assert.throws(() => scheduler.entry("x"), /Cannot find schedule "x"/);
});
