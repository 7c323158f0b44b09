/** The built CLI from outside: one file, its exit codes, and how it unpacks itself. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AgentsAnswer } from "../../core/cli/ask/client.ts";
import {
  anAgent,
  anExecution,
  aStep,
  eventStream,
  type FakeDaemon,
  type Route,
  startFakeDaemon,
} from "../core/cli/fake_daemon.ts";

interface Outcome {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly out: string;
  readonly err: string;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Called with the process once it runs. */
  readonly during?: (child: Deno.ChildProcess) => void | Promise<void>;
}

let folder = "";
let program = "";
let built: Outcome | undefined;
const decoder = new TextDecoder();

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "100ac-cli-" });
  program = join(folder, "100ac");
  const source = fileURLToPath(new URL("../../core/cli/build/compile.ts", import.meta.url));
  // Without a runtime for `deno compile`, as on a network that does not reach it.
  const env = { DENORT_BIN: join(folder, "none") };
  const args = ["run", "--no-prompt", "-A", source, program];
  built = outcomeOf(await new Deno.Command(Deno.execPath(), { args, env }).output());
});

Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

function outcomeOf({ code, signal, stdout, stderr }: Deno.CommandOutput): Outcome {
  return { code, signal, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

async function run(
  args: readonly string[],
  { env = {}, during }: RunOptions = {},
): Promise<Outcome> {
  const child = new Deno.Command(program, {
    args: [...args],
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", XDG_CACHE_HOME: join(folder, "cache"), ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  await during?.(child);
  return outcomeOf(await output);
}

function ask(
  { url, token }: FakeDaemon,
  line: string,
  options: RunOptions = {},
): Promise<Outcome> {
  const env = { AC100_URL: url, AC100_TOKEN: token, ...options.env };
  return run(line.split(" "), { ...options, env });
}

const agentsRoute = {
  "GET /agents": () => Response.json({ agents: [anAgent()], problems: [] } satisfies AgentsAnswer),
};

function executionRoutes(events: Route): Record<string, Route> {
  return {
    "POST /workflows/simple_test/executions": () =>
      Response.json(anExecution({ status: "pending" }), { status: 202 }),
    [`GET /executions/${anExecution().execution_id}/events`]: events,
  };
}

Deno.test("compile says in one line that it builds the self-extracting form, and builds it", () => {
  assert.ok(built);
  assert.equal(built.code, 0, built.err);
  const lines = built.out.trimEnd().split("\n");
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? "", /deno compile cannot get its runtime \(.*self-extracting file/);
  assert.match(lines[1] ?? "", /100ac: \d+\.\d MB$/);
});

Deno.test("the program shows help, and what is wrong with a command line", async () => {
  const help = await run(["--help"]);
  assert.equal(help.code, 0);
  assert.match(help.out, /Usage: 100ac GROUP COMMAND/);
  const wrong = await run(["workflow", "rnu", "a b; exit 7"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /^✗ .*did you mean "workflow run"\?.*\n$/);
});

Deno.test("the program asks a daemon and prints plain text into a pipe", async () => {
  await using daemon = startFakeDaemon(agentsRoute);
  const { code, out, err } = await ask(daemon, "agent list");
  assert.equal(code, 0, err);
  assert.match(out, /│ test_agent │ 1 +│ idle +│ 3 +│/);
  assert.ok(!out.includes("\x1b"));
});

Deno.test("the program exits with 3 without a daemon, with 4 without the right token", async () => {
  const alone = await run(["agent", "list"], { env: { AC100_URL: "http://127.0.0.1:1" } });
  assert.equal(alone.code, 3);
  assert.match(alone.err, /start one with: deno task start/);
  await using daemon = startFakeDaemon(agentsRoute);
  const stranger = await ask(daemon, "agent list", { env: { AC100_TOKEN: "wrong" } });
  assert.equal(stranger.code, 4);
  assert.match(stranger.err, /rejects the token from AC100_TOKEN/);
});

Deno.test("the program reads a local daemon's token, whatever its folder is called", async () => {
  await using daemon = startFakeDaemon(agentsRoute);
  for (const name of ["data", "data, of mine"]) {
    const data = join(folder, name);
    await Deno.mkdir(data);
    await Deno.writeTextFile(join(data, "token"), daemon.token, { mode: 0o600 });
    const env = { AC100_TOKEN: "", AC100_DATA_DIR: data };
    const { code, err } = await ask(daemon, "agent list", { env });
    assert.equal(code, 0, err);
  }
});

Deno.test("the program reads the files it is to check, and leaves the check to a daemon", async () => {
  const file = join(folder, "my workflow.yaml");
  await Deno.writeTextFile(file, "name: w");
  const view = { ok: true, workflows: ["w"], problems: [], warnings: [] };
  await using daemon = startFakeDaemon({ "POST /workflows/validate": () => Response.json(view) });
  const env = { AC100_URL: daemon.url, AC100_TOKEN: daemon.token };
  const { code, out, err } = await run(["workflow", "validate", file], { env });
  assert.deepEqual({ code, out, err }, { code: 0, out: `✓ ${file}: w\n`, err: "" });
  const nowhere = { AC100_URL: "http://127.0.0.1:1" };
  assert.equal((await run(["workflow", "validate", file], { env: nowhere })).code, 3);
});

Deno.test("the program runs a workflow, with nothing but the result in a pipe", async () => {
  const steps = [
    aStep(),
    aStep({ name: "add_numbers", index: 1, capability: "add", result: { result: 42 } }),
  ];
  const execution = anExecution({ status: "completed", steps });
  await using daemon = startFakeDaemon(
    executionRoutes(() => eventStream([{ kind: "execution", execution }])),
  );
  const { code, out, err } = await ask(daemon, "workflow run simple_test");
  assert.equal(code, 0);
  assert.equal(err, "");
  assert.equal(
    out,
    [
      "✓ Workflow 'simple_test' completed successfully",
      `Execution ID: ${execution.execution_id}`,
      "",
      "Results:",
      "  Step 1: echo_test",
      '    ✓ "Hello from workflow!"',
      "  Step 2: add_numbers",
      "    ✓ Result: 42",
      "",
    ].join("\n"),
  );
});

Deno.test("Ctrl-C while following exits with 130 and says that the execution continues", async () => {
  const { promise: followed, resolve } = Promise.withResolvers<void>();
  await using daemon = startFakeDaemon(executionRoutes(() => {
    resolve();
    return eventStream([{ kind: "execution", execution: anExecution() }], { end: false });
  }));
  const { code, err } = await ask(daemon, "workflow run simple_test", {
    during: async (child) => {
      await followed;
      child.kill("SIGINT");
    },
  });
  assert.equal(code, 130);
  assert.match(err, /it continues; see 100ac execution show [0-9a-f-]+\n$/);
  assert.ok(daemon.asked.every((route) => !route.includes("cancel")));
});

Deno.test("a signal reaches the program itself, not a shell around it", async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const { promise: held, resolve: release } = Promise.withResolvers<Response>();
  await using daemon = startFakeDaemon({
    "GET /agents": () => {
      resolve();
      return held;
    },
  });
  const { signal } = await ask(daemon, "agent list", {
    during: async (child) => {
      await asked;
      child.kill("SIGTERM");
    },
  });
  assert.equal(signal, "SIGTERM");
  release(new Response());
});

Deno.test("the program ends in peace when its reader goes away", async () => {
  const agents = Array.from({ length: 5_000 }, () => anAgent());
  await using daemon = startFakeDaemon({ "GET /agents": () => Response.json({ agents }) });
  const line = '"$0" agent list --json | head -n 1';
  const output = await new Deno.Command("sh", {
    args: ["-c", line, program],
    env: {
      XDG_CACHE_HOME: join(folder, "cache"),
      AC100_URL: daemon.url,
      AC100_TOKEN: daemon.token,
    },
  }).output();
  assert.deepEqual(outcomeOf(output), { code: 0, signal: null, out: "{\n", err: "" });
});

Deno.test("first starts at the same time unpack once for good, and heal what is lost", async () => {
  const env = { XDG_CACHE_HOME: join(folder, "fresh") };
  const help = (): Promise<Outcome> => run(["--help"], { env });
  for (const { code, err } of await Promise.all([help(), help(), help()])) {
    assert.equal(code, 0, err);
  }
  const home = join(env.XDG_CACHE_HOME, "100ac");
  const [unpacked] = [...Deno.readDirSync(home)];
  const kept = join(home, unpacked?.name ?? "");
  const names = [...Deno.readDirSync(kept)].map(({ name }) => name).toSorted();
  assert.deepEqual(names, ["cli.js", "compiled", "deno"]);
  await Deno.remove(join(kept, "cli.js"));
  assert.equal((await help()).code, 0);
});

Deno.test("without a usable cache folder the program unpacks below TMPDIR", async () => {
  const temp = join(folder, "temp");
  await Deno.mkdir(temp);
  const env = { XDG_CACHE_HOME: "/dev/null/none", TMPDIR: temp };
  const { code, err } = await run(["--help"], { env });
  assert.equal(code, 0, err);
  const [home] = [...Deno.readDirSync(temp)];
  assert.equal(home?.name, `100ac-${Deno.uid()}`);
  assert.equal((Deno.statSync(join(temp, home.name)).mode ?? 0) & 0o777, 0o700);
});

Deno.test("the program runs nothing from a folder that others may have filled", async () => {
  const elsewhere = join(folder, "elsewhere");
  await Deno.mkdir(elsewhere, { mode: 0o700 });
  const traps: Record<string, (path: string) => void> = {
    open: (path) => {
      Deno.mkdirSync(path);
      Deno.chmodSync(path, 0o777);
    },
    link: (path) => Deno.symlinkSync(elsewhere, path),
  };
  for (const [name, set] of Object.entries(traps)) {
    const temp = join(folder, name);
    await Deno.mkdir(temp);
    set(join(temp, `100ac-${Deno.uid()}`));
    const env = { XDG_CACHE_HOME: "/dev/null/none", TMPDIR: temp };
    const { code, err } = await run(["--help"], { env });
    assert.equal(code, 2, name);
    assert.match(err, /^✗ Cannot unpack 100ac: .*set XDG_CACHE_HOME/);
  }
});
