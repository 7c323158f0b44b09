/** How a step with items is shown while more of them may come. */

import assert from "node:assert/strict";
import { Definitions } from "../../../../core/engine/definitions.ts";
import { readExecution } from "../../../../core/http/views/executions.ts";
import { parseWorkflows } from "../../../../core/workflow/form/parse.ts";
import { eventually } from "../../../support/eventually.ts";
import { openTempStore } from "../../../support/temp_store.ts";
import { Gate, tryEngine } from "../../engine/engine_trial.ts";

Deno.test("a step is not completed while its execution is paused among its items", async () => {
  const { workflows: [workflow] } = parseWorkflows(
    `name: trial
steps:
  - { name: each, agent: agent, capability: each, for_each: { items: [1, 2], max_parallel: 1 } }
  - { name: last, agent: agent, capability: last }
`,
    "trial.yaml",
  );
  assert.ok(workflow);
  await using temp = await openTempStore();
  const gates = { each: new Gate(), last: new Gate() };
  await using trial = await tryEngine(temp.store, {
    agents: {
      "agent.each": (_, signal) => gates.each.pass(signal),
      "agent.last": (_, signal) => gates.last.pass(signal),
    },
  });
  const id = await trial.start(workflow);
  const definitions = new Definitions(temp.store);
  const statuses = async (): Promise<unknown> =>
    (await readExecution(temp.store, definitions, id)).steps?.map(({ status }) => status).join();
  await eventually(() => gates.each.arrived === 1);
  assert.equal(await statuses(), "running,pending");
  await trial.steerer.pause(id);
  gates.each.open();
  await eventually(async () =>
    (await temp.store.read({ read: "execution", id }))?.status === "paused"
  );
  assert.equal(await statuses(), "waiting,pending");
  await trial.steerer.resume(id);
  await eventually(() => gates.last.arrived === 1);
  assert.equal(await statuses(), "completed,running");
  gates.last.open();
  await trial.end(id);
  assert.equal(await statuses(), "completed,completed");
});

Deno.test("a step whose items may fail is completed, and tells how many did", async () => {
  const { workflows: [workflow] } = parseWorkflows(
    `name: trial
steps:
  - name: each
    agent: agent
    capability: each
    for_each: [1, 2, 3]
    params: { n: "\${{ item }}" }
    on_error: continue
`,
    "trial.yaml",
  );
  assert.ok(workflow);
  await using temp = await openTempStore();
  await using trial = await tryEngine(temp.store, {
    agents: {
      "agent.each": ({ n }) => {
        if (n === 2) throw new Error("no luck");
        return n;
      },
    },
  });
  const { executionId: id } = await trial.run(workflow);
  const definitions = new Definitions(temp.store);
  const { status, steps: [step] = [] } = await readExecution(temp.store, definitions, id);
  assert.deepEqual([status, step?.status], ["completed", "completed"]);
  assert.deepEqual(step?.items, { begun: 3, completed: 2, failed: 1, running: 0 });
  assert.equal(step?.error?.message, "no luck");
});
