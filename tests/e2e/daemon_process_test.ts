/** The daemon as a process: killed in the middle, stopped by signals, refusing to start. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { ExecutionView } from "../../core/http/api.ts";
import { runDaemonProcess, startDaemonProcess } from "../support/daemon_process.ts";
import { eventually } from "../support/eventually.ts";
import { makeSlowWorld } from "../support/slow_agent.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

Deno.test("an execution outlives kill -9 of its daemon, and no completed step runs again", async () => {
  await using folder = await makeTempFolder();
  const world = await makeSlowWorld(folder.path, 1_000);
  const environment = { ...world.environment, AC100_DATA_DIR: join(folder.path, "data") };
  let id = "";
  {
    await using first = await startDaemonProcess(environment);
    const started = await first.api("/workflows/slow/executions", { method: "POST" });
    ({ execution_id: id } = await started.json() as ExecutionView);
    await eventually(async () => (await world.trace()).includes("begin two"));
    await first.end("SIGKILL");
  }
  await using second = await startDaemonProcess(environment);
  const ended = await eventually(async () => {
    const view = await (await second.api(`/executions/${id}`)).json() as ExecutionView;
    return view.status === "completed" && view;
  }, { withinMs: 15_000 });
  assert.deepEqual(
    ended.steps?.map(({ name, attempt, status }) => [name, attempt, status]),
    [["one", 1, "completed"], ["two", 2, "completed"], ["three", 1, "completed"]],
  );
  assert.deepEqual(await world.trace(), [
    "begin one",
    "done one",
    "begin two",
    "begin two",
    "done two",
    "begin three",
    "done three",
  ]);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} stops a daemon with exit code 0 after what runs has ended`, async () => {
    await using folder = await makeTempFolder();
    const world = await makeSlowWorld(folder.path, 500);
    await using daemon = await startDaemonProcess({
      ...world.environment,
      AC100_DATA_DIR: join(folder.path, "data"),
    });
    const started = await daemon.api("/workflows/slow/executions", { method: "POST" });
    await started.body?.cancel();
    await eventually(async () => (await world.trace()).includes("begin two"));
    assert.equal(await daemon.end(signal), 0);
    assert.ok((await world.trace()).includes("done three"));
  });
}

Deno.test("a daemon that can't start as configured says why in one line and exits with 2", async (t) => {
  await using folder = await makeTempFolder();
  const data = join(folder.path, "data");
  await using running = await startDaemonProcess({ AC100_DATA_DIR: data });

  const refuses = async (
    environment: Readonly<Record<string, string>>,
    words: RegExp,
  ): Promise<void> => {
    const { code, stderr } = await runDaemonProcess(environment);
    assert.match(stderr, words);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
    assert.equal(code, 2);
  };
  await t.step("the database is in use by another daemon", async () => {
    await refuses({ AC100_DATA_DIR: data }, /Cannot open database .*another daemon uses it/);
  });
  await t.step("the port is taken", async () => {
    await refuses({
      AC100_DATA_DIR: join(folder.path, "other"),
      AC100_PORT: new URL(running.url).port,
    }, /Cannot listen on 127\.0\.0\.1:\d+: the port is taken; set AC100_PORT/);
  });
  await t.step("the database is none", async () => {
    const broken = join(folder.path, "broken");
    await Deno.mkdir(broken);
    await Deno.writeTextFile(join(broken, "100ac.db"), "not a database, but long ".repeat(100));
    await refuses({ AC100_DATA_DIR: broken }, /Cannot open database .*file is not a database/);
  });
  await t.step("the database can't be read", async () => {
    const blocked = join(folder.path, "blocked");
    await Deno.mkdir(join(blocked, "100ac.db"), { recursive: true });
    await refuses({ AC100_DATA_DIR: blocked }, /Cannot open database/);
  });
  await t.step("the configuration is wrong", async () => {
    await refuses({ AC100_PRT: "1" }, /AC100_PRT: is not a setting; did you mean AC100_PORT\?/);
  });
  await t.step("the agents folder is missing", async () => {
    await refuses({
      AC100_DATA_DIR: join(folder.path, "third"),
      AC100_AGENTS_DIR: join(folder.path, "nowhere"),
    }, /Cannot read the agents folder .*AC100_AGENTS_DIR/);
  });
  await t.step("it was given arguments", async () => {
    const { code, stderr } = await runDaemonProcess({}, ["--port", "3"]);
    assert.match(stderr, /Cannot start with "--port": the daemon takes no arguments/);
    assert.equal(code, 2);
  });
  await t.step("the running one was not disturbed", async () => {
    const response = await fetch(`${running.url}/health`);
    assert.equal((await response.json()).status, "ok");
  });
});
