/**
 * An execution whose store is on a libSQL server, with a failure at each of its commits in turn:
 * whatever the network loses, it ends as it should and no completed step runs again.
 */

import assert from "node:assert/strict";
import type { Fault } from "../../support/hrana_server.ts";
import { serveStores } from "../../support/served_store.ts";
import { tryEngine, workflowOf } from "./engine_trial.ts";

const agents = { "agent.one": () => 1, "agent.two": () => 2, "agent.three": () => 3 };
const workflow = workflowOf(["one", "two", "three"]);
/** More commits than an execution makes. */
const commitsMax = 20;

const faults: readonly Fault[] = [
  { kind: "drop_before" },
  { kind: "drop_after" },
  { kind: "refuse", status: 503 },
];

for (const fault of faults) {
  Deno.test(`an execution completes, whichever of its commits meets ${fault.kind}`, async () => {
    await using served = await serveStores();
    const store = await served.open();
    let reached = 0;
    for (let at = 1; at <= commitsMax; at++) {
      await using trial = await tryEngine(store, { agents, leaseMs: 200, pollEveryMs: 20 });
      const id = await trial.start(workflow);
      served.server.misbehave(fault, { times: 1, after: at - 1, when: /COMMIT/ });
      const { status } = await trial.end(id);
      assert.equal(status, "completed", `after a failure at commit ${at}`);
      const steps = await trial.steps(id);
      for (const step of ["one", "two", "three"]) {
        const completed = steps.filter((line) => line.startsWith(step) && /completed$/.test(line));
        assert.equal(completed.length, 1, `${steps}`);
      }
      if (fault.kind === "drop_after") assert.equal(trial.asked.length, 3, `${trial.asked}`);
      if (served.server.behave() > 0) break;
      reached = at;
    }
    assert.ok(reached >= 4, `an execution has more than ${reached} commits`);
    assert.ok(reached < commitsMax);
  });
}

Deno.test("a start whose answer was lost can be repeated with its key", async () => {
  await using served = await serveStores();
  const store = await served.open();
  await using trial = await tryEngine(store, { agents });
  served.server.misbehave({ kind: "drop_after" }, { times: 1 });
  const options = { idempotencyKey: "order-1" };
  await assert.rejects(trial.start(workflow, options), { code: "store_unavailable" });
  const { executionId, status } = await trial.run(workflow, options);
  assert.equal(status, "completed");
  const rows = await store.read({ read: "executions", limit: 10 });
  assert.deepEqual(rows.map((row) => row.executionId), [executionId]);
});
