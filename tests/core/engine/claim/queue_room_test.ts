/** A full queue refuses starts, and accepts them again after executions have left it. */

import assert from "node:assert/strict";
import { QueueRoom } from "../../../../core/engine/claim/queue_room.ts";
import { openTempStore } from "../../../support/temp_store.ts";
import { Gate, tryEngine, workflowOf } from "../engine_trial.ts";

Deno.test("start() refuses an execution when the queue is full and stores nothing", async () => {
  await using temp = await openTempStore();
  const gate = new Gate();
  await using trial = await tryEngine(temp.store, {
    concurrentMax: 1,
    queueMax: 3,
    agents: { "agent.wait": (_, signal) => gate.pass(signal) },
  });
  const workflow = workflowOf(["wait"]);
  const ids = [];
  for (let number = 0; number < 3; number++) ids.push(await trial.start(workflow));
  await assert.rejects(
    trial.start(workflow),
    { code: "overloaded", message: /"trial": 3 executions are queued/ },
  );
  assert.equal((await temp.store.read({ read: "executions", limit: 10 })).length, 3);
  gate.open();
  for (const id of ids) assert.equal((await trial.end(id)).status, "completed");
});

Deno.test("QueueRoom accepts again as soon as a later count finds room", async () => {
  let nowMs = 0;
  let waiting = 2;
  let counts = 0;
  const count = (): Promise<number> => {
    counts++;
    return Promise.resolve(waiting);
  };
  const room = new QueueRoom({ max: 3, count, now: () => nowMs });
  await room.take("one");
  for (let times = 0; times < 5; times++) {
    await assert.rejects(room.take("two"), { code: "overloaded" });
  }
  assert.equal(counts, 1, "a full queue is not counted at each start");
  nowMs = 1_000;
  waiting = 1;
  await Promise.all([room.take("three"), room.take("four")]);
  assert.equal(counts, 2);
  await assert.rejects(room.take("five"), { code: "overloaded" });
});
