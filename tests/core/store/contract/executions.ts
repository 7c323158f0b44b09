/** Executions and attempts: what is stored, how they end, and how they are deleted. */

import assert from "node:assert/strict";
import { type ExecutionId, newExecutionId } from "../../../../core/ids.ts";
import { begin, claim, complete, createdIn, finish, startMs } from "../execution_operations.ts";
import type { Contract } from "./contract.ts";

const nobody = "no such" as ExecutionId;

export const executionContract: Contract = {
  "an execution is stored with all its fields": async ({ store }) => {
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
  },

  "an execution is stored with the values that it was started with": async ({ store }) => {
    const rerunOf = await createdIn(store);
    const executionId = newExecutionId();
    const own = { executionId, workflowName: "a", definitionId: "d-a", atMs: startMs };
    const origin = { rerunOf, asOfMs: startMs - 5, idempotencyKey: "k" };
    const limit = { concurrencyKey: "a/1", concurrencyMax: 2, priority: 3 };
    await store.commit([
      { kind: "create_execution", ...own, inputParams: '{"n":1}', ...origin, ...limit },
    ]);
    const row = await store.read({ read: "execution", id: executionId });
    assert.deepEqual([row?.rerunOf, row?.asOfMs], [rerunOf, startMs - 5]);
    const [first] = await store.read({ read: "claimable", nowMs: startMs, limit: 1 });
    assert.deepEqual(first, {
      executionId,
      workflowName: "a",
      definitionId: "d-a",
      status: "pending",
      inputParams: '{"n":1}',
      createdAtMs: startMs,
      asOfMs: startMs - 5,
      concurrencyKey: "a/1",
      scheduleId: null,
      dueAtMs: null,
    });
  },

  "an idempotency key starts one execution, which is found by the key": async ({ store }) => {
    await createdIn(store);
    const ids = [newExecutionId(), newExecutionId()];
    const start = (executionId: ExecutionId, workflowName: string) =>
      ({
        kind: "create_execution",
        executionId,
        workflowName,
        definitionId: "d-a",
        inputParams: "{}",
        atMs: startMs,
        idempotencyKey: "k",
      }) as const;
    const [first = nobody, second = nobody] = ids;
    assert.deepEqual(await store.commit([start(first, "a")]), [true]);
    assert.deepEqual(await store.commit([start(second, "a")]), [false]);
    assert.deepEqual(
      await store.commit([start(second, "b")]),
      [true],
      "the key belongs to another workflow",
    );
    const found = (workflowName: string) =>
      store.read({ read: "execution_by_key", workflowName, key: "k" });
    assert.equal((await found("a"))?.executionId, first);
    assert.equal((await found("b"))?.executionId, second);
    assert.equal(await found("c"), undefined);
  },

  "reads of unknown ids return undefined or nothing": async ({ store }) => {
    assert.equal(await store.read({ read: "execution", id: nobody }), undefined);
    assert.deepEqual(await store.read({ read: "steps", id: nobody }), []);
    assert.equal(await store.read({ read: "definition_text", definitionId: "no such" }), undefined);
    assert.equal(await store.read({ read: "ping" }), true);
  },

  "a pending execution can end without a lease; a running or ended one cannot": async (opened) => {
    const { store } = opened;
    const [pending, running] = [await createdIn(store), await createdIn(store)];
    await store.commit([claim(running, "me")]);
    assert.deepEqual(await store.commit([finish(pending, "", "cancelled")]), [true]);
    assert.deepEqual(await store.commit([finish(running, "", "cancelled")]), [false]);
    assert.deepEqual(await store.commit([finish(pending, "", "failed")]), [false]);
    assert.deepEqual(await store.commit([claim(pending, "me")]), [false]);
    assert.equal((await store.read({ read: "execution", id: pending }))?.status, "cancelled");
  },

  "a step cannot complete twice, nor an attempt begin twice": async ({ store }) => {
    const id = await createdIn(store);
    await store.commit([claim(id, "me"), begin(id, "me")]);
    await store.commit([complete(id, "me", { result: '"first"' })]);
    assert.deepEqual(await store.commit([complete(id, "me", { result: '"second"' })]), [false]);
    assert.deepEqual(await store.commit([begin(id, "me")]), [false]);
    const steps = await store.read({ read: "steps", id });
    assert.deepEqual(steps.map(({ result }) => result), ['"first"']);
  },

  "the outcome of a step without a request is stored": async ({ store }) => {
    const id = await createdIn(store);
    const error = { code: "expression_failed" as const, message: "no such key" };
    const key = { executionId: id, item: -1, attempt: 1, owner: "me", atMs: startMs };
    const settled = await store.commit([
      claim(id, "me"),
      {
        kind: "settle_step",
        ...key,
        index: 0,
        name: "a",
        status: "skipped",
        result: null,
        error: null,
      },
      { kind: "settle_step", ...key, index: 1, name: "b", status: "failed", result: null, error },
    ]);
    assert.deepEqual(settled, [true, true, true]);
    const steps = await store.read({ read: "steps", id });
    assert.deepEqual(
      steps.map(({ name, status, error, completedAtMs }) => [name, status, error, completedAtMs]),
      [["a", "skipped", null, startMs], ["b", "failed", error, startMs]],
    );
  },

  "ended executions are deleted with their steps; open and reopened ones are not": async (
    opened,
  ) => {
    const { store } = opened;
    const ids = [];
    for (let made = 0; made < 4; made++) ids.push(await createdIn(store));
    const [first = nobody, second = nobody, open = nobody, late = nobody] = ids;
    await store.commit(ids.flatMap((id) => [claim(id, "me"), begin(id, "me")]));
    await store.commit([
      finish(second, "me", "failed", { at: startMs + 1 }),
      finish(first, "me", "completed", { at: startMs + 2 }),
      finish(late, "me", "completed", { at: startMs + 10 }),
    ]);
    const beforeMs = startMs + 10;
    const old = await store.read({
      read: "forgettable_executions",
      beforeMs,
      limit: 9,
      rowsMax: 9,
    });
    assert.deepEqual(old, [second, first]);
    await store.commit([{ kind: "retry_execution", executionId: second }]);
    const forgotten = await store.commit(ids.map((executionId) => (
      { kind: "forget_execution", executionId, beforeMs }
    )));
    assert.deepEqual(forgotten, [true, false, false, false]);
    assert.equal(await store.read({ read: "execution", id: first }), undefined);
    assert.deepEqual(await store.read({ read: "steps", id: first }), []);
    for (const id of [second, open, late]) {
      assert.equal((await store.read({ read: "steps", id })).length, 1);
    }
  },
};
