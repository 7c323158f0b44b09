/** Executions from start to end: order, results, limits, failures, events. */

import assert from "node:assert/strict";
import { AppError } from "../../../core/errors.ts";
import type { ExecutionRow, StepRow } from "../../../core/store/reads/executions.ts";
import { eventually } from "../../support/eventually.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { Gate, tryEngine, workflowOf } from "./engine_trial.ts";

Deno.test("steps run in order with their params, and results are stored unchanged", async () => {
  await using temp = await openTempStore();
  const inputs: unknown[] = [];
  await using trial = await tryEngine(temp.store, {
    agents: {
      "agent.first": (input) => (inputs.push(input), { text: "é", list: [1.5, null] }),
      "agent.second": (input) => (inputs.push(input), null),
    },
  });
  const workflow = workflowOf([
    { capability: "first", params: { symbol: "AAPL", nested: { list: [1, "2"] } } },
    "second",
  ]);
  const ended = await trial.run(workflow);
  assert.equal(ended.status, "completed");
  assert.equal(ended.error, null);
  assert.deepEqual(inputs, [{ symbol: "AAPL", nested: { list: [1, "2"] } }, {}]);
  const steps = await temp.store.read({ read: "steps", id: ended.executionId });
  assert.deepEqual(
    steps.map(({ name, index, attempt, status, result, error }) => {
      return { name, index, attempt, status, result, error };
    }),
    [
      {
        name: "first",
        index: 0,
        attempt: 1,
        status: "completed",
        result: '{"text":"é","list":[1.5,null]}',
        error: null,
      },
      { name: "second", index: 1, attempt: 1, status: "completed", result: "null", error: null },
    ],
  );
  assertInOrder(ended, steps);
});

/** Created, started, each step begun and ended, ended: no instant precedes the one before it. */
function assertInOrder(ended: ExecutionRow, steps: readonly StepRow[]): void {
  const instants = [
    ended.createdAtMs,
    ended.startedAtMs,
    ...steps.flatMap(({ startedAtMs, completedAtMs }) => [startedAtMs, completedAtMs]),
    ended.completedAtMs,
  ].map(Number);
  assert.deepEqual(instants, instants.toSorted((a, b) => a - b));
}

Deno.test("start() returns the pending execution as stored", async () => {
  await using temp = await openTempStore();
  const gate = new Gate();
  await using trial = await tryEngine(temp.store, {
    concurrentMax: 1,
    agents: { "agent.wait": (_, signal) => gate.pass(signal) },
  });
  const workflow = workflowOf(["wait"]);
  await trial.start(workflow);
  const second = await trial.engine.start(workflow);
  assert.deepEqual(await temp.store.read({ read: "execution", id: second.executionId }), second);
  assert.equal(second.status, "pending");
  gate.open();
  await trial.end(second.executionId);
});

Deno.test("events come in order, each after its commit", async () => {
  await using temp = await openTempStore();
  const checks: Promise<void>[] = [];
  await using trial = await tryEngine(temp.store, {
    agents: { "agent.one": () => 1, "agent.two": () => 2 },
    onEvent: (event) => {
      checks.push((async () => {
        const execution = await temp.store.read({ read: "execution", id: event.execution_id });
        const steps = await temp.store.read({ read: "steps", id: event.execution_id });
        if ("step" in event) {
          const [, status] = event.topic.split(".");
          const row = steps.find(({ name }) => name === event.step);
          assert.equal(row?.status, status === "started" ? "running" : status);
        } else {
          const [, status] = event.topic.split(".");
          assert.equal(execution?.status, status === "started" ? "running" : status);
        }
      })());
    },
  });
  const { executionId } = await trial.run(workflowOf(["one", "two"]));
  await Promise.all(checks);
  const common = { execution_id: executionId, workflow: "trial" };
  const one = { ...common, step: "one", index: 0, item: -1, attempt: 1 };
  const two = { ...common, step: "two", index: 1, item: -1, attempt: 1 };
  assert.deepEqual(trial.events, [
    { topic: "execution.started", ...common },
    { topic: "step.started", ...one },
    { topic: "step.completed", ...one },
    { topic: "step.started", ...two },
    { topic: "step.completed", ...two },
    { topic: "execution.completed", ...common },
  ]);
});

