/** Slow expressions, many of them: the daemon answers between them, and stops when it is asked. */

import assert from "node:assert/strict";
import { attackNamed } from "../../support/fairness/attacks.ts";
import { probeAttack, start } from "../../support/fairness/prober.ts";
import { openFairWorld } from "../../support/fairness/world.ts";

Deno.test("the daemon answers between the slow expressions of items, steps and executions", async (t) => {
  await using world = await openFairWorld();
  for (const name of ["items", "whens", "executions"]) {
    await t.step(name, async () => {
      const { health, agent, failures, ms, healthDuring, ends } = await probeAttack(
        world.daemon,
        attackNamed(name),
        2,
      );
      assert.deepEqual(new Set(ends.map(({ status }) => status)), new Set(["completed"]));
      assert.deepEqual(failures, []);
      assert.ok(ms > 1_500, `the expressions took ${ms} ms`);
      assert.ok(healthDuring > ms / 100, `/health was answered ${healthDuring} times in ${ms} ms`);
      assert.ok(health.p99 < ms / 4, `/health took ${health.p99} ms`);
      assert.ok(agent.p99 < ms / 4, `the healthy agent took ${agent.p99} ms`);
    });
  }
});

Deno.test("a daemon asked to stop does not wait for slow expressions", async () => {
  await using world = await openFairWorld({ AC100_SHUTDOWN_SECONDS: "1" });
  const { daemon } = world;
  await start(daemon, "many_whens");
  const askedAtMs = performance.now();
  assert.equal(await daemon.end("SIGTERM"), 0);
  const ms = performance.now() - askedAtMs;
  assert.ok(ms < 5_000, `it took ${ms} ms`);
  assert.doesNotMatch(daemon.log, /"level":"error"/);
});
