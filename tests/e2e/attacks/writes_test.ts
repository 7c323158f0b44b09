/** Large writes, many at once: the daemon answers between them. */

import assert from "node:assert/strict";
import { attackNamed } from "../../support/fairness/attacks.ts";
import { probeAttack } from "../../support/fairness/prober.ts";
import { openFairWorld } from "../../support/fairness/world.ts";

Deno.test("the daemon answers while an agent caches 200 MB at once", async () => {
  await using world = await openFairWorld();
  const { health, agent, failures, ms, healthDuring, ends } = await probeAttack(
    world.daemon,
    attackNamed("cache"),
    2,
  );
  assert.deepEqual(ends.map(({ status }) => status), ["completed"]);
  assert.deepEqual(failures, []);
  assert.ok(healthDuring > ms / 200, `/health was answered ${healthDuring} times in ${ms} ms`);
  assert.ok(health.p50 < ms / 20, `/health took ${health.p50} ms of ${ms}`);
  assert.ok(agent.p50 < ms / 20, `the healthy agent took ${agent.p50} ms of ${ms}`);
});
