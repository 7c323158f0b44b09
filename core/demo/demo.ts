/**
 * `deno task demo`: starts a daemon on a temporary database and its agents, checks communication
 * and data, executes the four workflows, and shows the control plane's view of them. Exits with 0
 * only if every printed line passed its check.
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { Client } from "../cli/ask/client.ts";
import { agentTones } from "../cli/show/agents.ts";
import { cross, type Look, paint, tick } from "../cli/show/look.ts";
import { summarize } from "../cli/show/summary.ts";
import { table } from "../cli/show/table.ts";
import { secondsText } from "../cli/show/units.ts";
import { Wire } from "../cli/ask/wire.ts";
import { readConfig } from "../config.ts";
import { type Daemon, startDaemon } from "../daemon.ts";
import { messageOf } from "../errors.ts";
import type { ExecutionView, StatisticsView } from "../http/api.ts";
import { openStandardLog } from "../log.ts";
import { version } from "../version.ts";
import {
  type Ask,
  type Check,
  checkExecution,
  communicationChecks,
  dataChecks,
  expect,
  workflowChecks,
} from "./checks.ts";
import { readMarketChoice, whyNoYahoo } from "./market_choice.ts";

const requestMsMax = 30_000;
const workflowMsMax = 120_000;

const look: Look = {
  columns: Deno.stdout.isTerminal() ? Deno.consoleSize().columns : 100,
  color: Deno.stdout.isTerminal() && !Deno.noColor,
  nowMs: Date.now(),
  program: "deno task cli",
};
let failures = 0;

function say(line = ""): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
}

function title(text: string): void {
  say();
  say(paint(`=== ${text} ===`, "bold", look));
}

async function demo(folder: string): Promise<void> {
  const choice = readMarketChoice(Deno.env.get("AC100_MARKET_DATA"));
  let daemon = await start(folder, choice === "simulated" ? "simulated" : "yahoo");
  const reason = choice === "auto" ? await whyNoYahoo(daemon.plane.hosts) : undefined;
  if (reason !== undefined) {
    await daemon.close();
    daemon = await start(folder, "simulated");
    say(
      paint(
        "Yahoo Finance does not answer, so the demo shows the simulated market:",
        "yellow",
        look,
      ),
    );
    say(paint(reason, "dim", look));
  }
  try {
    await show(daemon);
  } finally {
    await daemon.close();
  }
}

async function show(daemon: Daemon): Promise<void> {
  using wire = new Wire(
    { url: daemon.url, isLocal: true, token: daemon.token, tokenSource: "the daemon" },
    { startHint: "deno task start" },
  );
  const client = new Client(wire);
  const { workflows } = await client.workflows();
  const { agents } = await client.agents();
  say(`100AC ${version} - ${agents.length} agents, ${workflows.length} workflows`);

  title("Starting Agents");
  for (const entry of daemon.plane.hosts.entries) {
    await attempt(entry.id, async () => {
      const startedAtMs = performance.now();
      await daemon.plane.hosts.start(entry);
      return [`started in ${(performance.now() - startedAtMs).toFixed(0)} ms`];
    });
  }
  const ask = askerOf(daemon);
  await runChecks("Agent Communication Checks", communicationChecks, ask);
  await runChecks("Data Collection Checks", dataChecks, ask);
  await runWorkflows(client);
  title("Statistics");
  const statistics = await Promise.all(workflowChecks.map(({ name }) => client.statistics(name)));
  await attempt("Each workflow was executed once, and completed", () => {
    const right = statistics.every(({ total_executions: total, successful }) =>
      total === 1 && successful === 1
    );
    expect(right, "the counts are wrong");
    return Promise.resolve([]);
  });
  say(statisticsTable(statistics));

  title("Agents");
  const rows = (await client.agents()).agents.map(({ id, status, messages, errors }) => [
    id,
    { text: status, tone: agentTones[status] },
    String(messages),
    String(errors),
  ]);
  say(table(["Agent", "Status", "Messages", "Errors"], rows, look));
}

function statisticsTable(statistics: readonly StatisticsView[]): string {
  const rows = statistics.map((one) => [
    one.workflow,
    String(one.total_executions),
    String(one.successful),
    String(one.failed),
    one.success_rate === null ? "-" : `${one.success_rate.toFixed(1)}%`,
    secondsText(one.avg_duration_seconds),
  ]);
  const titles = ["Workflow", "Total", "Successful", "Failed", "Success Rate", "Avg Duration"];
  return table(titles, rows, look);
}

async function runChecks(name: string, checks: readonly Check[], ask: Ask): Promise<void> {
  title(`${name} (${checks.length})`);
  for (const check of checks) await attempt(check.title, () => check.look(ask));
}

async function runWorkflows(client: Client): Promise<void> {
  title(`Workflows (${workflowChecks.length})`);
  for (const { name, results } of workflowChecks) {
    let execution: ExecutionView | undefined;
    await attempt(`Workflow: ${name}`, async () => {
      const { execution_id } = await client.start(name);
      execution = await finished(client, execution_id);
      checkExecution(execution, results);
      return [`${results.length} steps completed`];
    });
    for (const step of execution?.steps ?? []) {
      const { headline, lines } = summarize(step.result);
      say(`  Step ${step.index + 1}: ${step.name} - ${step.error?.message ?? headline}`);
      for (const line of lines) say(`    ${line}`);
    }
  }
}

/** The last view of the execution, from its event stream. */
async function finished(client: Client, id: string): Promise<ExecutionView> {
  let last: ExecutionView | undefined;
  for await (const { execution } of client.events(id, AbortSignal.timeout(workflowMsMax))) {
    last = execution;
  }
  expect(last !== undefined, "its event stream was empty");
  return last;
}

