/** Cancelling, stopping and going on, on a daemon in this process. */

import assert from "node:assert/strict";
import type { ExecutionView } from "../../core/http/api.ts";
import { eventually } from "../support/eventually.ts";
import { makeSlowWorld } from "../support/slow_agent.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { startTestDaemon, type TestDaemon } from "../support/test_daemon.ts";

async function startSlow(daemon: TestDaemon): Promise<string> {
  const response = await daemon.api("/workflows/slow/executions", { method: "POST" });
  return (await response.json() as ExecutionView).execution_id;
}

async function show(daemon: TestDaemon, id: string): Promise<ExecutionView> {
  return await (await daemon.api(`/executions/${id}`)).json() as ExecutionView;
}

Deno.test("cancelling a running execution aborts its step and ends it as cancelled", async () => {
  await using folder = await makeTempFolder();
  const world = await makeSlowWorld(folder.path, 60_000);
  await using daemon = await startTestDaemon(world.environment);
  const id = await startSlow(daemon);
  await eventually(async () => (await world.trace()).includes("begin two"));

  const response = await daemon.api(`/executions/${id}/cancel`, { method: "POST" });
  assert.equal(response.status, 202);
  await response.body?.cancel();
  const ended = await eventually(async () => {
    const view = await show(daemon, id);
    return view.status === "cancelled" && view;
  });
  assert.deepEqual(
    ended.steps?.map(({ name, status }) => [name, status]),
    [["one", "completed"], ["two", "cancelled"], ["three", "pending"]],
  );
  await eventually(async () => (await world.trace()).includes("aborted two"));
});

Deno.test("a stopped daemon leaves what runs, and the next one goes on with it", async () => {
  await using folder = await makeTempFolder();
  const world = await makeSlowWorld(folder.path, 1_500);
  const environment = { ...world.environment, AC100_DATA_DIR: `${folder.path}/data` };
  const first = await startTestDaemon({ ...environment, AC100_SHUTDOWN_SECONDS: "0" });
  const id = await startSlow(first);
  await eventually(async () => (await world.trace()).includes("begin two"));
  const stream = await first.api(`/executions/${id}/events`);
  await first[Symbol.asyncDispose]();
  await stream.text(); // ends with the daemon

  await using second = await startTestDaemon(environment);
  const ended = await eventually(async () => {
    const view = await show(second, id);
    return view.status === "completed" && view;
  }, { withinMs: 10_000 });
  assert.deepEqual(
    ended.steps?.map(({ name, status, attempt }) => [name, status, attempt]),
    [["one", "completed", 1], ["two", "completed", 2], ["three", "completed", 1]],
  );
  const trace = await world.trace();
  assert.equal(trace.filter((line) => line === "begin one").length, 1);
  assert.equal(trace.filter((line) => line === "begin two").length, 2);
});

Deno.test("a pending execution is cancelled at once, without a step", async () => {
  await using folder = await makeTempFolder();
  const world = await makeSlowWorld(folder.path, 60_000);
  await using daemon = await startTestDaemon({ ...world.environment, AC100_MAX_CONCURRENT: "1" });
  const running = await startSlow(daemon);
  const waiting = await startSlow(daemon);
  await eventually(async () => (await world.trace()).includes("begin two"));
  assert.equal((await show(daemon, waiting)).status, "pending");
  await (await daemon.api(`/executions/${waiting}/cancel`, { method: "POST" })).body?.cancel();
  assert.equal((await show(daemon, waiting)).status, "cancelled");
  await (await daemon.api(`/executions/${running}/cancel`, { method: "POST" })).body?.cancel();
  await eventually(async () => (await show(daemon, running)).status === "cancelled");
});
