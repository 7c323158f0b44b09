/** The verbs of executions: who may advance one, what is kept of it, what is read back. */

import assert from "node:assert/strict";
import type { ExecutionId } from "../../../core/ids.ts";
import type { Database } from "../../../core/store/sqlite/database.ts";
import { releaseAllLeases } from "../../../core/store/sqlite/operations/executions.ts";
import { storeOver } from "../../support/store_over.ts";
import { openTempStore } from "../../support/temp_store.ts";
import {
  begin,
  claim,
  complete,
  createdIn,
  finish,
  leaseMs,
  renew,
  startMs,
} from "./execution_operations.ts";

Deno.test("an execution is kept with all that is told of it", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  const id = await createdIn(store);
  const created = {
    executionId: id,
    workflowName: "a",
    definitionId: "d-a",
    status: "pending",
    wanted: null,
    inputParams: "{}",
    result: null,
    error: null,
    createdAtMs: startMs,
    startedAtMs: null,
    completedAtMs: null,
    rerunOf: null,
    asOfMs: null,
  };
  assert.deepEqual(await store.read({ read: "execution", id }), created);
  await store.commit([claim(id, "me", startMs + 1), begin(id, "me", { at: startMs + 2 })]);
  const error = { code: "agent_error" as const, message: 'it said "no"' };
  const step = {
    executionId: id,
    name: "step_0",
    index: 0,
    item: -1,
    attempt: 1,
    status: "running",
    startedAtMs: startMs + 2,
    completedAtMs: null,
    result: null,
    error: null,
    isSuperseded: false,
  };
  assert.deepEqual(await store.read({ read: "steps", id }), [step]);
  await store.commit([
    complete(id, "me", { at: startMs + 3, result: '["é", 1.5]' }),
    finish(id, "me", "failed", { at: startMs + 4, error }),
  ]);
  assert.deepEqual(await store.read({ read: "execution", id }), {
    ...created,
    status: "failed",
    startedAtMs: startMs + 1,
    completedAtMs: startMs + 4,
    error,
  });
  assert.deepEqual(await store.read({ read: "steps", id }), [
    { ...step, status: "completed", completedAtMs: startMs + 3, result: '["é", 1.5]' },
  ]);
  assert.equal(await store.read({ read: "definition_text", definitionId: "d-a" }), "name: a");
});

Deno.test("what is not there is undefined", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  assert.equal(await store.read({ read: "execution", id: "no such" as ExecutionId }), undefined);
  assert.deepEqual(await store.read({ read: "steps", id: "no such" as ExecutionId }), []);
  assert.equal(await store.read({ read: "definition_text", definitionId: "no such" }), undefined);
});

Deno.test("a text that is used again is kept once", async () => {
  await using temp = await openTempStore();
  await createdIn(temp.store);
  await createdIn(temp.store, { at: startMs + 1 });
  const rows = await temp.store.database.read("SELECT * FROM workflow_definitions");
  assert.deepEqual(rows.map(({ created_at }) => created_at), [startMs]);
});

Deno.test("only the owner of the lease changes anything", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  const id = await createdIn(temp.store);
  assert.deepEqual(await store.commit([begin(id, "me")]), [false], "nobody has claimed it");
  assert.deepEqual(await store.commit([claim(id, "me"), begin(id, "me")]), [true, true]);
  const before = [
    await store.read({ read: "execution", id }),
    await store.read({ read: "steps", id }),
  ];
  assert.deepEqual(
    await store.commit([
      claim(id, "you", startMs + leaseMs - 1),
      complete(id, "you"),
      begin(id, "you", { index: 1 }),
      finish(id, "you", "completed"),
      renew(id, "you", startMs + 10 * leaseMs),
    ]),
    [false, false, false, false, false],
  );
  assert.deepEqual([
    await store.read({ read: "execution", id }),
    await store.read({ read: "steps", id }),
  ], before);
});

Deno.test("a claim that comes too late takes its first step with it", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  const id = await createdIn(temp.store);
  assert.deepEqual(await store.commit([claim(id, "me"), begin(id, "me")]), [true, true]);
  const late = [claim(id, "you"), begin(id, "you", { attempt: 2 })];
  assert.deepEqual(await store.commit(late), [false, false]);
  assert.deepEqual((await store.read({ read: "steps", id })).map(({ attempt }) => attempt), [1]);
});

Deno.test("a lease that ran out can be claimed; from then on the first owner changes nothing", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  const id = await createdIn(temp.store);
  await store.commit([claim(id, "me"), begin(id, "me")]);
  const lateMs = startMs + leaseMs;
  assert.deepEqual(await store.read({ read: "claimable", nowMs: lateMs - 1, limit: 10 }), []);
  assert.deepEqual(
    (await store.read({ read: "claimable", nowMs: lateMs, limit: 10 })).map(({ status }) => status),
    [
      "running",
    ],
  );
  assert.deepEqual(await store.commit([claim(id, "you", lateMs)]), [true]);
  assert.deepEqual(await store.commit([complete(id, "me")]), [false]);
  assert.deepEqual(await store.commit([renew(id, "me", lateMs + leaseMs)]), [false]);
  assert.deepEqual(await store.read({ read: "lost_leases", ids: [id], owner: "me" }), [id]);
  assert.deepEqual(await store.read({ read: "lost_leases", ids: [id], owner: "you" }), []);
  assert.equal(
    (await store.read({ read: "execution", id }))?.startedAtMs,
    startMs,
    "it started once",
  );
});

