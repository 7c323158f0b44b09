/** Executions that are paused, resumed, retried, rerun, or held back by others with their key. */

import assert from "node:assert/strict";
import { parseWorkflows } from "../../../core/workflow/form/parse.ts";
import type { ParsedWorkflow } from "../../../core/workflow/definition.ts";
import { eventually } from "../../support/eventually.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { Gate, tryEngine, workflowOf } from "./engine_trial.ts";

/** A workflow from a file's text; every step invokes `agent`. */
function read(text: string): ParsedWorkflow {
  const { workflows: [workflow], problems } = parseWorkflows(text, "trial.yaml");
  assert.ok(workflow, problems.map(({ message }) => message).join("; "));
  return workflow;
}

Deno.test("a paused execution finishes its step and begins no other until resumed", async () => {
  await using temp = await openTempStore();
  const gate = new Gate();
  await using trial = await tryEngine(temp.store, {
    agents: { "agent.wait": (_, signal) => gate.pass(signal), "agent.next": () => 1 },
  });
  const id = await trial.start(workflowOf(["wait", "next"]));
  await eventually(() => gate.arrived === 1);
  await trial.steerer.pause(id);
  assert.equal((await temp.store.read({ read: "execution", id }))?.wanted, "pause");
  gate.open();
  await eventually(async () =>
    (await temp.store.read({ read: "execution", id }))?.status === "paused"
  );
  await eventually(() => trial.engine.runningCount === 0);
  assert.deepEqual(await trial.steps(id), ["wait/1 completed"]);
  await assert.rejects(trial.steerer.pause(id), { code: "conflict" });
  await trial.steerer.resume(id);
  assert.equal((await trial.end(id)).status, "completed");
  assert.deepEqual(await trial.steps(id), ["wait/1 completed", "next/1 completed"]);
});

Deno.test("a requested pause survives the engine", async () => {
  await using temp = await openTempStore();
  const gate = new Gate();
  const agents = { "agent.wait": (_: unknown, signal: AbortSignal) => gate.pass(signal) };
  const first = await tryEngine(temp.store, { agents });
  const id = await first.start(workflowOf(["wait"]));
  await eventually(() => gate.arrived === 1);
  await first.steerer.pause(id);
  await first.engine.close(0);
  await using second = await tryEngine(temp.store, { agents });
  await eventually(async () =>
    (await temp.store.read({ read: "execution", id }))?.status === "paused"
  );
  assert.deepEqual(await second.steps(id), ["wait/1 cancelled"]);
  gate.open();
  await second.steerer.resume(id);
  assert.equal((await second.end(id)).status, "completed");
});

Deno.test("a paused execution that is cancelled ends, after its `finally`", async () => {
  await using temp = await openTempStore();
  const gate = new Gate();
  await using trial = await tryEngine(temp.store, {
    agents: {
      "agent.wait": (_, signal) => gate.pass(signal),
      "agent.next": () => 1,
      "agent.last": () => 2,
    },
  });
  const id = await trial.start(read(`
name: trial
steps:
  - { name: wait, agent: agent, capability: wait }
  - { name: next, agent: agent, capability: next }
finally: [{ name: last, agent: agent, capability: last }]
`));
  await eventually(() => gate.arrived === 1);
  await trial.steerer.pause(id);
  gate.open();
  await eventually(async () =>
    (await temp.store.read({ read: "execution", id }))?.status === "paused"
  );
  await trial.steerer.cancel(id);
  assert.equal((await trial.end(id)).status, "cancelled");
  assert.deepEqual(await trial.steps(id), ["wait/1 completed", "last/1 completed"]);
});

Deno.test("a retry repeats the failed step and `finally`, and keeps what completed", async () => {
  await using temp = await openTempStore();
  let isWell = false;
  const asked: unknown[] = [];
  await using trial = await tryEngine(temp.store, {
    agents: {
      "agent.good": () => 20,
      "agent.moody": (input) => {
        asked.push(input);
        if (!isWell) throw new Error("not today");
        return 22;
      },
      "agent.last": () => 0,
    },
  });
  const ended = await trial.run(read(`
name: trial
steps:
  - { name: good, agent: agent, capability: good }
  - name: moody
    agent: agent
    capability: moody
    params: { from: "\${{ steps.good.output }}" }
finally: [{ name: last, agent: agent, capability: last }]
outputs: { sum: "\${{ steps.good.output + steps.moody.output }}" }
`));
  assert.equal(ended.status, "failed");
  isWell = true;
  await trial.steerer.retry(ended.executionId);
  const again = await trial.end(ended.executionId);
  assert.deepEqual([again.status, again.error, again.result], ["completed", null, '{"sum":42}']);
  assert.deepEqual(await trial.steps(ended.executionId), [
    "good/1 completed",
    "moody/1 failed",
    "moody/2 completed",
    "last/1 completed",
    "last/2 completed",
  ]);
  assert.deepEqual(asked, [{ from: 20 }, { from: 20 }]);
  await assert.rejects(trial.steerer.retry(ended.executionId), { code: "conflict" });
});

