import assert from "node:assert/strict";
import { runCli } from "../../../core/cli/main.ts";
import type { Terminal } from "../../../core/cli/terminal.ts";
import {
  anAgent,
  anExecution,
  aStep,
  eventStream,
  problem,
  type Route,
  startFakeDaemon,
} from "./fake_daemon.ts";
import { plainLook } from "./plain_look.ts";

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(
  line: string,
  routes: Readonly<Record<string, Route>> = {},
  isLive = false,
): Promise<Outcome> {
  await using daemon = startFakeDaemon(routes);
  let out = "";
  let err = "";
  const terminal: Terminal = {
    writeOut: (text) => void (out += text),
    writeErr: (text) => void (err += text),
    look: () => plainLook(),
    isLive,
  };
  const env: Readonly<Record<string, string>> = {
    AC100_URL: daemon.url,
    AC100_TOKEN: daemon.token,
  };
  const code = await runCli(line.split(" ").filter(Boolean), terminal, (name) => env[name]);
  return { code, out, err };
}

function routesOf(execution: ReturnType<typeof anExecution>): Record<string, Route> {
  return {
    "POST /workflows/simple_test/executions": () =>
      Response.json(anExecution({ status: "pending" }), { status: 202 }),
    [`GET /executions/${execution.execution_id}/events`]: () =>
      eventStream([{ kind: "execution", execution }]),
  };
}

const completed = anExecution({ status: "completed", steps: [aStep()] });
const error = { code: "source_down", message: "Yahoo is down" } as const;
const failed = anExecution({
  status: "failed",
  error,
  steps: [aStep({ status: "failed", error })],
});

Deno.test("runCli() exits with 0 when all went well", async () => {
  const { code, out, err } = await run("workflow run simple_test", routesOf(completed));
  assert.equal(code, 0);
  assert.match(out, /^✓ Workflow 'simple_test' completed successfully\n/);
  assert.equal(err, "", "no progress without a terminal");
});

Deno.test("runCli() draws progress on a terminal, apart from the result", async () => {
  const { out, err } = await run("workflow run simple_test --json", routesOf(completed), true);
  assert.match(err, /is waiting in the queue/);
  assert.deepEqual(JSON.parse(out), completed);
});

Deno.test("runCli() exits with 1 when an execution failed or a part is ill", async () => {
  const execution = await run("workflow run simple_test", routesOf(failed));
  assert.equal(execution.code, 1);
  assert.match(execution.out, /✗ Yahoo is down/);
  const report = { ok: false, checks: [] };
  const health = await run("system health", { "GET /system/health": () => Response.json(report) });
  assert.equal(health.code, 1);
});

Deno.test("runCli() exits with 2 for a wrong command line or configuration", async () => {
  assert.equal((await run("agent lst")).code, 2);
  assert.equal((await run("agent list --url ftp://x")).code, 2);
  const { code, out, err } = await run("");
  assert.equal(code, 2);
  assert.equal(out, "");
  assert.match(err, /Usage:/);
});

Deno.test("runCli() exits with 3 when no daemon answers", async () => {
  const { code, err } = await run("agent list --url http://127.0.0.1:1");
  assert.equal(code, 3);
  assert.equal(
    err,
    "✗ No daemon answers at http://127.0.0.1:1; start one with: deno task start\n",
  );
});

Deno.test("runCli() exits with 4 when the daemon refuses", async () => {
  const { code, out, err } = await run("workflow run nix", {
    "POST /workflows/nix/executions": () =>
      problem("unknown_workflow", 'Cannot find workflow "nix": no file has it', 404),
  });
  assert.equal(code, 4);
  assert.equal(out, "");
  assert.equal(err, '✗ Cannot find workflow "nix": no file has it\n');
});

