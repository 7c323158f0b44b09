/** Agents that hold the thread of their host: others have their turn, and who loops moves. */

import assert from "node:assert/strict";
import type { AgentView } from "../../../core/http/agents_api.ts";
import type { DaemonProcess } from "../../support/daemon_process.ts";
import { eventually } from "../../support/eventually.ts";
import { attackNamed } from "../../support/fairness/attacks.ts";
import { endOf, probeAttack, start } from "../../support/fairness/prober.ts";
import { openFairWorld } from "../../support/fairness/world.ts";

const withinMs = 15_000;

async function agentOf(daemon: DaemonProcess, id: string): Promise<AgentView> {
  return await (await daemon.api(`/agents/${id}`)).json() as AgentView;
}

async function run(daemon: DaemonProcess, workflow: string, inputs = {}): Promise<string> {
  const { status, error } = await endOf(daemon, await start(daemon, workflow, inputs));
  return error?.message ?? status;
}

Deno.test("requests that each keep to the budget do not wedge their host together", async () => {
  await using world = await openFairWorld({ AC100_WATCHDOG_SECONDS: "3" });
  const { daemon } = world;
  const order: string[] = [];
  const holding = probeAttack(daemon, attackNamed("holds"), 1).then((probed) => {
    order.push("attack");
    return probed;
  });
  const neighbour = run(daemon, "listener_listen").then((end) => order.push(`neighbour ${end}`));
  const { ends, failures, ms } = await holding;
  await neighbour;
  assert.deepEqual(ends.map(({ status }) => status), ["completed"]);
  assert.ok(ms > 7_000, "together they take longer than the watchdog waits");
  assert.deepEqual(failures, []);
  assert.deepEqual(order, ["neighbour completed", "attack"]);
  assert.doesNotMatch(daemon.log, /host is lost/);
});

Deno.test("an event handler that loops is known as what holds its host", async () => {
  await using world = await openFairWorld({ AC100_WATCHDOG_SECONDS: "2" });
  const { daemon } = world;
  await run(daemon, "listener_listen");
  const { host } = await agentOf(daemon, "listener");
  assert.equal(host, (await agentOf(daemon, "hog")).host, "they share a host");
  assert.equal(await run(daemon, "tap", { topic: "fair.loop_late" }), "completed");
  const moved = await eventually(async () => {
    const listener = await agentOf(daemon, "listener");
    return listener.isolation === "process" && listener;
  }, { withinMs });
  assert.equal(moved.status === "failed", false);
  assert.equal((await agentOf(daemon, "hog")).isolation, "thread");
  assert.equal(await run(daemon, "warm"), "completed");
});

Deno.test("errors that loop when they are read cost their host nothing but a moment", async () => {
  await using world = await openFairWorld({ AC100_WATCHDOG_SECONDS: "2" });
  const { daemon } = world;
  assert.match(await run(daemon, "listener_fail"), /held its host's thread for over 1 s/);
  const { host } = await agentOf(daemon, "hog");
  const reasons: Readonly<Record<string, RegExp>> = {
    "fair.loop_now": /held its host's thread for over 1 s/,
    "fair.throw": /reading its message took too long/,
    "fair.reject": /"reason":"reading its message took too long"/,
    "fair.reject_stack": /"reason":"looping"/,
  };
  for (const [topic, reason] of Object.entries(reasons)) {
    const before = daemon.log.length;
    assert.equal(await run(daemon, "tap", { topic }), "completed");
    await eventually(() => reason.test(daemon.log.slice(before)), { withinMs });
  }
  assert.equal((await agentOf(daemon, "hog")).host, host);
  assert.equal((await agentOf(daemon, "listener")).host, host);
  assert.equal(await run(daemon, "listener_listen"), "completed");
});