Deno.test("a step that fails ends its execution, and later steps do not begin", async () => {
  await using temp = await openTempStore();
  await using trial = await tryEngine(temp.store, {
    agents: {
      "agent.good": () => 1,
      "agent.bad": () => {
        throw new AppError("rate_limited", "too many requests");
      },
    },
  });
  const ended = await trial.run(workflowOf(["good", "bad", "never"]));
  assert.equal(ended.status, "failed");
  assert.deepEqual(ended.error, {
    code: "rate_limited",
    message: 'Step "bad" failed: too many requests',
  });
  assert.deepEqual(await trial.steps(ended.executionId), ["good/1 completed", "bad/1 failed"]);
  assert.deepEqual(trial.asked, ["agent.good", "agent.bad"]);
  assert.deepEqual(trial.events.slice(-2), [
    {
      topic: "step.failed",
      execution_id: ended.executionId,
      workflow: "trial",
      step: "bad",
      index: 1,
      item: -1,
      attempt: 1,
      error: { code: "rate_limited", message: "too many requests" },
    },
    {
      topic: "execution.failed",
      execution_id: ended.executionId,
      workflow: "trial",
      error: ended.error,
      step: "bad",
      capability: "agent.bad",
      attempts: 1,
      inputs: {},
    },
  ]);
});

Deno.test("a step fails when its timeout has passed", async () => {
  await using temp = await openTempStore();
  await using trial = await tryEngine(temp.store, {
    agents: { "agent.silent": (_, signal) => new Gate().pass(signal), "agent.next": () => 1 },
  });
  const ended = await trial.run(workflowOf([{ capability: "silent", timeout: 0.02 }, "next"]));
  assert.deepEqual([ended.status, ended.error?.code], ["failed", "deadline_exceeded"]);
  assert.deepEqual(await trial.steps(ended.executionId), ["silent/1 failed"]);
});

Deno.test("a failed step is tried again after its wait until it succeeds", async () => {
  await using temp = await openTempStore();
  let tries = 0;
  await using trial = await tryEngine(temp.store, {
    agents: {
      "agent.shaky": () => {
        if (++tries < 3) throw new Error(`try ${tries} broke`);
        return tries;
      },
    },
  });
  const retry = { attempts: 3, backoff: "20ms" };
  const ended = await trial.run(workflowOf([{ capability: "shaky", retry }]));
  assert.equal(ended.status, "completed");
  const steps = await temp.store.read({ read: "steps", id: ended.executionId });
  assert.deepEqual(
    steps.map(({ attempt, status, error, result }) => [
      attempt,
      status,
      error?.message,
      result,
    ]),
    [
      [1, "failed", "try 1 broke", null],
      [2, "failed", "try 2 broke", null],
      [3, "completed", undefined, "3"],
    ],
  );
  const waits = steps.slice(1).map(({ startedAtMs }, index) =>
    startedAtMs - Number(steps[index]?.completedAtMs)
  );
  assert.ok(Number(waits[0]) >= 20 && Number(waits[1]) >= 40, `waited ${waits}`);
});

Deno.test("a step that keeps failing is tried exactly as often as its policy allows", async () => {
  await using temp = await openTempStore();
  await using trial = await tryEngine(temp.store, {
    agents: {
      "agent.broken": () => {
        throw new Error("it broke");
      },
    },
  });
  const retry = { attempts: 3, backoff: "1ms" };
  const ended = await trial.run(workflowOf([{ capability: "broken", retry }, "never"]));
  assert.deepEqual(ended.error, { code: "internal", message: 'Step "broken" failed: it broke' });
  assert.deepEqual(trial.asked, Array(3).fill("agent.broken"));
});