Deno.test("runCli() in a compiled program says where files of a daemon are restored", async () => {
  for (const line of ["system restore a.db", "system backup --file a.db"]) {
    const { code, err } = await run(line);
    assert.equal(code, 4);
    assert.match(err, /the compiled program, which only asks daemons; in the project's folder/);
  }
  const { code, err } = await run("system backup a.db --file b.db");
  assert.equal(code, 2);
  assert.match(err, /NAME and --file: give one of them/);
});

Deno.test("runCli() prints help with exit code 0", async () => {
  const { code, out } = await run("workflow run --help");
  assert.equal(code, 0);
  assert.match(out, /Usage: 100ac workflow run NAME/);
});

Deno.test("runCli() with --detach returns at once", async () => {
  const { code, out } = await run("workflow run simple_test --detach", routesOf(completed));
  assert.equal(code, 0);
  assert.match(out, /^✓ Workflow 'simple_test' started\nExecution ID: /);
});

Deno.test("runCli() with --timeout leaves the execution running", async () => {
  const routes = routesOf(anExecution());
  const held: Route = () => eventStream([], { end: false });
  routes[`GET /executions/${completed.execution_id}/events`] = held;
  const { code, err } = await run("workflow run simple_test --timeout 1", routes);
  assert.equal(code, 1);
  assert.match(err, /not ended within 1 s; it continues; see 100ac execution show \S+/);
});

Deno.test("runCli() prints with --json what the daemon answered, whole", async () => {
  const agents = [anAgent({ reason: "a\u001b[31m\u009b" })];
  const { out } = await run("agent list --json", {
    "GET /agents": () => Response.json({ agents }),
  });
  assert.deepEqual(JSON.parse(out), { agents });
});

Deno.test("runCli() never prints a control character that the daemon sent", async () => {
  const evil = "\u001b]0;owned\u0007\u009b2J\r\u202e";
  const agent = anAgent({ id: evil, reason: evil, last_error: evil, description: evil });
  const routes: Record<string, Route> = {
    "GET /agents": () => Response.json({ agents: [agent], problems: [] }),
    "GET /agents/a": () => Response.json(agent),
    "GET /agents/b": () => problem("unknown_agent", evil, 404),
  };
  for (const line of ["agent list", "agent info a", "agent info b", "agent list --json"]) {
    const { out, err } = await run(line, routes);
    assert.match(out + err, /\\u001b/);
    assert.doesNotMatch(out + err, /(?!\n)[\p{Cc}\p{Bidi_Control}]/u, line);
  }
});

Deno.test("runCli() survives an answer of another shape", async () => {
  for (
    const [line, route] of [
      ["agent list", "GET /agents"],
      ["system link", "POST /login_links"],
    ] as const
  ) {
    const { code, err } = await run(line, { [route]: () => Response.json({}) });
    assert.equal(code, 1);
    assert.match(err, /^✗ Cannot show the daemon's answer: .*version/);
  }
});

Deno.test("schedule set sends the keys that were given, and shows the schedule", async () => {
  let sent: unknown;
  const { code, out } = await run("schedule set w --cron */5 --timezone Asia/Kolkata", {
    "PUT /schedules/w": async (request) => {
      sent = await request.json();
      const next = { next_at: null, next: [], firings: [], jitter_seconds: 0, priority: 0 };
      const rule = { rule: "*/5 Asia/Kolkata", timezone: "Asia/Kolkata" };
      const state = { enabled: true, paused: false, overlap: "skip", catch_up: "latest" };
      return Response.json({ schedule: "w", workflow: "w", ...rule, ...state, ...next });
    },
  });
  assert.equal(code, 0);
  assert.deepEqual(sent, { cron: "*/5", timezone: "Asia/Kolkata" });
  assert.match(out, /Rule +\*\/5 Asia\/Kolkata/);
});

Deno.test("workflow run passes the instant on that the execution sees up to", async () => {
  const asked: string[] = [];
  const as_of = "2026-03-01T21:00:00.000Z";
  const routes = {
    "POST /workflows/w/executions": (request: Request) => {
      asked.push(new URL(request.url).search);
      return Response.json(anExecution({ status: "pending", as_of }), { status: 202 });
    },
    "GET /executions/a": () => Response.json(anExecution({ as_of, steps: [] })),
  };
  const command = "workflow run w --detach --as-of 2026-03-01T21:00:00Z --priority 7";
  assert.equal((await run(command, routes)).code, 0);
  assert.deepEqual(asked, ["?priority=7&as_of=2026-03-01T21%3A00%3A00Z"]);
  assert.match((await run("execution show a", routes)).out, /^As of: 2026-03-01T21:00:00.000Z$/m);
});

Deno.test("workflow run passes a priority on, and refuses one that is none", async () => {
  const asked: string[] = [];
  const routes = {
    "POST /workflows/w/executions": (request: Request) => {
      asked.push(new URL(request.url).search);
      return Response.json(anExecution({ status: "pending" }), { status: 202 });
    },
  };
  for (const option of ["", " --priority 7", " --priority=-7"]) {
    assert.equal((await run(`workflow run w --detach${option}`, routes)).code, 0);
  }
  assert.deepEqual(asked, ["", "?priority=7", "?priority=-7"]);
  for (const option of ["--priority 101", "--priority=-101", "--priority=1.5", "--priority -7"]) {
    const { code, err } = await run(`workflow run w --detach ${option}`, routes);
    assert.equal(code, 2, option);
    assert.match(err, /Cannot read option "--priority"/);
  }
});
