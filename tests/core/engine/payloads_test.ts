/**
 * Large results: stored in a row of their own, and read by expressions, a later engine and the API.
 */

import assert from "node:assert/strict";
import { inlineLengthMax } from "../../../core/store/sqlite/payloads.ts";
import { parseWorkflows } from "../../../core/workflow/form/parse.ts";
import type { ParsedWorkflow } from "../../../core/workflow/definition.ts";
import { eventually } from "../../support/eventually.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { Gate, tryEngine } from "./engine_trial.ts";

const large = { text: "büyük ".repeat(inlineLengthMax) };

function workflow(text: string): ParsedWorkflow {
  const { workflows: [parsed], problems } = parseWorkflows(text, "trial.yaml");
  assert.deepEqual(problems, []);
  assert.ok(parsed);
  return parsed;
}

const readLater = `name: trial
steps:
  - { name: large, agent: agent, capability: large }
  - { name: wait, agent: agent, capability: wait }
  - name: measure
    agent: agent
    capability: measure
    params: { length: "\${{ steps.large.output.text.size() }}" }
`;

Deno.test("a large result is stored beside its row and read by the next engine", async () => {
  await using temp = await openTempStore();
  const first = await tryEngine(temp.store, {
    agents: { "agent.large": () => large, "agent.wait": (_, signal) => new Gate().pass(signal) },
  });
  const id = await first.start(workflow(readLater));
  await eventually(() => first.asked.includes("agent.wait"));
  await first.engine.close(0);

  const store = await temp.reopen();
  const [row] = await store.database.read(
    `SELECT result, result_ref, size_bytes, length(body) AS packed
     FROM workflow_step_executions JOIN payloads ON payload_id = result_ref`,
  );
  assert.equal(row?.result, null);
  assert.equal(row?.size_bytes, new TextEncoder().encode(JSON.stringify(large)).length);
  assert.ok(Number(row?.packed) < Number(row?.size_bytes) / 10, "it is compressed");

  let measured: unknown;
  await using second = await tryEngine(store, {
    agents: { "agent.wait": () => 1, "agent.measure": ({ length }) => measured = length },
  });
  assert.equal((await second.end(id)).status, "completed");
  assert.equal(measured, large.text.length);

  const { steps: [shown] } = await store.read({ read: "step_views", id });
  assert.deepEqual([shown?.name, shown?.resultBytes], ["large", null]);
  assert.deepEqual(JSON.parse(shown?.result ?? ""), large);
  const whole = await store.read({ read: "step_result", id, step: "large", item: -1 });
  assert.deepEqual(JSON.parse(whole ?? ""), large);
  assert.equal(await store.read({ read: "step_result", id, step: "none", item: -1 }), undefined);
});

Deno.test("a result of over a megabyte is left out of its step and read by itself", async () => {
  await using temp = await openTempStore();
  const huge = { text: "x".repeat(2 ** 20) };
  await using trial = await tryEngine(temp.store, { agents: { "agent.huge": () => huge } });
  const { executionId: id } = await trial.run(workflow(
    "name: trial\nsteps: [{ name: huge, agent: agent, capability: huge }]\n",
  ));
  const { store } = temp;
  const { steps: [shown] } = await store.read({ read: "step_views", id });
  assert.deepEqual([shown?.result, shown?.resultBytes], [null, JSON.stringify(huge).length]);
  assert.deepEqual(
    JSON.parse(await store.read({ read: "step_result", id, step: "huge", item: -1 }) ?? ""),
    huge,
  );
});

Deno.test("a payload is deleted with its execution", async () => {
  await using temp = await openTempStore();
  await using trial = await tryEngine(temp.store, { agents: { "agent.large": () => large } });
  await trial.run(workflow(
    "name: trial\nsteps: [{ name: large, agent: agent, capability: large }]\n",
  ));
  const count = async (): Promise<unknown> =>
    (await temp.store.database.read("SELECT count(*) AS count FROM payloads"))[0]?.count;
  assert.equal(await count(), 1);
  await temp.store.database.write([{ sql: "DELETE FROM workflow_executions", args: [] }]);
  assert.equal(await count(), 0);
});

Deno.test("items are summarised, and listed in pages with their latest attempts", async () => {
  await using temp = await openTempStore();
  const tries = new Map<number, number>();
  await using trial = await tryEngine(temp.store, {
    agents: {
      "agent.each": ({ n }) => {
        const number = Number(n);
        tries.set(number, (tries.get(number) ?? 0) + 1);
        if (number === 3 || (number === 5 && tries.get(5) === 1)) throw new Error("no luck");
        return number === 7 ? large : number;
      },
    },
  });
  const { executionId: id, status } = await trial.run(workflow(`name: trial
steps:
  - name: each
    agent: agent
    capability: each
    for_each: { items: [0, 1, 2, 3, 4, 5, 6, 7], max_parallel: 3 }
    on_error: continue
    retry: { attempts: 2, backoff: 1ms }
    params: { n: "\${{ item }}" }
`));
  assert.equal(status, "completed");
  const { store } = temp;
  const { steps, items: [items] } = await store.read({ read: "step_views", id });
  assert.deepEqual(steps, []);
  assert.deepEqual(
    [items?.begun, items?.completed, items?.failed, items?.running, items?.error?.code],
    [8, 7, 1, 0, "internal"],
  );
  const page = await store.read({ read: "item_views", id, step: "each", fromItem: 2, limit: 4 });
  assert.deepEqual(
    page.map(({ item, attempt, status, result }) => [item, attempt, status, result]),
    [
      [2, 1, "completed", "2"],
      [3, 2, "failed", null],
      [4, 1, "completed", "4"],
      [5, 2, "completed", "5"],
    ],
  );
  const whole = await store.read({ read: "step_result", id, step: "each", item: 7 });
  assert.deepEqual(JSON.parse(whole ?? ""), large);
});