/** Prints a line for a check: its result, or why it failed. */
async function attempt(what: string, act: () => Promise<readonly string[]>): Promise<void> {
  try {
    const [first = "", ...rest] = await act();
    say(`${tick(look)} ${what}${first ? `: ${first}` : ""}`);
    for (const line of rest) say(`  ${line}`);
  } catch (thrown) {
    failures++;
    const found = thrown instanceof z.ZodError ? z.prettifyError(thrown) : messageOf(thrown);
    say(`${cross(look)} ${what}: ${found}`);
  }
}

function askerOf({ plane: { hosts } }: Daemon): Ask {
  return async (address, input) => {
    const output = await hosts.invoke({
      address,
      input: JSON.stringify(input),
      caller: "daemon",
      timeoutMs: requestMsMax,
      signal: new AbortController().signal,
    });
    return JSON.parse(output) as unknown;
  };
}

function start(folder: string, market: "yahoo" | "simulated"): Promise<Daemon> {
  const { AC100_YAHOO_URL } = Deno.env.toObject();
  const config = readConfig({
    ...(AC100_YAHOO_URL ? { AC100_YAHOO_URL } : {}),
    AC100_DATA_DIR: join(folder, market),
    AC100_AGENTS_DIR: fileURLToPath(new URL("../../agents", import.meta.url)),
    AC100_WORKFLOWS_DIR: fileURLToPath(new URL("../../workflows", import.meta.url)),
    AC100_MARKET_DATA: market,
    AC100_PORT: "0",
    AC100_LOG: "off",
  });
  return startDaemon({
    config,
    log: openStandardLog(config.log),
    onFatal: (error) => {
      throw error;
    },
  });
}

const folder = await Deno.makeTempDir({ prefix: "100ac-demo-" });
try {
  await demo(folder);
} catch (thrown) {
  failures++;
  say(`${cross(look)} ${messageOf(thrown)}`);
} finally {
  await Deno.remove(folder, { recursive: true });
}
say();
say(failures === 0 ? `${tick(look)} Everything shown was checked.` : `${failures} checks failed.`);
Deno.exit(failures === 0 ? 0 : 1);
