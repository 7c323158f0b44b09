/**
 * A daemon whose database fails it: another process holds it, its disk is full, it may only be
 * read. What was acknowledged is there in the end, and nobody had to help.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ExecutionView } from "../../core/http/api.ts";
import { startScript } from "../support/child_script.ts";
import {
  type DaemonProcess,
  runDaemonProcess,
  startDaemonProcess,
} from "../support/daemon_process.ts";
import { eventually } from "../support/eventually.ts";
import { makeSlowWorld, type SlowWorld } from "../support/slow_agent.ts";
import { mountSmallDisk, whyNoSmallDisk } from "../support/small_disk.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const whyNoDisk = whyNoSmallDisk();
const ifDisk = whyNoDisk === undefined ? "" : ` (not here: ${whyNoDisk})`;

/** The id of what was acknowledged; what was answered to what was not. */
async function start(daemon: DaemonProcess): Promise<ExecutionView["execution_id"] | Error> {
  const response = await daemon.api("/workflows/slow/executions", { method: "POST" });
  const answer = await response.json();
  if (response.status === 202) return answer.execution_id;
  return new Error(`${response.status} ${answer.code}: ${answer.detail}`);
}

async function startAcknowledged(daemon: DaemonProcess): Promise<string> {
  const id = await start(daemon);
  if (id instanceof Error) throw id;
  return id;
}

async function assertAllComplete(daemon: DaemonProcess, ids: Iterable<string>): Promise<void> {
  for (const id of ids) {
    await eventually(async () => {
      const view = await (await daemon.api(`/executions/${id}`)).json() as ExecutionView;
      return view.status === "completed";
    }, { withinMs: 30_000 });
  }
}

async function assertAllDone(world: SlowWorld, count: number): Promise<void> {
  const trace = await world.trace();
  const done = trace.filter((line) => line === "done three").length;
  assert.ok(done >= count, `${done} of ${count} came to their last step`);
}

Deno.test("a database that another process holds for 10 s costs a restart, and nothing acknowledged", async () => {
  await using folder = await makeTempFolder();
  const world = await makeSlowWorld(folder.path, 200);
  const data = join(folder.path, "data");
  await using daemon = await startDaemonProcess({
    ...world.environment,
    AC100_DATA_DIR: data,
    AC100_SUPERVISE: "1",
  });
  const ids = new Set<string>();
  for (let started = 0; started < 8; started++) ids.add(await startAcknowledged(daemon));
  await eventually(async () => (await world.trace()).includes("begin two"));
  const url = pathToFileURL(join(data, "100ac.db")).href;
  await using _holder = await startScript("store_holder.ts", ["write", url, "10000"]);
  // Whatever it says now counts: what is acknowledged before the lock, between, or after.
  await eventually(async () => {
    const id = await start(daemon).catch((thrown: Error) => thrown);
    if (typeof id === "string") ids.add(id);
    return daemon.starts.length > 1 && typeof id === "string";
  }, { withinMs: 40_000 });
  assert.match(daemon.log, /the store failed; the daemon stops/);
  assert.match(daemon.log, /the daemon died; restarting it/);
  await assertAllComplete(daemon, ids);
  await assertAllDone(world, ids.size);
  assert.equal(await daemon.end("SIGTERM"), 0);
});

Deno.test({
  name:
    `a daemon on a full disk refuses what it can't keep, and goes on when there is room${ifDisk}`,
  ignore: whyNoDisk !== undefined,
  fn: async () => {
    await using folder = await makeTempFolder();
    const world = await makeSlowWorld(folder.path, 700);
    using disk = mountSmallDisk(16);
    await using daemon = await startDaemonProcess({
      ...world.environment,
      AC100_DATA_DIR: join(disk.path, "data"),
    });
    const ids = new Set<string>();
    for (let started = 0; started < 3; started++) ids.add(await startAcknowledged(daemon));
    await eventually(async () => (await world.trace()).includes("begin two"));
    disk.fill();
    // Until the journal's own room is used up, what is acknowledged is kept.
    const refusal = await eventually(async () => {
      const id = await start(daemon);
      if (id instanceof Error) return id.message;
      ids.add(id);
      return undefined;
    }, { withinMs: 30_000 });
    assert.match(refusal, /^503 store_unavailable: Cannot use the database: SQLITE_FULL/);
    await eventually(() => /"execution stopped".*SQLITE_FULL/.test(daemon.log));
    const health = await fetch(`${daemon.url}/health`);
    assert.equal((await health.json()).status, "ok");
    disk.empty();
    ids.add(await startAcknowledged(daemon));
    await assertAllComplete(daemon, ids);
    await assertAllDone(world, ids.size);
    assert.equal(daemon.starts.length, 1, "it went on by itself");
    assert.equal(await daemon.end("SIGTERM"), 0);
  },
});

Deno.test({
  name: `a database that may only be read is told in one line, with exit code 2${ifDisk}`,
  ignore: whyNoDisk !== undefined,
  fn: async () => {
    await using folder = await makeTempFolder();
    const world = await makeSlowWorld(folder.path, 1);
    using disk = mountSmallDisk(16);
    const environment = { ...world.environment, AC100_DATA_DIR: join(disk.path, "data") };
    await using daemon = await startDaemonProcess(environment);
    assert.equal(await daemon.end("SIGTERM"), 0);
    disk.makeReadOnly();
    const { code, stderr } = await runDaemonProcess({ ...environment, AC100_SUPERVISE: "1" });
    assert.match(stderr, /^Cannot open .*100ac\.db.*Read-only file system.*\n$/);
    assert.equal(code, 2);
  },
});
