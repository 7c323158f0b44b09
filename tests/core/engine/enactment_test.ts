/** One execution told to stop at the instants that an engine can't be brought to from outside. */

import assert from "node:assert/strict";
import { enact, type EnactmentOptions } from "../../../core/engine/enactment.ts";
import type { EngineEvent } from "../../../core/engine/events.ts";
import { planWorkflow } from "../../../core/engine/plan.ts";
import { Steering } from "../../../core/engine/steering.ts";
import { openTempStore, type TempStore } from "../../support/temp_store.ts";
import { claim, createdIn } from "../store/execution_writes.ts";
import { workflowOf } from "./engine_trial.ts";

const stop = new Error("the daemon is stopping");

interface Trial extends EnactmentOptions {
  readonly events: EngineEvent[];
  steps(): Promise<string[]>;
}

async function tryEnactment({ store }: TempStore, invoke: () => string): Promise<Trial> {
  const executionId = await createdIn(store);
  const events: EngineEvent[] = [];
  const steering = new Steering();
  return {
    execution: { executionId, workflowName: "trial", inputParams: "{}" },
    secrets: {},
    executionId,
    plan: planWorkflow(workflowOf(["one", "two"])),
    scope: {
      inputs: {},
      execution: { id: executionId, workflow: "trial" },
      now: "2026-01-16T10:30:00Z",
      secrets: {},
    },
    deadlineAtMs: undefined,
    claim: claim(executionId, "me"),
    attempts: [],
    owner: "me",
    commits: store.commits,
    invoke: () => Promise.resolve(invoke()),
    publish: (event) => events.push(event),
    now: Date.now,
    steering,
    events,
    steps: async () =>
      (await store.executions.steps(executionId)).map(({ name, status }) => `${name} ${status}`),
  };
}

Deno.test("enact() told to stop as a step ends keeps the step and begins no other", async () => {
  await using temp = await openTempStore();
  const trial = await tryEnactment(temp, () => {
    trial.steering.stop(stop);
    return "1";
  });
  await assert.rejects(enact(trial), stop);
  assert.deepEqual(await trial.steps(), ["one completed"]);
  assert.deepEqual(trial.events.map(({ topic }) => topic), [
    "execution.started",
    "step.started",
    "step.completed",
  ]);
});

Deno.test("enact() told to stop as its last step ends finishes the execution", async () => {
  await using temp = await openTempStore();
  let asked = 0;
  const trial = await tryEnactment(temp, () => {
    if (++asked === 2) trial.steering.stop(stop);
    return "1";
  });
  assert.equal(await enact(trial), "completed");
  assert.deepEqual(await trial.steps(), ["one completed", "two completed"]);
});

Deno.test("enact() told to stop before it began claims nothing", async () => {
  await using temp = await openTempStore();
  const trial = await tryEnactment(temp, () => "1");
  trial.steering.stop(stop);
  await assert.rejects(enact(trial), stop);
  assert.equal((await temp.store.executions.execution(trial.executionId))?.status, "pending");
  assert.deepEqual(trial.events, []);
});

Deno.test("enact() of what another has claimed asks nobody and tells nothing", async () => {
  await using temp = await openTempStore();
  let asked = 0;
  const trial = await tryEnactment(temp, () => String(++asked));
  await temp.store.commits.commit([claim(trial.executionId, "another", Date.now())]);
  await assert.rejects(enact(trial), { code: "lease_lost" });
  assert.equal(asked, 0);
  assert.deepEqual(await trial.steps(), []);
  assert.deepEqual(trial.events, []);
});

Deno.test("enact() cancelled as a step is begun does not ask its agent", async () => {
  await using temp = await openTempStore();
  let asked = 0;
  const trial = await tryEnactment(temp, () => String(++asked));
  const publish = (event: EngineEvent): void => {
    trial.events.push(event);
    if (event.topic !== "step.started") return;
    trial.steering.cancel();
  };
  assert.equal(await enact({ ...trial, publish }), "cancelled");
  assert.deepEqual(await trial.steps(), ["one cancelled"]);
  assert.equal(asked, 0);
});
