/** A supervised daemon, as `deno task start` runs it: killed, orphaned, stopped, misconfigured. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { ExecutionView } from "../../core/http/api.ts";
import {
  type DaemonProcess,
  runDaemonProcess,
  startDaemonProcess,
  type StartOptions,
} from "../support/daemon_process.ts";
import { eventually } from "../support/eventually.ts";
import { makeSlowWorld, type SlowWorld } from "../support/slow_agent.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

interface Stage extends AsyncDisposable {
  readonly daemon: DaemonProcess;
  readonly world: SlowWorld;
  readonly executionId: string;
}

/** A supervised daemon in the middle of an execution whose second step takes `ms`. */
async function startInTheMiddle(
  ms: number,
  options?: StartOptions,
): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempFolder());
  const world = await makeSlowWorld(folder.path, ms);
  const daemon = stack.use(
    await startDaemonProcess({
      ...world.environment,
      AC100_DATA_DIR: join(folder.path, "data"),
      AC100_SUPERVISE: "1",
    }, options),
  );
  const response = await daemon.api("/workflows/slow/executions", { method: "POST" });
  const { execution_id: executionId } = await response.json() as ExecutionView;
  await eventually(async () => (await world.trace()).includes("begin two"));
  const owned = stack.move();
  return {
    daemon,
    world,
    executionId,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

Deno.test("a daemon that is killed comes back by itself and finishes what it was at", async () => {
  await using stage = await startInTheMiddle(1_000);
  const { daemon, world, executionId } = stage;
  const [first] = daemon.starts;
  assert.ok(first && first.pid !== daemon.pid);
  Deno.kill(first.pid, "SIGKILL");
  await eventually(() => daemon.starts.length === 2, { withinMs: 10_000 });
  await eventually(async () => {
    const view = await (await daemon.api(`/executions/${executionId}`)).json() as ExecutionView;
    return view.status === "completed";
  }, { withinMs: 15_000 });
  assert.deepEqual(await world.trace(), [
    "begin one",
    "done one",
    "begin two",
    "begin two",
    "done two",
    "begin three",
    "done three",
  ]);
  assert.match(daemon.log, /"the daemon died; restarting it","ended":"SIGKILL"/);
  assert.equal(await daemon.end("SIGTERM"), 0);
});

Deno.test("a daemon stops in order when its supervisor is killed", async () => {
  await using stage = await startInTheMiddle(500);
  const { daemon, world } = stage;
  await daemon.end("SIGKILL");
  await daemon.gone();
  assert.match(daemon.log, /"stopping","why":"its supervisor has ended"/);
  assert.ok((await world.trace()).includes("done three"), "it waited for what was running");
  await assert.rejects(fetch(`${daemon.url}/health`));
});

Deno.test("SIGTERM to the supervisor stops both, with exit code 0", async () => {
  await using stage = await startInTheMiddle(500);
  const { daemon, world } = stage;
  assert.equal(await daemon.end("SIGTERM"), 0);
  await daemon.gone();
  assert.match(daemon.log, /"stopping","why":"SIGTERM"/);
  assert.ok((await world.trace()).includes("done three"));
});

Deno.test("Ctrl-C in a terminal is one request to stop, not two", async () => {
  await using stage = await startInTheMiddle(500, { ownGroup: true });
  const { daemon, world } = stage;
  Deno.kill(-daemon.pid, "SIGINT"); // as a terminal does: to the whole group
  assert.equal(await daemon.code, 0);
  assert.ok((await world.trace()).includes("done three"));
});

Deno.test("a second signal ends both at once", async () => {
  await using stage = await startInTheMiddle(60_000);
  const { daemon } = stage;
  Deno.kill(daemon.pid, "SIGTERM");
  await eventually(() => daemon.log.includes('"stopping"'));
  assert.equal(await daemon.end("SIGTERM"), 130);
  await daemon.gone();
});

Deno.test("what can't start as configured is said once, and not tried again", async (t) => {
  await using folder = await makeTempFolder();
  const refuses = async (
    environment: Readonly<Record<string, string>>,
    words: RegExp,
  ): Promise<void> => {
    const { code, stderr } = await runDaemonProcess({
      AC100_DATA_DIR: folder.path,
      AC100_SUPERVISE: "1",
      ...environment,
    });
    assert.match(stderr, words);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
    assert.equal(code, 2);
  };
  await t.step("the configuration is wrong", async () => {
    await refuses({ AC100_PRT: "1" }, /AC100_PRT: is not a setting; did you mean AC100_PORT\?/);
  });
  await t.step("supervision is neither on nor off", async () => {
    await refuses({ AC100_SUPERVISE: "yes" }, /AC100_SUPERVISE: is not one of 1, 0/);
  });
  await t.step("the port is taken", async () => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const AC100_PORT = String((taken.addr as Deno.NetAddr).port);
    await refuses({ AC100_PORT }, /Cannot listen on 127\.0\.0\.1:\d+: the port is taken/);
  });
});

Deno.test("a daemon with a wedged thread is started anew as soon as it has nothing to do", async () => {
  await using folder = await makeTempFolder({
    "agents/wedge.ts": `import { defineAgent, z } from "100ac";
export default defineAgent({
  id: "wedge",
  description: "Never yields again, where no budget reaches",
  capabilities: {
    hang: { description: "d", input: z.object({}), output: z.unknown(),
      run: async () => { await null; for (;;); } },
  },
});`,
    "workflows/hang.yaml": "name: hang\nsteps: [{ name: one, agent: wedge, capability: hang }]\n",
  });
  await using daemon = await startDaemonProcess({
    AC100_ISOLATION: "thread",
    AC100_DATA_DIR: join(folder.path, "data"),
    AC100_AGENTS_DIR: join(folder.path, "agents"),
    AC100_WORKFLOWS_DIR: join(folder.path, "workflows"),
    AC100_WATCHDOG_SECONDS: "1",
    AC100_SUPERVISE: "1",
  });
  const response = await daemon.api("/workflows/hang/executions", { method: "POST" });
  const { execution_id: id } = await response.json() as ExecutionView;
  const view = await eventually(async () => {
    const view = await (await daemon.api(`/executions/${id}`)).json() as ExecutionView;
    return view.status === "failed" && view;
  });
  assert.equal(view.error?.code, "host_wedged");
  const system = await (await daemon.api("/system")).json();
  assert.equal(system.status, "degraded");
  assert.equal(system.wedged_threads, 1);
  await eventually(() => daemon.starts.length === 2, { withinMs: 15_000 });
  assert.match(daemon.log, /1 threads are wedged and the daemon is idle/);
  const healthy = await eventually(async () => (await daemon.api("/system")).json());
  assert.equal(healthy.wedged_threads, 0);
});
