/** Workflows take turns, through a whole engine: a flood of one holds up no other. */

import assert from "node:assert/strict";
import { Turns } from "../../../core/engine/turns.ts";
import { eventually } from "../../support/eventually.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { Gate, tryEngine, workflowOf } from "./engine_trial.ts";

Deno.test("what comes after a flood begins with the next place that is free, not after it", async () => {
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

Deno.test("Turns remembers the workflows served last, in order, and no more of them", () => {
  const turns = new Turns();
  for (let number = 0; number < 1_500; number++) turns.serve(`w_${number}`);
  turns.serve("w_600");
  const { served } = turns;
  assert.equal(Object.keys(served).length, 1_000);
  assert.equal(served["w_499"], undefined);
  assert.ok((served["w_600"] ?? 0) > (served["w_1499"] ?? 0));
});
