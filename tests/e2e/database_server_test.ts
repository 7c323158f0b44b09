/** Daemons as processes whose database is on a libSQL server: killed, cut off, and two at once. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import type { ExecutionView } from "../../core/http/api.ts";
import { exitCodes } from "../../core/supervisor.ts";
import {
  type DaemonProcess,
  runDaemonProcess,
  startDaemonProcess,
} from "../support/daemon_process.ts";
import { eventually } from "../support/eventually.ts";
import { type HranaServer, startHranaServer } from "../support/hrana_server.ts";
import { makeSlowWorld, type SlowWorld } from "../support/slow_agent.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const endMsMax = 15_000;

interface Trial extends AsyncDisposable {
  readonly server: HranaServer;
  readonly world: SlowWorld;
  /** For a daemon with a data folder of its own. */
  environment(name: string): Readonly<Record<string, string>>;
}

async function openTrial(stepMs: number): Promise<Trial> {
  const folder = await makeTempFolder();
  const world = await makeSlowWorld(folder.path, stepMs);
  const server = startHranaServer({
    path: join(folder.path, "served.db"),
    token: "only daemons know it",
  });
  return {
    server,
    world,
    environment: (name) => ({
      ...world.environment,
      AC100_DATA_DIR: join(folder.path, name),
      AC100_DATABASE_URL: `${server.url}?authToken=only%20daemons%20know%20it`,
    }),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function start(daemon: DaemonProcess): Promise<string> {
  const response = await daemon.api("/workflows/slow/executions", { method: "POST" });
  assert.equal(response.status, 202);
  return (await response.json() as ExecutionView).execution_id;
}

function completed(daemon: DaemonProcess, id: string): Promise<ExecutionView> {
  return eventually(async () => {
    const view = await (await daemon.api(`/executions/${id}`)).json() as ExecutionView;
    return view.status === "completed" && view;
  }, { withinMs: endMsMax });
}

function attempts({ steps }: ExecutionView): unknown {
  return steps?.map(({ name, attempt, status }) => `${name}/${attempt} ${status}`);
}

Deno.test("an execution on a server outlives kill -9 of its daemon, once its lease has run out", async () => {
  await using trial = await openTrial(1_000);
  let id = "";
  {
    await using first = await startDaemonProcess(trial.environment("first"));
    id = await start(first);
    await eventually(async () => (await trial.world.trace()).includes("begin two"));
    await first.end("SIGKILL");
  }
  await using second = await startDaemonProcess(trial.environment("first"));
  // No lock proves to it that the first one is dead: it goes by the lease, which holds 30 s.
  const client = createClient({ url: trial.environment("first").AC100_DATABASE_URL ?? "" });
  const sql = "UPDATE workflow_executions SET lease_expires_at = 0 WHERE lease_owner IS NOT NULL";
  assert.equal((await client.execute(sql)).rowsAffected, 1);
  client.close();
  const ended = await completed(second, id);
  assert.deepEqual(attempts(ended), ["one/1 completed", "two/2 completed", "three/1 completed"]);
  assert.equal((await trial.world.trace()).filter((line) => line === "begin one").length, 1);
  const view = await (await second.api("/system")).json() as { readonly database: string };
  assert.equal(view.database, trial.server.url);
  assert.ok(!second.log.includes("daemons know"), "the token is not logged");
});

Deno.test("a daemon whose server goes away goes on as soon as it is back", async () => {
  await using trial = await openTrial(500);
  await using daemon = await startDaemonProcess(trial.environment("data"));
  const id = await start(daemon);
  await eventually(async () => (await trial.world.trace()).includes("begin two"));
  await trial.server.stop();
  await eventually(async () => (await trial.world.trace()).includes("done two"));
  await eventually(async () => {
    const response = await daemon.api("/workflows/slow/executions", { method: "POST" });
    await response.body?.cancel();
    return response.status === 503;
  });
  trial.server.restart();
  assert.equal((await completed(daemon, id)).status, "completed");
  assert.equal((await trial.world.trace()).filter((line) => line === "begin one").length, 1);
});

Deno.test("two daemons on one server do each execution once", async () => {
  await using trial = await openTrial(1);
  await using one = await startDaemonProcess(trial.environment("one"));
  await using two = await startDaemonProcess(trial.environment("two"));
  const ids = await Promise.all([one, two, one, two, one, two, one, two].map(start));
  for (const id of ids) {
    const ended = await completed(one, id);
    assert.deepEqual(attempts(ended), ["one/1 completed", "two/1 completed", "three/1 completed"]);
  }
  const trace = await trial.world.trace();
  assert.equal(trace.filter((line) => line === "begin two").length, ids.length);
});

Deno.test("a daemon whose server is away ends with a code after which it is started again", async () => {
  await using trial = await openTrial(1);
  const environment = trial.environment("data");
  await trial.server.stop();
  const { code, stderr } = await runDaemonProcess(environment);
  assert.match(
    stderr,
    /^Cannot open database "http:.*: .*; start its server, or set AC100_DATABASE/,
  );
  assert.ok(!stderr.includes("daemons"), "the token is not shown");
  assert.equal(code, 1);
  trial.server.restart();
  const wrong = { ...environment, AC100_DATABASE_URL: `${trial.server.url}?authToken=wrong` };
  const refused = await runDaemonProcess(wrong);
  assert.match(refused.stderr, /Authentication failed; check the address and its authToken/);
  assert.equal(refused.code, exitCodes.misconfigured);
});
