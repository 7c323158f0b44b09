/** The documented limits of an execution: items, outputs, output kept for expressions. */

import assert from "node:assert/strict";
import { keptLengthMax, resultLengthMax } from "../../../core/engine/decide/evaluate.ts";
import { itemsMax } from "../../../core/workflow/definition.ts";
import { parseWorkflows } from "../../../core/workflow/form/parse.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { tryEngine } from "./engine_trial.ts";

const text = `name: w
inputs:
  l: { type: array, default: [1] }
  size: { type: integer, default: 1 }
steps:
  - { name: each, agent: agent, capability: work, for_each: "\${{ inputs.l }}", params: {
      size: "\${{ inputs.size }}" } }
outputs: { each: "\${{ steps.each.output }}", count: "\${{ size(steps.each.output) }}" }
`;

Deno.test("the error of an execution names the limit it exceeded", async () => {
  await using temp = await openTempStore();
  const { workflows: [workflow] } = parseWorkflows(text, "w.yaml");
  assert(workflow);
  await using trial = await tryEngine(temp.store, {
    agents: { "agent.work": ({ size }) => "x".repeat(Number(size)) },
  });
  const errorOf = async (inputs: Record<string, unknown>): Promise<string> => {
    const { status, error } = await trial.run(workflow, { inputs });
    assert.equal(status, error ? "failed" : "completed");
    return error?.message ?? "";
  };
  assert.equal(await errorOf({}), "");
  assert.match(
    await errorOf({ l: Array(itemsMax + 1).fill(1) }),
    /there are 10001 items, at most 10000 are allowed/,
  );
  assert.match(
    await errorOf({ size: resultLengthMax }),
    /Cannot store the outputs: they have \d+ characters, over 1048576/,
  );
  const large = 8 * 2 ** 20;
  const count = keptLengthMax / large + 1;
  assert.match(
    await errorOf({ l: Array(count).fill(1), size: large }),
    /the outputs that expressions read have over 67108864 characters/,
  );
});
