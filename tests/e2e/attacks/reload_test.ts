/** Large workflow files, many at once: the daemon answers while it reads and checks them. */

import assert from "node:assert/strict";
import type { WorkflowView } from "../../../core/http/api.ts";
import { eventually } from "../../support/eventually.ts";
import { probeDuring } from "../../support/fairness/prober.ts";
import { openFairWorld } from "../../support/fairness/world.ts";

interface Answer {
  readonly workflows: readonly WorkflowView[];
}

const filesCount = 12;
const workflowsOfFile = 10;

function fileOf(place: number): string {
  const steps = Array.from({ length: 150 }, (_, n) => ({
    name: `s${n}`,
    agent: "hog",
    capability: "idle",
    needs: [],
    params: { ms: "${{ inputs.n + 1.0 * inputs.n }}" },
    when: "inputs.n > 1.0 && inputs.n < 5.0",
  }));
  const workflows = Array.from({ length: workflowsOfFile }, (_, n) => {
    return { name: `large_${place}_${n}`, inputs: { n: { type: "number" } }, steps };
  });
  return JSON.stringify({ workflows });
}

Deno.test("the daemon answers while it reads a folder of large files", async () => {
  await using world = await openFairWorld();
  const { daemon, folder } = world;
  for (let place = 0; place < filesCount; place++) {
    await folder.write(`workflows/large_${place}.yaml`, fileOf(place));
  }
  const { health, agent, failures, ms } = await probeDuring(
    daemon,
    1,
    () =>
      eventually(async () => {
        const { workflows } = await (await daemon.api("/workflows")).json() as Answer;
        return workflows.length > filesCount * workflowsOfFile;
      }, { withinMs: 30_000 }),
  );
  assert.deepEqual(failures, []);
  assert.ok(health.max < ms / 4, `/health took ${health.max} ms of ${ms}`);
  assert.ok(agent.max < ms / 4, `the healthy agent took ${agent.max} ms of ${ms}`);
});
