/** One execution, stopped at instants that cannot be reached through an engine. */

import assert from "node:assert/strict";
import {
  advance,
  type AdvanceOptions,
  type Left,
} from "../../../../core/engine/advance/advance.ts";
import type { EngineEvent } from "../../../../core/engine/events.ts";
import { planWorkflow } from "../../../../core/engine/decide/plan.ts";
import type { Loaded } from "../../../../core/engine/load.ts";
import { Steering } from "../../../../core/engine/steering.ts";
import type { ExecutionId } from "../../../../core/ids.ts";
import { ThreadShare } from "../../../../core/thread_share.ts";
import { openTempStore, type TempStore } from "../../../support/temp_store.ts";
import { claim, createdIn } from "../../store/execution_operations.ts";
import { workflowOf } from "../engine_trial.ts";

const stop = new Error("the daemon is stopping");

interface Trial {
  readonly id: ExecutionId;
  readonly steering: Steering;
  readonly events: EngineEvent[];
  advance(options?: Partial<AdvanceOptions>): Promise<Left>;
  steps(): Promise<string[]>;
}

async function tryAdvance({ store }: TempStore, invoke: () => string): Promise<Trial> {
  const id = await createdIn(store);
  const events: EngineEvent[] = [];
  const steering = new Steering();
  const loaded: Loaded = {
    execution: {
      executionId: id,
      workflowName: "trial",
      definitionId: "",
      status: "pending",
      inputParams: "{}",
      createdAtMs: 0,
      asOfMs: null,
      concurrencyKey: null,
      scheduleId: null,
      dueAtMs: null,
    },
    plan: planWorkflow(workflowOf(["one", "two"])),
    scope: {
      inputs: {},
      execution: { id, workflow: "trial", as_of: null },
      now: "2026-01-16T10:30:00Z",
      secrets: {},
    },
    deadlineAtMs: undefined,
    claim: claim(id, "me"),
    attempts: [],
  };
  return {
    id,
    steering,
    events,
    advance: (options) =>
      advance(loaded, {
        owner: "me",
        steering,
        store,
        invoke: () => Promise.resolve(invoke()),
        publish: (event) => events.push(event),
        secrets: {},
        now: Date.now,
        share: new ThreadShare(),
        ...options,
      }),
    steps: async () =>
      (await store.read({ read: "steps", id })).map(({ name, status }) => `${name} ${status}`),
  };
}

Deno.test("advance() stopped just as a step ends stores the step and begins no other", async () => {
  await using temp = await openTempStore();
  const trial = await tryAdvance(temp, () => {
    trial.steering.stop(stop);
    return "1";
  });
  await assert.rejects(trial.advance(), stop);
  assert.deepEqual(await trial.steps(), ["one completed"]);
  assert.deepEqual(trial.events.map(({ topic }) => topic), [
    "execution.started",
    "step.started",
    "step.completed",
  ]);
});

Deno.test("advance() stopped just as its last step ends finishes the execution", async () => {
  await using temp = await openTempStore();
  let asked = 0;
  const trial = await tryAdvance(temp, () => {
    if (++asked === 2) trial.steering.stop(stop);
    return "1";
  });
  assert.equal(await trial.advance(), "completed");
  assert.deepEqual(await trial.steps(), ["one completed", "two completed"]);
});

Deno.test("advance() stopped before it begins claims nothing", async () => {
  await using temp = await openTempStore();
  const trial = await tryAdvance(temp, () => "1");
  trial.steering.stop(stop);
  await assert.rejects(trial.advance(), stop);
  assert.equal((await temp.store.read({ read: "execution", id: trial.id }))?.status, "pending");
  assert.deepEqual(trial.events, []);
});

Deno.test("advance() of another daemon's execution sends and publishes nothing", async () => {
  await using temp = await openTempStore();
  let asked = 0;
  const trial = await tryAdvance(temp, () => String(++asked));
  await temp.store.commit([claim(trial.id, "another", Date.now())]);
  await assert.rejects(trial.advance(), { code: "lease_lost" });
  assert.equal(asked, 0);
  assert.deepEqual(await trial.steps(), []);
  assert.deepEqual(trial.events, []);
});

Deno.test("advance() cancelled just as a step begins sends no request", async () => {
  await using temp = await openTempStore();
  let asked = 0;
  const trial = await tryAdvance(temp, () => String(++asked));
  const publish = (event: EngineEvent): void => {
    trial.events.push(event);
    if (event.topic !== "step.started") return;
    trial.steering.set("cancel");
  };
  assert.equal(await trial.advance({ publish }), "cancelled");
  assert.deepEqual(await trial.steps(), ["one cancelled"]);
  assert.equal(asked, 0);
});