Deno.test("an agent's answer is stored as text, whatever it contains", async () => {
  await using temp = await openTempStore();
  await using trial = await tryEngine(temp.store, {
    agents: {
      "agent.odd": () => ({ half: "\ud800", nul: "\0" }),
      "agent.bad": () => {
        throw new Error("half \ud800, nul \0.");
      },
    },
  });
  const ended = await trial.run(workflowOf(["odd", "bad"]));
  assert.equal(ended.error?.message, 'Step "bad" failed: half \uFFFD, nul \uFFFD.');
  const [odd] = await temp.store.read({ read: "steps", id: ended.executionId });
  assert.deepEqual(JSON.parse(odd?.result ?? ""), { half: "\ud800", nul: "\0" });
});

Deno.test("at most concurrentMax run at once, oldest first, and all of them end", async () => {
  await using temp = await openTempStore();
  let running = 0;
  let runningMost = 0;
  const begun: unknown[] = [];
  const work = async (): Promise<void> => {
    runningMost = Math.max(runningMost, ++running, trial.engine.runningCount);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running--;
  };
  await using trial = await tryEngine(temp.store, {
    concurrentMax: 5,
    agents: {
      "agent.note": ({ number }) => begun.push(number),
      "agent.work": work,
      "agent.more": work,
    },
  });
  const ids = await Promise.all(
    Array.from(
      { length: 100 },
      (_, number) =>
        trial.start(workflowOf([{ capability: "note", params: { number } }, "work", "more"])),
    ),
  );
  await Promise.all(ids.map((id) => trial.end(id)));
  assert.equal(runningMost, 5);
  await eventually(() => trial.engine.runningCount === 0);
  const rows = await Promise.all(ids.map((id) => temp.store.read({ read: "execution", id })));
  assert.ok(rows.every((row) => row?.status === "completed"));
  // Those of one poll begin together, so each may be overtaken by at most the rest of them.
  begun.forEach((number, place) => assert.ok(Math.abs(Number(number) - place) < 5));
});

Deno.test("an execution started when a place is freed does not overtake the queue", async () => {
  await using temp = await openTempStore();
  const gate = new Gate();
  const begun: string[] = [];
  await using trial = await tryEngine(temp.store, {
    concurrentMax: 1,
    agents: { "agent.wait": (_, signal) => gate.pass(signal) },
    onEvent: ({ topic, workflow }) => {
      if (topic === "execution.started") begun.push(workflow);
      if (topic !== "execution.completed" || workflow !== "first") return;
      trial.engine.start(workflowOf(["wait"], "third")).catch(assert.fail);
    },
  });
  await trial.start(workflowOf(["wait"], "first"));
  await trial.start(workflowOf(["wait"], "second"));
  gate.open();
  await eventually(() => begun.length === 3 && trial.engine.runningCount === 0);
  assert.deepEqual(begun, ["first", "second", "third"]);
});

Deno.test("2,000 queued executions all run and cost no memory while they wait", async () => {
  await using temp = await openTempStore();
  const gate = new Gate();
  await using trial = await tryEngine(temp.store, {
    concurrentMax: 50,
    agents: { "agent.wait": (_, signal) => gate.pass(signal) },
  });
  const workflow = workflowOf(["wait"]);
  await Promise.all(Array.from({ length: 2_000 }, () => trial.start(workflow)));
  await eventually(() => gate.arrived === 50);
  assert.equal(await temp.store.read({ read: "pending_count" }), 1_950);
  assert.equal(trial.engine.runningCount, 50);
  assert.equal(trial.events.length, 100, "queued executions publish nothing");
  gate.open();
  await eventually(
    async () => {
      const ended = trial.events.filter(({ topic }) => topic === "execution.completed").length;
      return ended === 2_000 && await temp.store.read({ read: "pending_count" }) === 0;
    },
    { withinMs: 20_000 },
  );
  assert.equal(gate.arrived, 2_000);
});
