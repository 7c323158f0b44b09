/** Values nested so deep that they can be parsed, but not always written as JSON again. */

import assert from "node:assert/strict";
import { endOf, start } from "../../support/fairness/prober.ts";
import { openFairWorld } from "../../support/fairness/world.ts";

Deno.test("a deep input is refused, a deep output fails its execution, and the list is shown", async () => {
  await using world = await openFairWorld();
  const { daemon } = world;
  const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
  const refused = await daemon.api("/workflows/items/executions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: `{"list":${deep}}`,
  });
  assert.equal(refused.status, 400);
  assert.match(await refused.text(), /must not nest over 200 levels/);
  const { status, error } = await endOf(daemon, await start(daemon, "deep_output"));
  assert.equal(status, "failed");
  assert.match(String(error?.message), /it gives a value of over 200 levels/);
  const list = await daemon.api("/executions");
  assert.equal(list.status, 200);
  await list.body?.cancel();
});
