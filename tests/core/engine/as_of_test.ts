/** An execution as of an earlier instant, with all its requests, retries and reruns. */

import assert from "node:assert/strict";
import { AppError } from "../../../core/errors.ts";
import type { ParsedWorkflow } from "../../../core/workflow/definition.ts";
import { parseWorkflows } from "../../../core/workflow/form/parse.ts";
import { eventually } from "../../support/eventually.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { Gate, tryEngine, workflowOf } from "./engine_trial.ts";

const asOfMs = Date.parse("2026-03-01T21:00:00Z");
const as_of = "2026-03-01T21:00:00.000Z";

Deno.test("requests, retries and reruns of an execution carry its instant", async () => {
  await using temp = await openTempStore();
  let isBroken = true;
  await using trial = await tryEngine(temp.store, {
    agents: {
      "agent.one": () => 1,
      "agent.two": () => {
        if (isBroken) throw new AppError("agent_error", "it is broken");
        return 2;
      },
    },
  });
  const failed = await trial.run(workflowOf(["one", "two"]), { asOfMs });
  assert.deepEqual([failed.status, failed.asOfMs], ["failed", asOfMs]);
  isBroken = false;
  await trial.steerer.retry(failed.executionId);
  await eventually(async () =>
    (await temp.store.read({ read: "execution", id: failed.executionId }))?.status === "completed"
  );
  const { executionId } = await trial.steerer.rerun(failed.executionId);
  const again = await trial.end(executionId);
  assert.deepEqual([again.status, again.asOfMs], ["completed", asOfMs]);
  assert.deepEqual(trial.asked.length, 5);
  assert.deepEqual(trial.askedAsOf, Array(5).fill(asOfMs));
  assert.ok(trial.events.length > 10);
  assert.ok(trial.events.every((event) => event.as_of === as_of), "and every event is marked");
});

Deno.test("a daemon that resumes an execution keeps its instant", async () => {
  await using temp = await openTempStore();
  const agents = { "agent.wait": (_: unknown, signal: AbortSignal) => new Gate().pass(signal) };
  const first = await tryEngine(temp.store, { agents });
  const id = await first.start(workflowOf(["wait"]), { asOfMs });
  await eventually(() => first.asked.length === 1);
  await first[Symbol.asyncDispose]();
  await using second = await tryEngine(temp.store, { agents: { "agent.wait": () => 1 } });
  await second.end(id);
  assert.deepEqual(second.askedAsOf, [asOfMs]);
});

Deno.test("a queued execution keeps its instant", async () => {
  await using temp = await openTempStore();
  const gate = new Gate();
  await using trial = await tryEngine(temp.store, {
    concurrentMax: 1,
    agents: { "agent.wait": (_, signal) => gate.pass(signal), "agent.next": () => 1 },
  });
  await trial.start(workflowOf(["wait"]));
  await eventually(() => gate.arrived === 1);
  const id = await trial.start(workflowOf(["next"], "other"), { asOfMs });
  gate.open();
  await trial.end(id);
  assert.deepEqual(trial.askedAsOf, [undefined, asOfMs]);
  assert.deepEqual(
    trial.events.filter((event) => event.as_of !== undefined).map(({ topic }) => topic),
    ["execution.started", "step.started", "step.completed", "execution.completed"],
  );
});

Deno.test("the event of an execution cancelled before it begins has its instant", async () => {
  await using temp = await openTempStore();
  await using trial = await tryEngine(temp.store, { concurrentMax: 0, agents: {} });
  const id = await trial.start(workflowOf(["one"]), { asOfMs });
  await trial.steerer.cancel(id);
  assert.deepEqual(trial.events.map((event) => [event.topic, event.as_of]), [
    ["execution.cancelled", as_of],
  ]);
});

Deno.test("expressions see the execution's instant as now", async () => {
  await using temp = await openTempStore();
  const seen: unknown[] = [];
  await using trial = await tryEngine(temp.store, {
    agents: { "agent.echo": ({ at, as_of }) => void seen.push([at, as_of]) },
  });
  const workflow = read(`
name: trial
concurrency: { key: "\${{ now }} \${{ execution.as_of }}", max: 1 }
steps:
  - name: echo
    agent: agent
    capability: echo
    params: { at: "\${{ now }}", as_of: "\${{ execution.as_of }}" }
`);
  await trial.run(workflow, { asOfMs });
  await trial.run(workflow);
  assert.deepEqual(seen[0], [as_of, as_of]);
  assert.equal((seen[1] as unknown[])[1], null);
  const rows = await temp.store.database.read(
    "SELECT concurrency_key AS key FROM workflow_executions ORDER BY execution_id",
  );
  assert.equal(rows[0]?.key, `trial/${as_of} ${as_of}`);
});

Deno.test("a future instant is refused, and so is a key used with another instant", async () => {
  await using temp = await openTempStore();
  await using trial = await tryEngine(temp.store, {
    agents: { "agent.one": () => 1 },
    now: () => asOfMs,
  });
  const workflow = workflowOf(["one"]);
  await assert.rejects(trial.start(workflow, { asOfMs: asOfMs + 1 }), {
    code: "invalid_input",
    message: `Cannot start workflow "trial" as of an instant: 2026-03-01T21:00:00.001Z is in ` +
      "the future; use a past one",
  });
  const key = { idempotencyKey: "monday", asOfMs };
  const id = await trial.start(workflow, key);
  assert.equal(await trial.start(workflow, key), id);
  await assert.rejects(trial.start(workflow, { ...key, asOfMs: asOfMs - 1 }), { code: "conflict" });
  await trial.end(id);
});

function read(text: string): ParsedWorkflow {
  const { workflows: [workflow], problems } = parseWorkflows(text, "trial.yaml");
  assert.ok(workflow, problems.map(({ message }) => message).join("; "));
  return workflow;
}
