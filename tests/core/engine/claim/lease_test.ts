/** Leases, with a store that fails or is shared: nothing runs twice, nothing is left behind. */

import assert from "node:assert/strict";
import { AppError } from "../../../../core/errors.ts";
import type { ExecutionId } from "../../../../core/ids.ts";
import { type Database, openDatabase } from "../../../../core/store/sqlite/database.ts";
import type { SqliteStore } from "../../../../core/store/sqlite/store.ts";
import type { Store } from "../../../../core/store/store.ts";
import { storeOver } from "../../../support/store_over.ts";
import { eventually } from "../../../support/eventually.ts";
import { openTempStore } from "../../../support/temp_store.ts";
import { Gate, tryEngine, workflowOf } from "../engine_trial.ts";

/** Gives the lease to another daemon, as if it had expired and been claimed. */
async function giveAway({ database }: SqliteStore, id: ExecutionId): Promise<void> {
  await database.write([{
    sql: "UPDATE workflow_executions SET lease_owner = 'another' WHERE execution_id = ?",
    args: [id],
  }]);
}

Deno.test("an engine that lost its lease writes nothing more and begins no step", async () => {
  await using temp = await openTempStore();
  const gate = new Gate();
  await using trial = await tryEngine(temp.store, {
    agents: { "agent.wait": (_, signal) => gate.pass(signal), "agent.next": () => 1 },
  });
  const id = await trial.start(workflowOf(["wait", "next"]));
  await eventually(() => gate.arrived === 1);
  await giveAway(temp.store, id);
  gate.open();
  await eventually(() => trial.engine.runningCount === 0);
  assert.deepEqual(await trial.steps(id), ["wait/1 running"]);
  assert.equal((await temp.store.read({ read: "execution", id }))?.status, "running");
  assert.deepEqual(trial.asked, ["agent.wait"]);
  assert.deepEqual(trial.events.map(({ topic }) => topic), ["execution.started", "step.started"]);
});

Deno.test("a lease lost while a step runs aborts the step", async () => {
  await using temp = await openTempStore();
  await using trial = await tryEngine(temp.store, {
    leaseMs: 60,
    agents: { "agent.wait": (_, signal) => new Gate().pass(signal) },
  });
  const id = await trial.start(workflowOf(["wait"]));
  await eventually(() => trial.asked.length === 1);
  await giveAway(temp.store, id);
  await eventually(() => trial.engine.runningCount === 0);
  assert.deepEqual(await trial.steps(id), ["wait/1 running"]);
  assert.equal(trial.log.filter((line) => line.includes('"level":"error"')).length, 0);
});

Deno.test("a lease is renewed as long as its step runs", async () => {
  await using temp = await openTempStore();
  const gate = new Gate();
  await using trial = await tryEngine(temp.store, {
    leaseMs: 60,
    pollEveryMs: 10,
    agents: { "agent.wait": (_, signal) => gate.pass(signal) },
  });
  const id = await trial.start(workflowOf(["wait"]));
  await eventually(() => gate.arrived === 1);
  const expiresAt = async (): Promise<number> => {
    const [row] = await temp.store.database.read(
      "SELECT lease_expires_at FROM workflow_executions WHERE execution_id = ?",
      [id],
    );
    return Number(row?.lease_expires_at);
  };
  const first = await expiresAt();
  await eventually(async () => await expiresAt() > first + 120);
  gate.open();
  assert.equal((await trial.end(id)).status, "completed");
  assert.equal(gate.arrived, 1);
});

Deno.test("daemons that share a store run each execution once", async () => {
  await using temp = await openTempStore();
  const shared = storeOver(await openDatabase(temp.url, assert.fail));
  const runs = new Map<unknown, number>();
  const options = {
    concurrentMax: 4,
    pollEveryMs: 5,
    agents: {
      "agent.count": ({ number }: Record<string, unknown>) =>
        runs.set(number, (runs.get(number) ?? 0) + 1).size,
    },
  };
  await using one = await tryEngine(temp.store, options);
  await using two = await tryEngine(shared, options);
  const ids = await Promise.all(
    Array.from(
      { length: 60 },
      (_, number) => one.start(workflowOf([{ capability: "count", params: { number } }])),
    ),
  );
  const ended = await Promise.all(ids.map((id) => one.end(id)));
  assert.ok(ended.every(({ status }) => status === "completed"));
  assert.equal(runs.size, 60);
  assert.deepEqual(new Set(runs.values()), new Set([1]));
  const topic = "execution.completed";
  const published = [...one.events, ...two.events].filter((event) => event.topic === topic);
  assert.equal(published.length, 60);
  assert.ok(two.asked.length > 0, "the second took its part");
  await two.engine.close(1_000);
  await shared.close();
});