Deno.test("a retry of items repeats only those that have not completed", async () => {
  await using temp = await openTempStore();
  const asked: unknown[] = [];
  let isWell = false;
  await using trial = await tryEngine(temp.store, {
    agents: {
      "agent.square": ({ n }) => {
        asked.push(n);
        if (n === 3 && !isWell) throw new Error("not 3");
        return Number(n) ** 2;
      },
    },
  });
  const workflow = read(`
name: trial
inputs: { numbers: { type: array, items: integer } }
steps:
  - name: squares
    agent: agent
    capability: square
    for_each: { items: "\${{ inputs.numbers }}", max_parallel: 1 }
    params: { n: "\${{ item }}" }
outputs: { squares: "\${{ steps.squares.output }}" }
`);
  const ended = await trial.run(workflow, { inputs: { numbers: [1, 2, 3, 4] } });
  assert.equal(ended.status, "failed");
  isWell = true;
  await trial.steerer.retry(ended.executionId);
  const again = await trial.end(ended.executionId);
  assert.equal(again.result, '{"squares":[1,4,9,16]}');
  assert.deepEqual(asked, [1, 2, 3, 3, 4]);
});

Deno.test("a rerun is a new execution with the same inputs", async () => {
  await using temp = await openTempStore();
  await using trial = await tryEngine(temp.store, { agents: { "agent.echo": ({ n }) => n } });
  const workflow = read(`
name: trial
inputs: { n: { type: integer, default: 1 } }
steps: [{ name: echo, agent: agent, capability: echo, params: { n: "\${{ inputs.n + 1 }}" } }]
outputs: { n: "\${{ steps.echo.output }}" }
`);
  const first = await trial.run(workflow, { inputs: { n: 41 } });
  const { executionId } = await trial.steerer.rerun(first.executionId);
  const second = await trial.end(executionId);
  assert.notEqual(second.executionId, first.executionId);
  assert.deepEqual([first.result, second.result], ['{"n":42}', '{"n":42}']);
  assert.equal(second.rerunOf, first.executionId);
});

Deno.test("a repeated start with its key returns the same execution", async () => {
  await using temp = await openTempStore();
  await using trial = await tryEngine(temp.store, { agents: { "agent.echo": () => 1 } });
  const workflow = read(`
name: trial
inputs: { n: { type: integer } }
steps: [{ name: echo, agent: agent, capability: echo }]
`);
  const start = (n: number): Promise<string> =>
    trial.start(workflow, { inputs: { n }, idempotencyKey: "monday" });
  const ids = await Promise.all([start(1), start(1), start(1)]);
  assert.equal(new Set(ids).size, 1);
  await assert.rejects(start(2), { code: "conflict" });
  await eventually(() => trial.engine.runningCount === 0);
  assert.deepEqual(trial.asked, ["agent.echo"]);
  await assert.rejects(trial.start(workflow), { code: "invalid_input" });
  await assert.rejects(trial.start(workflow, { inputs: { n: 1, m: 2 } }), /no input "m"/);
});

Deno.test("executions with the same concurrency key wait for each other", async () => {
  await using temp = await openTempStore();
  const gate = new Gate();
  let running = 0;
  let runningMost = 0;
  await using trial = await tryEngine(temp.store, {
    agents: {
      "agent.wait": async ({ key }, signal) => {
        if (key === "b") return;
        runningMost = Math.max(runningMost, ++running);
        await gate.pass(signal);
        running--;
      },
    },
  });
  const workflow = read(`
name: trial
inputs: { key: { type: string } }
concurrency: { max: 1, key: "\${{ inputs.key }}" }
steps: [{ name: wait, agent: agent, capability: wait, params: { key: "\${{ inputs.key }}" } }]
`);
  const ofA = [];
  for (let n = 0; n < 3; n++) ofA.push(await trial.start(workflow, { inputs: { key: "a" } }));
  assert.equal((await trial.run(workflow, { inputs: { key: "b" } })).status, "completed");
  gate.open();
  for (const id of ofA) assert.equal((await trial.end(id)).status, "completed");
  assert.equal(runningMost, 1);
});

Deno.test("a workflow's timeout cancels its steps, runs `finally` and fails", async () => {
  await using temp = await openTempStore();
  await using trial = await tryEngine(temp.store, {
    agents: { "agent.wait": (_, signal) => new Gate().pass(signal), "agent.last": () => 1 },
  });
  const ended = await trial.run(read(`
name: trial
timeout: 50ms
steps: [{ name: wait, agent: agent, capability: wait }]
finally: [{ name: last, agent: agent, capability: last }]
`));
  assert.deepEqual([ended.status, ended.error?.code], ["failed", "deadline_exceeded"]);
  assert.deepEqual(await trial.steps(ended.executionId), ["wait/1 cancelled", "last/1 completed"]);
});

Deno.test("an execution gives its place to others during a long wait", async () => {
  await using temp = await openTempStore();
  let failures = 0;
  await using trial = await tryEngine(temp.store, {
    concurrentMax: 1,
    agents: {
      "agent.moody": () => {
        if (++failures === 1) throw new Error("not yet");
        return 1;
      },
      "agent.other": () => 2,
    },
  });
  const id = await trial.start(
    workflowOf([{ capability: "moody", retry: { attempts: 2, backoff: "1500ms" } }]),
  );
  await eventually(async () =>
    (await temp.store.read({ read: "execution", id }))?.status === "waiting"
  );
  assert.equal((await trial.run(workflowOf(["other"]))).status, "completed");
  assert.equal((await temp.store.read({ read: "execution", id }))?.status, "waiting");
  assert.equal((await trial.end(id)).status, "completed");
  assert.deepEqual(await trial.steps(id), ["moody/1 failed", "moody/2 completed"]);
});