Deno.test("a renewed lease is kept for as long as it was renewed", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  const id = await createdIn(temp.store);
  await store.commit([claim(id, "me")]);
  await store.commit([renew(id, "me", startMs + 2 * leaseMs)]);
  assert.deepEqual(
    await store.read({ read: "claimable", nowMs: startMs + leaseMs, limit: 10 }),
    [],
  );
  assert.equal(
    (await store.read({ read: "claimable", nowMs: startMs + 2 * leaseMs, limit: 10 })).length,
    1,
  );
});

Deno.test("released leases can be claimed at once, and nothing else is touched", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  const [running, ended] = [await createdIn(temp.store), await createdIn(temp.store)];
  const pending = await createdIn(temp.store);
  await store.commit([claim(running, "dead"), claim(ended, "dead")]);
  await store.commit([finish(ended, "dead", "completed")]);
  assert.deepEqual(await store.commit([{ kind: "release_all_leases" }]), [true]);
  const found = await store.read({ read: "claimable", nowMs: startMs, limit: 10 });
  assert.deepEqual(found.map(({ executionId, status }) => [executionId, status]), [
    [running, "running"],
    [pending, "pending"],
  ]);
  assert.deepEqual(await store.commit([claim(running, "me")]), [true]);
  assert.equal((await store.read({ read: "execution", id: ended }))?.status, "completed");
});

Deno.test("a pending execution ends without a lease, a running or an ended one does not", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  const [pending, running] = [await createdIn(temp.store), await createdIn(temp.store)];
  await store.commit([claim(running, "me")]);
  assert.deepEqual(await store.commit([finish(pending, "", "cancelled")]), [true]);
  assert.deepEqual(await store.commit([finish(running, "", "cancelled")]), [false]);
  assert.deepEqual(await store.commit([finish(pending, "", "failed")]), [false]);
  assert.deepEqual(await store.commit([claim(pending, "me")]), [false]);
  assert.equal((await store.read({ read: "execution", id: pending }))?.status, "cancelled");
});

Deno.test("a completed step is not completed twice, nor an attempt begun twice", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  const id = await createdIn(temp.store);
  await store.commit([claim(id, "me"), begin(id, "me")]);
  await store.commit([complete(id, "me", { result: '"first"' })]);
  assert.deepEqual(await store.commit([complete(id, "me", { result: '"second"' })]), [false]);
  assert.deepEqual(await store.commit([begin(id, "me")]), [false]);
  assert.deepEqual((await store.read({ read: "steps", id })).map(({ result }) => result), [
    '"first"',
  ]);
});

Deno.test("what waits is found oldest first, after what was left running, up to the limit", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  const ids: ExecutionId[] = [];
  for (let made = 0; made < 5; made++) ids.push(await createdIn(temp.store));
  const [, , third = "" as ExecutionId] = ids;
  await store.commit([claim(third, "gone")]);
  const lateMs = startMs + leaseMs;
  const found = async (limit: number): Promise<number[]> =>
    (await store.read({ read: "claimable", nowMs: lateMs, limit })).map(({ executionId }) =>
      ids.indexOf(executionId)
    );
  assert.deepEqual(await found(10), [2, 0, 1, 3, 4]);
  assert.deepEqual(await found(3), [2, 0, 1]);
  assert.equal(await store.read({ read: "pending_count" }), 4);
});

Deno.test("looking for work and reading history never walks through what has ended", async () => {
  await using temp = await openTempStore();
  const queries: string[] = [];
  const database: Database = {
    ...temp.store.database,
    read: (sql, args) => {
      queries.push(sql);
      return temp.store.database.read(sql, args);
    },
  };
  const store = storeOver(database);
  const id = await createdIn(store);
  await store.read({ read: "claimable", nowMs: startMs, limit: 5 });
  await store.read({ read: "pending_count" });
  await store.read({ read: "executions", workflowName: "a", limit: 5 });
  await store.read({ read: "executions", workflowName: "a", before: id, limit: 5 });
  await store.read({ read: "executions", limit: 5 });
  await store.read({ read: "steps", id });
  await store.read({ read: "lost_leases", ids: [id], owner: "me" });
  for (const sql of [...queries, releaseAllLeases.sql]) {
    const args = (sql.match(/\?\d?/g) ?? []).map(() => 1);
    const count = sql.includes("?1") ? new Set(sql.match(/\?\d/g)).size : args.length;
    const plan = await temp.store.database.read(`EXPLAIN QUERY PLAN ${sql}`, args.slice(0, count));
    const scans = plan.map(({ detail }) => String(detail))
      .filter((detail) => /^SCAN workflow_(step_)?executions$/.test(detail));
    // All of history, newest first, is the one walk: along the key, as far as its limit.
    const allowed = /ORDER BY execution_id DESC/.test(sql) && !/workflow_name = /.test(sql) ? 1 : 0;
    assert.ok(scans.length <= allowed, `${sql}\n${scans.join("\n")}`);
  }
  assert.equal(queries.length, 7);
});
