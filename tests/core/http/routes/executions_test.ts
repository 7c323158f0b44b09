/** Executions over HTTP: pages of items, results alone, and what is refused. */

import assert from "node:assert/strict";
import type { ExecutionsAnswer } from "../../../../core/http/api.ts";
import { makeTempFolder } from "../../../support/temp_folder.ts";
import { startTestDaemon } from "../../../support/test_daemon.ts";

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

Deno.test("history comes page by page, of a status, and refuses what is no cursor", async () => {
  await using daemon = await startTestDaemon();
  for (let times = 0; times < 3; times++) await daemon.run("simple_test");
  const page = async (query: string): Promise<ExecutionsAnswer> =>
    await (await daemon.api(`/executions?${query}`)).json();
  const first = await page("limit=2&status=completed");
  const rest = await page(`limit=2&status=completed&cursor=${first.next_cursor}`);
  assert.equal(first.executions.length, 2);
  assert.deepEqual([rest.executions.length, rest.next_cursor], [1, null]);
  assert.ok(String(rest.executions[0]?.execution_id) < String(first.next_cursor));
  assert.deepEqual((await page("status=failed")).executions, []);
  assert.equal((await page("limit=3")).next_cursor, null, "a full page may be the last");
  for (const query of ["cursor=later", "status=done", "limit=many"]) {
    const response = await daemon.api(`/executions?${query}`);
    assert.equal((await response.json()).code, "invalid_input", query);
  }
});
