/** Cancelling an execution in any state: waiting, running, between attempts, or ended. */

import assert from "node:assert/strict";
import { type ExecutionId, newExecutionId } from "../../../core/ids.ts";
import { eventually } from "../../support/eventually.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { type EngineTrial, Gate, tryEngine, workflowOf } from "./engine_trial.ts";

function topicsOf({ events }: EngineTrial, id: ExecutionId): string[] {
  return events.filter(({ execution_id }) => execution_id === id).map(({ topic }) => topic);
}

Deno.test("a pending execution is cancelled at once and never begins", async () => {
  await using temp = await openTempStore();
  const gate = new Gate();
  await using trial = await tryEngine(temp.store, {
    concurrentMax: 1,
    agents: { "agent.wait": (_, signal) => gate.pass(signal) },
  });
  const first = await trial.start(workflowOf(["wait"]));
  const second = await trial.start(workflowOf(["wait"]));
  await trial.steerer.cancel(second);
  const ended = await temp.store.read({ read: "execution", id: second });
  assert.deepEqual([ended?.status, ended?.startedAtMs, ended?.error], ["cancelled", null, null]);
  assert.deepEqual(topicsOf(trial, second), ["execution.cancelled"]);
  gate.open();
  assert.equal((await trial.end(first)).status, "completed");
  assert.equal(gate.arrived, 1);
});

Deno.test("a running execution is cancelled with its step; later steps do not begin", async () => {
  await using temp = await openTempStore();
  const gate = new Gate();
  await using trial = await tryEngine(temp.store, {
    agents: { "agent.before": () => 1, "agent.wait": (_, signal) => gate.pass(signal) },
  });
  const id = await trial.start(workflowOf(["before", "wait", "never"]));
  await eventually(() => gate.arrived === 1);
  await trial.steerer.cancel(id);
  const ended = await trial.end(id);
  assert.deepEqual([ended.status, ended.error], ["cancelled", null]);
  assert.deepEqual(await trial.steps(id), ["before/1 completed", "wait/1 cancelled"]);
  assert.deepEqual(trial.asked, ["agent.before", "agent.wait"]);
  assert.deepEqual(topicsOf(trial, id).slice(-2), ["step.cancelled", "execution.cancelled"]);
  assert.equal(trial.engine.runningCount, 0);
});

Deno.test("no step follows one that ends just as its execution is cancelled", async () => {
  await using temp = await openTempStore();
  const gate = new Gate();
  await using trial = await tryEngine(temp.store, {
    agents: { "agent.deaf": () => gate.pass(new AbortController().signal) },
  });
  const id = await trial.start(workflowOf(["deaf", "never"]));
  await eventually(() => gate.arrived === 1);
  gate.open();
  await trial.steerer.cancel(id);
  assert.equal((await trial.end(id)).status, "cancelled");
  const [step] = await trial.steps(id);
  assert.match(step ?? "", /^deaf\/1 (completed|cancelled)$/);
  assert.deepEqual(trial.asked, ["agent.deaf"]);
});

Deno.test("an execution between attempts is cancelled at once", async () => {
  await using temp = await openTempStore();
  await using trial = await tryEngine(temp.store, {
    agents: {
      "agent.broken": () => {
        throw new Error("it broke");
      },
    },
  });
  const retry = { attempts: 2, backoff: "1h" };
  const id = await trial.start(workflowOf([{ capability: "broken", retry }]));
  await eventually(() => topicsOf(trial, id).includes("step.failed"));
  await trial.steerer.cancel(id);
  assert.equal((await trial.end(id)).status, "cancelled");
  assert.deepEqual(await trial.steps(id), ["broken/1 failed"]);
});

Deno.test("an ended or unknown execution cannot be cancelled", async () => {
  await using temp = await openTempStore();
  await using trial = await tryEngine(temp.store, { agents: { "agent.one": () => 1 } });
  const { executionId } = await trial.run(workflowOf(["one"]));
  await eventually(() => trial.engine.runningCount === 0);
  await assert.rejects(trial.steerer.cancel(executionId), {
    code: "conflict",
    message: `Cannot cancel execution "${executionId}": it is completed; ` +
      "choose one that has not ended",
  });
  const nobody = newExecutionId();
  await assert.rejects(trial.steerer.cancel(nobody), { code: "unknown_execution" });
  assert.equal(
    (await temp.store.read({ read: "execution", id: executionId }))?.status,
    "completed",
  );
});

Deno.test("an execution cancelled at any instant of its claim stays cancelled", async () => {
  await using temp = await openTempStore();
  const gate = new Gate();
  await using trial = await tryEngine(temp.store, {
    concurrentMax: 3,
    agents: { "agent.wait": (_, signal) => gate.pass(signal) },
  });
  const workflow = workflowOf(["wait"]);
  const ids: ExecutionId[] = [];
  // The number of microtasks sets the instant: before, while and after it is claimed.
  for (let late = 0; late < 40; late++) {
    const id = await trial.start(workflow);
    ids.push(id);
    for (let passed = 0; passed < late; passed++) await Promise.resolve();
    await trial.steerer.cancel(id);
  }
  const ended = await Promise.all(ids.map((id) => trial.end(id)));
  assert.deepEqual(new Set(ended.map(({ status }) => status)), new Set(["cancelled"]));
  for (const id of ids) {
    const published = topicsOf(trial, id).filter((topic) => topic === "execution.cancelled");
    assert.equal(published.length, 1);
  }
  await eventually(() => trial.engine.runningCount === 0);
});

Deno.test("an execution cancelled just as it ends has exactly one end", async () => {
  await using temp = await openTempStore();
  const gates = new Map<number, Gate>();
  await using trial = await tryEngine(temp.store, {
    agents: { "agent.wait": ({ late }, signal) => gates.get(Number(late))?.pass(signal) },
  });
  for (let late = 0; late < 40; late++) {
    const gate = new Gate();
    gates.set(late, gate);
    const id = await trial.start(workflowOf([{ capability: "wait", params: { late } }]));
    await eventually(() => gate.arrived === 1);
    gate.open();
    for (let passed = 0; passed < late; passed++) await Promise.resolve();
    // It may have ended; then there is nothing to cancel.
    const refused = await trial.steerer.cancel(id).then(() => undefined, ({ code }) => code);
    const { status } = await trial.end(id);
    if (refused !== undefined) assert.deepEqual([refused, status], ["conflict", "completed"]);
    await eventually(() => trial.engine.runningCount === 0);
    const ends = topicsOf(trial, id).filter((topic) => /^execution\.(?!started)/.test(topic));
    assert.deepEqual(ends, [`execution.${status}`], `${late} microtasks later`);
  }
});
