/**
 * What an engine leaves behind and how the next one resumes it: shutdown, interruption, old texts.
 */

import assert from "node:assert/strict";
import { interruptionsMax } from "../../../core/engine/decide/unit.ts";
import { type ExecutionId, newExecutionId } from "../../../core/ids.ts";
import type { Store } from "../../../core/store/store.ts";
import { eventually } from "../../support/eventually.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { type Agent, Gate, tryEngine, workflowOf } from "./engine_trial.ts";

const never: Agent = (_, signal) => new Gate().pass(signal);

Deno.test("close() lets running executions end within the grace", async () => {
  await using temp = await openTempStore();
  const gate = new Gate();
  await using trial = await tryEngine(temp.store, {
    agents: { "agent.wait": (_, signal) => gate.pass(signal), "agent.next": () => 1 },
  });
  const id = await trial.start(workflowOf(["wait", "next"]));
  await eventually(() => gate.arrived === 1);
  const closed = trial.engine.close(10_000);
  await assert.rejects(trial.engine.start(workflowOf(["wait"])), { code: "conflict" });
  gate.open();
  await closed;
  assert.equal((await temp.store.read({ read: "execution", id }))?.status, "completed");
});

Deno.test("an execution cut off by the grace resumes in the next engine", async () => {
  await using temp = await openTempStore();
  const asked: string[] = [];
  const first = await tryEngine(temp.store, {
    agents: { "agent.one": () => asked.push("one"), "agent.two": never },
  });
  const id = await first.start(workflowOf(["one", "two", "three"]));
  await eventually(() => first.asked.includes("agent.two"));
  await first.engine.close(0);
  assert.equal((await temp.store.read({ read: "execution", id }))?.status, "running");
  assert.deepEqual(await first.steps(id), ["one/1 completed", "two/1 cancelled"]);
  assert.deepEqual(first.log.filter((line) => line.includes('"error"')), []);

  const store = await temp.reopen();
  await using second = await tryEngine(store, {
    agents: { "agent.two": () => asked.push("two"), "agent.three": () => asked.push("three") },
  });
  assert.equal((await second.end(id)).status, "completed");
  assert.deepEqual(asked, ["one", "two", "three"]);
  assert.deepEqual(await second.steps(id), [
    "one/1 completed",
    "two/1 cancelled",
    "two/2 completed",
    "three/1 completed",
  ]);
  const [, cutOff] = await store.read({ read: "steps", id });
  assert.equal(cutOff?.error?.message, "the daemon stopped during this attempt");
});

Deno.test("pending executions wait for the next engine, and run in order of creation", async () => {
  await using temp = await openTempStore();
  const first = await tryEngine(temp.store, { concurrentMax: 1, agents: { "agent.wait": never } });
  const ids: ExecutionId[] = [];
  const namesOf = (number: number): string => `trial_${number}`;
  for (let made = 0; made < 6; made++) {
    ids.push(await first.start(workflowOf(["wait"], namesOf(made))));
  }
  await first.engine.close(0);
  await using second = await tryEngine(await temp.reopen(), {
    concurrentMax: 1,
    agents: { "agent.wait": () => 1 },
  });
  await Promise.all(ids.map((id) => second.end(id)));
  const completed = second.events.filter(({ topic }) => topic === "execution.completed");
  assert.deepEqual(completed.map(({ workflow }) => workflow), ids.map((_, made) => namesOf(made)));
});

Deno.test("a step may be interrupted by any number of stops", async () => {
  await using temp = await openTempStore();
  let id: ExecutionId | undefined;
  for (let stopped = 0; stopped <= interruptionsMax; stopped++) {
    const store = stopped === 0 ? temp.store : await temp.reopen();
    const engine = await tryEngine(store, { agents: { "agent.long": never } });
    id ??= await engine.start(workflowOf(["long"]));
    await eventually(() => engine.asked.length === 1);
    await engine.engine.close(0);
  }
  assert.ok(id);
  await using last = await tryEngine(await temp.reopen(), { agents: { "agent.long": () => 1 } });
  assert.equal((await last.end(id)).status, "completed");
});