Deno.test("an execution of another daemon is claimed only after its lease expires", async () => {
  await using temp = await openTempStore();
  let nowMs = Date.now();
  const dead = await tryEngine(temp.store, {
    now: () => nowMs,
    agents: { "agent.one": () => 1, "agent.wait": (_, signal) => new Gate().pass(signal) },
  });
  const id = await dead.start(workflowOf(["one", "wait"]));
  await eventually(() => dead.asked.includes("agent.wait"));
  await dead.engine.close(0);
  let looks = 0;
  const { database } = temp.store;
  const watched: Database = {
    ...database,
    read: (sql, args) => {
      if (sql.includes("UNION ALL")) looks++;
      return database.read(sql, args);
    },
  };
  await using trial = await tryEngine(storeOver(watched), {
    pollEveryMs: 2,
    now: () => nowMs,
    agents: { "agent.wait": () => 1 },
  });
  await eventually(() => looks >= 3);
  assert.deepEqual(trial.asked, []);
  nowMs += 30_000;
  assert.equal((await trial.end(id)).status, "completed");
  assert.deepEqual(trial.asked, ["agent.wait"]);
});

/** A store whose access number `failIn` fails, once. */
function flakyStore({ database }: SqliteStore): { readonly store: Store; failIn: number } {
  const flaky: { store: Store; failIn: number } = {
    store: storeOver(database),
    failIn: Infinity,
  };
  const failOnce = async <T>(action: () => Promise<T>): Promise<T> => {
    if (--flaky.failIn === 0) throw new AppError("store_unavailable", "out of order");
    return await action();
  };
  flaky.store = storeOver({
    ...database,
    write: (statements) => failOnce(() => database.write(statements)),
    read: (sql, args) => failOnce(() => database.read(sql, args)),
  }, { exclusive: true });
  return flaky;
}

async function assertOnceCompleted(store: Store, id: ExecutionId): Promise<void> {
  assert.equal((await store.read({ read: "execution", id }))?.status, "completed");
  const steps = await store.read({ read: "steps", id });
  for (const index of [0, 1]) {
    const own = steps.filter((step) => step.index === index).map(({ status }) => status);
    assert.deepEqual(own.filter((status) => status === "completed"), ["completed"]);
    assert.equal(own.at(-1), "completed", "no attempt after the completed one");
  }
}

for (const failIn of [1, 2, 3]) {
  Deno.test(`a store that fails at write ${failIn} of an execution does not lose it`, async () => {
    await using temp = await openTempStore();
    const flaky = flakyStore(temp.store);
    let nowMs = Date.now();
    await using trial = await tryEngine(flaky.store, {
      pollEveryMs: 5,
      now: () => nowMs,
      agents: { "agent.one": () => 1, "agent.two": () => 2 },
    });
    const id = await trial.start(workflowOf(["one", "two"]));
    flaky.failIn = failIn;
    await eventually(() => trial.log.length > 0);
    assert.match(trial.log[0] ?? "", /out of order/);
    // Its attempt is unknown, so its lease must expire first.
    nowMs += 30_000;
    await eventually(() => trial.events.at(-1)?.topic === "execution.completed");
    await assertOnceCompleted(temp.store, id);
  });
}

for (const failIn of [1, 2, 3, 4, 5, 6]) {
  Deno.test(`a store that fails at access ${failIn} of a recovery does not lose it`, async () => {
    await using temp = await openTempStore();
    const dead = await tryEngine(temp.store, {
      agents: { "agent.one": () => 1, "agent.two": (_, signal) => new Gate().pass(signal) },
    });
    const id = await dead.start(workflowOf(["one", "two"]));
    await eventually(() => dead.asked.includes("agent.two"));
    await dead.engine.close(0);
    const flaky = flakyStore(temp.store);
    let nowMs = Date.now();
    await using trial = await tryEngine(flaky.store, {
      pollEveryMs: 5,
      now: () => nowMs,
      agents: { "agent.two": () => 2 },
    });
    flaky.failIn = failIn;
    await eventually(() => {
      nowMs += trial.log.length > 0 ? 10_000 : 0;
      return trial.events.at(-1)?.topic === "execution.completed";
    });
    await assertOnceCompleted(temp.store, id);
    assert.ok(!trial.asked.includes("agent.one"));
  });
}
