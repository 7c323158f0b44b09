/**
 * A daemon that is told to stop while something takes too long: the grace, and what a second
 * signal does; alone and under its supervisor. Whatever is left goes on in the next daemon.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { ExecutionView } from "../../core/http/api.ts";
import { type DaemonProcess, startDaemonProcess } from "../support/daemon_process.ts";
import { eventually } from "../support/eventually.ts";
import { makeSlowWorld } from "../support/slow_agent.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

/** Longer than the grace, short enough to be waited for once. */
const stepMs = 2_000;

const supervisions = [["alone", "0"], ["under its supervisor", "1"]] as const;

/** Starts the slow workflow, and another execution that waits behind it. */
async function startTwo(daemon: DaemonProcess): Promise<string[]> {
  const ids: string[] = [];
  for (let count = 0; count < 2; count++) {
    const response = await daemon.api("/workflows/slow/executions", { method: "POST" });
    ids.push((await response.json() as ExecutionView).execution_id);
  }
  return ids;
}

async function assertComplete(daemon: DaemonProcess, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const view = await eventually(async () => {
      const view = await (await daemon.api(`/executions/${id}`)).json() as ExecutionView;
      return view.completed_at !== null && view;
    }, { withinMs: 30_000 });
    assert.equal(view.status, "completed");
  }
}

for (const [how, supervise] of supervisions) {
  Deno.test(`${how}, a daemon whose grace is over stops its agents, and loses nothing`, async () => {
    await using folder = await makeTempFolder();
    const world = await makeSlowWorld(folder.path, stepMs);
    const environment = {
      ...world.environment,
      AC100_DATA_DIR: join(folder.path, "data"),
      AC100_MAX_CONCURRENT: "1",
      AC100_SHUTDOWN_SECONDS: "1",
      AC100_SUPERVISE: supervise,
    };
    let ids: string[] = [];
    {
      await using daemon = await startDaemonProcess(environment);
      ids = await startTwo(daemon);
      await eventually(async () => (await world.trace()).includes("begin two"));
      assert.equal(await daemon.end("SIGTERM"), 0);
      await daemon.gone();
      assert.match(daemon.log, /"stopping","why":"SIGTERM","waits_up_to_seconds":1/);
    }
    // its agent was told, and nothing was begun after it
    assert.deepEqual(await world.trace(), ["begin one", "done one", "begin two", "aborted two"]);
    await using next = await startDaemonProcess(environment);
    await assertComplete(next, ids);
    const trace = await world.trace();
    assert.equal(trace.filter((line) => line === "done one").length, 2, "no step is done again");
    assert.equal(trace.filter((line) => line === "done three").length, 2);
  });

  Deno.test(`${how}, a second signal stops a daemon at once, and loses nothing`, async () => {
    await using folder = await makeTempFolder();
    const world = await makeSlowWorld(folder.path, stepMs);
    const environment = {
      ...world.environment,
      AC100_DATA_DIR: join(folder.path, "data"),
      AC100_MAX_CONCURRENT: "1",
      AC100_SHUTDOWN_SECONDS: "600",
      AC100_SUPERVISE: supervise,
    };
    let ids: string[] = [];
    {
      await using daemon = await startDaemonProcess(environment);
      ids = await startTwo(daemon);
      await eventually(async () => (await world.trace()).includes("begin two"));
      Deno.kill(daemon.pid, "SIGINT");
      await eventually(() => daemon.log.includes('"stopping"'));
      assert.equal(await daemon.end("SIGTERM"), 130);
      await daemon.gone();
    }
    assert.deepEqual(await world.trace(), ["begin one", "done one", "begin two"]);
    await using next = await startDaemonProcess(environment);
    await assertComplete(next, ids);
  });
}
