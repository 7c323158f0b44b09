/** agents.yaml from outside: a daemon as a process, asked over HTTP and by the CLI. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AgentView } from "../../core/http/agents_api.ts";
import type { SystemView } from "../../core/http/api.ts";
import {
  type DaemonProcess,
  runDaemonProcess,
  startDaemonProcess,
} from "../support/daemon_process.ts";
import { eventually } from "../support/eventually.ts";
import { copyOfFolder, makeTempFolder } from "../support/temp_folder.ts";

const agents = fileURLToPath(new URL("../../agents", import.meta.url));
const cli = fileURLToPath(new URL("../../cli.ts", import.meta.url));
const token = "a-token-for-agents-yaml";

async function view<Answer>({ url }: DaemonProcess, path: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}` };
  return await (await fetch(`${url}/api/v1${path}`, { headers })).json() as Answer;
}

/** What a command of the CLI prints, wide enough for its tables. */
async function printed({ url }: DaemonProcess, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", cli, ...args],
    env: { AC100_URL: url, AC100_TOKEN: token, COLUMNS: "160", NO_COLOR: "1" },
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

async function fieldOf(daemon: DaemonProcess, id: string, name: string): Promise<unknown[]> {
  const { config } = await view<AgentView>(daemon, `/agents/${id}`);
  const field = config.find((one) => one.name === name);
  return [field?.value, field?.from];
}

Deno.test("what is in force is shown with where it comes from, and changes without a restart", async (t) => {
  await using folder = await copyOfFolder(agents);
  await using data = await makeTempFolder();
  const tell = (text: string): Promise<string> => folder.write("agents.yaml", text);
  await using daemon = await startDaemonProcess({
    AC100_AGENTS_DIR: folder.path,
    AC100_DATA_DIR: data.path,
    AC100_TOKEN: token,
    AC100_CSV_DIR: "/srv/from/env",
    AC100_YAHOO_URL: "http://127.0.0.1:9/replay",
    AC100_MARKET_DATA: "simulated",
  });

  await t.step("variables and defaults", async () => {
    assert.deepEqual(await fieldOf(daemon, "csv", "folder"), ["/srv/from/env", "AC100_CSV_DIR"]);
    assert.deepEqual(await fieldOf(daemon, "yahoo", "timeout_seconds"), [10, "default"]);
    const yahoo = await view<AgentView>(daemon, "/agents/yahoo");
    assert.deepEqual([yahoo.source, yahoo.permissions], ["yahoo", { net: ["127.0.0.1:9"] }]);
    const system = await view<SystemView>(daemon, "/system");
    assert.deepEqual([system.market_data, system.market_is_simulated], ["simulated", true]);
  });

  await t.step("agents.yaml comes before both", async () => {
    await tell(`csv:
  file: sources/csv.ts
  config: { folder: /srv/from/yaml }
market_data_fetcher: { file: data/market_data_fetcher.ts, config: { sources: [csv, yahoo] } }
`);
    await eventually(async () => (await fieldOf(daemon, "csv", "folder"))[1] === "agents.yaml:3");
    const { permissions } = await view<AgentView>(daemon, "/agents/csv");
    assert.deepEqual(permissions, { read: ["/srv/from/yaml"] });
    const info = await printed(daemon, "agent", "info", "csv");
    assert.match(info, /Permissions\s+read: \/srv\/from\/yaml/);
    assert.match(info, /│ folder +│ "\/srv\/from\/yaml" │ agents\.yaml:3 │/);
    const { sources } = await view<{ sources: { source: string }[] }>(daemon, "/market/sources");
    assert.deepEqual(sources.map(({ source }) => source).sort(), ["csv", "simulated", "yahoo"]);
  });

  await t.step("a broken file is shown everywhere, and changes nothing", async () => {
    await tell("csv: { file: sources/csv.ts, config: { folder: prices, foldr: /x } }\n");
    await eventually(async () =>
      (await view<SystemView>(daemon, "/system")).settings_problems === 2
    );
    const { status } = await view<SystemView>(daemon, "/system");
    assert.equal(status, "degraded");
    assert.equal((await fieldOf(daemon, "csv", "folder"))[0], "/srv/from/yaml");
    const list = await printed(daemon, "agent", "list");
    assert.match(list, /The last valid agents\.yaml is in force:/);
    assert.match(list, /agents\.yaml:1:\d+: "folder" is "prices", which is not an absolute path/);
    assert.match(list, /agents\.yaml:1:\d+: unknown key "foldr" .*did you mean "folder"\?/);
    assert.match(
      await printed(daemon, "system", "status"),
      /Settings +│ 2 mistakes in agents\.yaml/,
    );
    assert.match(daemon.log, /agents\.yaml has problems; its last valid version stays in force/);
  });

  await t.step("without the file the variables are in force again", async () => {
    await Deno.remove(join(folder.path, "agents.yaml"));
    await eventually(async () => (await fieldOf(daemon, "csv", "folder"))[1] === "AC100_CSV_DIR");
    assert.equal((await view<SystemView>(daemon, "/system")).settings_problems, 0);
    assert.equal(daemon.starts.length, 1);
  });
});

Deno.test("what is wrong at the start ends it with 2, in one line, and starts no agent", async (t) => {
  await using folder = await copyOfFolder(agents);
  await using data = await makeTempFolder();
  const refused = async (environment: Record<string, string>): Promise<string> => {
    const { code, stderr } = await runDaemonProcess({
      AC100_AGENTS_DIR: folder.path,
      AC100_DATA_DIR: data.path,
      ...environment,
    });
    assert.equal(code, 2, stderr);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
    return stderr.trim();
  };
  await t.step("a source that is none, a URL that is none, and a number that is none", async () => {
    assert.equal(
      await refused({
        AC100_MARKET_DATA: "yaho",
        AC100_YAHOO_URL: "ftp://x",
        AC100_SOURCE_TIMEOUT_SECONDS: "soon",
      }),
      `Cannot read the configuration: ` + [
        `AC100_MARKET_DATA: names "yaho", which is not a market source; did you mean "yahoo"?`,
        `AC100_SOURCE_TIMEOUT_SECONDS: "timeout_seconds" must be a number, not "soon"`,
        `AC100_YAHOO_URL: "base_url" is "ftp://x", which is not an http(s) URL, host or host:port`,
      ].join("; "),
    );
  });
  await t.step("the simulated market beside a real one", async () => {
    assert.match(
      await refused({ AC100_MARKET_DATA: "yahoo,simulated" }),
      /AC100_MARKET_DATA: names simulated next to other sources; simulated prices/,
    );
  });
  await t.step("a mistake in agents.yaml", async () => {
    await folder.write("agents.yaml", "\ncsv:\n  fille: sources/csv.ts\n");
    assert.match(
      await refused({}),
      /: agents\.yaml:3:3: unknown key "fille" in agent "csv"; did you mean "file"\?/,
    );
  });
  await t.step("a folder in its place", async () => {
    await Deno.remove(join(folder.path, "agents.yaml"));
    await Deno.mkdir(join(folder.path, "agents.yaml"));
    assert.match(await refused({}), /agents\.yaml cannot be used: it is not a file/);
  });
});
