/** Executions over HTTP: pages of items, results alone, and what is refused. */

import assert from "node:assert/strict";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { startTestDaemon } from "../../support/test_daemon.ts";

const workflowText = `name: many
steps:
  - name: each
    agent: test_agent
    capability: echo
    for_each: { items: [0, 1, 2, 3, 4], max_parallel: 5 }
    params: { message: "item \${{ item }}" }
  - name: one
    agent: test_agent
    capability: echo
    params: { message: "\${{ steps.each.output[4].message }}" }
`;

Deno.test("items come page by page, and a result alone", async (t) => {
  await using folder = await makeTempFolder({ "many.yaml": workflowText });
  await using daemon = await startTestDaemon({ AC100_WORKFLOWS_DIR: folder.path });
  const execution = await daemon.run("many");
  const path = `/executions/${execution.execution_id}/steps`;
  assert.deepEqual(execution.steps?.map(({ status, items, result }) => [status, items, result]), [
    ["completed", { begun: 5, completed: 5, failed: 0, running: 0 }, null],
    ["completed", undefined, { message: "item 4" }],
  ]);

  await t.step("a page begins where it is told to", async () => {
    const { items } = await (await daemon.api(`${path}/each/items?from=3&limit=1`)).json();
    assert.deepEqual(
      items.map(({ item, result }: { item: number; result: unknown }) => [item, result]),
      [[3, { message: "item 3" }]],
    );
    const rest = await (await daemon.api(`${path}/each/items?from=4`)).json();
    assert.equal(rest.items.length, 1);
  });
  await t.step("a result is its JSON", async () => {
    assert.deepEqual(await (await daemon.api(`${path}/one/result`)).json(), { message: "item 4" });
    const item = await daemon.api(`${path}/each/result?item=2`);
    assert.equal(item.headers.get("content-type"), "application/json");
    assert.deepEqual(await item.json(), { message: "item 2" });
  });
  await t.step("what is not there, or no number, is refused with its reason", async () => {
    for (
      const [asked, status, code] of [
        [`${path}/each/result`, 404, "unknown_step"],
        [`${path}/none/result`, 404, "unknown_step"],
        [`${path}/each/items?limit=0`, 400, "invalid_input"],
        [`${path}/each/items?from=x`, 400, "invalid_input"],
        ["/executions/none/steps/each/items", 404, "unknown_execution"],
      ] as const
    ) {
      const response = await daemon.api(asked);
      const problem = await response.json();
      assert.deepEqual([response.status, problem.code], [status, code], asked);
    }
  });
});
