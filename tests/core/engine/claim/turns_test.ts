/** Workflows take turns through a whole engine: a flood of one delays no other. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Turns } from "../../../../core/engine/claim/turns.ts";
import { eventually } from "../../../support/eventually.ts";
import { openTempStore } from "../../../support/temp_store.ts";
import { claim, createdIn, finish, startMs } from "../../store/execution_operations.ts";
import { Gate, tryEngine, workflowOf } from "../engine_trial.ts";

Deno.test("a workflow started after a flood of another gets the next free place", async () => {
  await using temp = await openTempStore();
  const gate = new Gate();
  const begun: string[] = [];
  await using trial = await tryEngine(temp.store, {
    concurrentMax: 1,
    agents: {
      "agent.wait": (_, signal) => gate.pass(signal),
      "agent.note": ({ name }) => void begun.push(String(name)),
    },
  });
  await trial.start(workflowOf(["wait"], "first"));
  await eventually(() => gate.arrived === 1);
  const noted = (name: string): ReturnType<typeof workflowOf> =>
    workflowOf([{ capability: "note", params: { name } }], name);
  for (let count = 0; count < 20; count++) await trial.start(noted("flood"));
  for (let count = 0; count < 20; count++) await trial.start(noted("deluge"));
  await trial.start(noted("late"));
  await trial.start(noted("urgent"), { priority: 5 });
  gate.open();
  await eventually(() => begun.length === 42);
  assert.deepEqual(begun.slice(0, 6), ["urgent", "flood", "deluge", "late", "flood", "deluge"]);
});

Deno.test("Turns remembers a bounded number of workflows, the last served", () => {
  const turns = new Turns();
  for (let number = 0; number < 1_500; number++) turns.serve(`w_${number}`);
  turns.serve("w_600");
  const { served } = turns;
  assert.equal(Object.keys(served).length, 1_000);
  assert.equal(served["w_499"], undefined);
  assert.ok((served["w_600"] ?? 0) > (served["w_1499"] ?? 0));
});

Deno.test("with one execution at a time, a flood does not starve other workflows", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 6 }),
      fc.integer({ min: 1, max: 3 }),
      async (counts, slots) => {
        await using temp = await openTempStore();
        for (const [index, count] of counts.entries()) {
          for (let made = 0; made < count; made++) {
            await createdIn(temp.store, { name: `w_${index}` });
          }
        }
        const turns = new Turns();
        const left = new Map(counts.map((count, index) => [`w_${index}`, count]));
        const waited = new Map<string, number>();
        for (let taken = 0; taken < 40; taken++) {
          const [row] = await temp.store.read({
            read: "claimable",
            nowMs: startMs,
            limit: slots,
            served: turns.served,
          });
          if (!row) break;
          const { executionId, workflowName } = row;
          turns.serve(workflowName);
          const done = finish(executionId, "o", "completed");
          await temp.store.commit([claim(executionId, "o"), done]);
          left.set(workflowName, (left.get(workflowName) ?? 0) - 1);
          for (const [name, count] of left) {
            waited.set(
              name,
              name === workflowName || count === 0 ? 0 : (waited.get(name) ?? 0) + 1,
            );
          }
          const longest = Math.max(...waited.values());
          assert.ok(longest < counts.length, `${longest} others went first: ${counts}`);
        }
      },
    ),
    { numRuns: 8, endOnFailure: true },
  );
});