const asAKillLeavesIt = `UPDATE workflow_step_executions
  SET status = 'running', completed_at = NULL, error_code = NULL, error_message = NULL
  WHERE id = (SELECT max(id) FROM workflow_step_executions)`;

Deno.test("a step interrupted by too many crashes fails its execution", async () => {
  await using temp = await openTempStore();
  const workflow = workflowOf(["deadly", "next"]);
  let id: ExecutionId | undefined;
  for (let died = 0; died < interruptionsMax; died++) {
    const store = died === 0 ? temp.store : await temp.reopen();
    const engine = await tryEngine(store, { agents: { "agent.deadly": never } });
    id ??= await engine.start(workflow);
    await eventually(() => engine.asked.length === 1);
    await engine.engine.close(0);
    await store.database.write([{ sql: asAKillLeavesIt, args: [] }]);
  }
  assert.ok(id);
  await using last = await tryEngine(await temp.reopen(), { agents: {} });
  const ended = await last.end(id);
  assert.deepEqual([ended.status, ended.error?.code], ["failed", "interrupted"]);
  assert.equal((await last.steps(id)).length, interruptionsMax);
  assert.deepEqual(last.asked, []);
});

Deno.test("a wait for the next attempt continues after a restart", async () => {
  await using temp = await openTempStore();
  const broken: Agent = () => {
    throw new Error("it broke");
  };
  const retry = { attempts: 2, backoff: "1h" };
  let nowMs = Date.now();
  const first = await tryEngine(temp.store, { agents: { "agent.shaky": broken } });
  const id = await first.start(workflowOf([{ capability: "shaky", retry }]));
  await eventually(async () => (await first.steps(id)).includes("shaky/1 failed"));
  await first.engine.close(0);
  nowMs += 3_700_000;
  await using second = await tryEngine(await temp.reopen(), {
    agents: { "agent.shaky": () => 1 },
    now: () => nowMs,
  });
  assert.equal((await second.end(id)).status, "completed");
  assert.deepEqual(await second.steps(id), ["shaky/1 failed", "shaky/2 completed"]);
});

/** Stores a pending execution with a text that was never parsed. */
async function storeText(store: Store, text: string): Promise<ExecutionId> {
  const id = newExecutionId();
  const own = { definitionId: text, workflowName: "old", atMs: 1 };
  await store.commit([
    { kind: "save_definition", ...own, text },
    { kind: "create_execution", ...own, executionId: id, inputParams: "{}" },
  ]);
  return id;
}

Deno.test("an execution whose stored text is no longer valid fails with the reason", async () => {
  await using temp = await openTempStore();
  const bad = await storeText(temp.store, "steps: [");
  const unknown = await storeText(temp.store, "name: old\nsteps: []\nfuture: true");
  const good = await storeText(temp.store, workflowOf(["one"]).text);
  await using trial = await tryEngine(temp.store, { agents: { "agent.one": () => 1 } });
  for (const id of [bad, unknown]) {
    const ended = await trial.end(id);
    assert.deepEqual([ended.status, ended.error?.code], ["failed", "invalid_workflow"]);
    assert.match(ended.error?.message ?? "", /^Cannot use the stored text of workflow "old": /);
  }
  assert.equal((await trial.end(good)).status, "completed");
  const published = trial.events.filter(({ execution_id }) => execution_id === bad);
  assert.deepEqual(published.map(({ topic }) => topic), ["execution.failed"]);
});

Deno.test("an execution keeps the text it was started with", async () => {
  await using temp = await openTempStore();
  const first = await tryEngine(temp.store, {
    agents: { "agent.one": () => 1, "agent.old": never },
  });
  const id = await first.start(workflowOf(["one", "old"]));
  await eventually(() => first.asked.includes("agent.old"));
  await first.engine.close(0);
  await using second = await tryEngine(await temp.reopen(), {
    agents: { "agent.one": () => 1, "agent.old": () => 1, "agent.new": () => 1 },
  });
  const changed = await second.run(workflowOf(["one", "new"]));
  assert.equal((await second.end(id)).status, "completed");
  assert.deepEqual((await second.steps(id)).at(-1), "old/2 completed");
  assert.deepEqual((await second.steps(changed.executionId)).at(-1), "new/1 completed");
});
