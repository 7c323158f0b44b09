/** `workflow run --as-of` from the control plane to the agents and back. */

import assert from "node:assert/strict";
import type { ExecutionView } from "../../../../core/http/api.ts";
import { eventually } from "../../../support/eventually.ts";
import { makeTempFolder } from "../../../support/temp_folder.ts";
import { startTestDaemon } from "../../../support/test_daemon.ts";

const clock = `import { defineAgent, z } from "100ac";
export default defineAgent({ id: "clock", description: "d", capabilities: {
  read: { description: "d", input: z.object({}), output: z.object({ now: z.string() }),
    run: () => ({ now: new Date().toISOString() }) },
} });
`;
const workflow = `name: timely
inputs: { as_of: { type: string, default: "an input" } }
steps: [{ name: read, agent: clock, capability: read }]
outputs: { now: "\${{ steps.read.output.now }}", input: "\${{ inputs.as_of }}" }
`;

Deno.test("an execution is started as of an instant, and shows it", async () => {
  await using folder = await makeTempFolder({
    "agents/clock.ts": clock,
    "workflows/timely.yaml": workflow,
  });
  await using daemon = await startTestDaemon({
    AC100_AGENTS_DIR: `${folder.path}/agents`,
    AC100_WORKFLOWS_DIR: `${folder.path}/workflows`,
  });
  const start = async (query: string): Promise<Response> =>
    await daemon.api(`/workflows/timely/executions${query}`, { method: "POST" });
  const started = await (await start("?as_of=2026-03-01T21:00:00Z")).json() as ExecutionView;
  assert.equal(started.as_of, "2026-03-01T21:00:00.000Z");
  const ended = await eventually(async () => {
    const view = await (await daemon.api(`/executions/${started.execution_id}`)).json();
    return (view as ExecutionView).completed_at === null ? undefined : view as ExecutionView;
  });
  assert.deepEqual(ended.outputs, { now: "2026-03-01T21:00:00.000Z", input: "an input" });
  assert.equal(ended.as_of, "2026-03-01T21:00:00.000Z");
  assert.equal((await daemon.run("timely")).as_of, null);

  const refusals = {
    "?as_of=yesterday": /its as_of is no instant: "yesterday"; write it like/,
    "?as_of=2999-01-01T00:00:00Z": /2999-01-01T00:00:00.000Z is in the future; use a past one/,
  };
  for (const [query, detail] of Object.entries(refusals)) {
    const refused = await start(query);
    const problem = await refused.json() as { code: string; detail: string };
    assert.deepEqual([refused.status, problem.code], [400, "invalid_input"]);
    assert.match(problem.detail, detail);
  }
});
