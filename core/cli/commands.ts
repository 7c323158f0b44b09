/** The table of the CLI's commands, in the order in which help lists them. */

import { AppError, messageOf } from "../errors.ts";
import type { ExecutionView } from "../http/api.ts";
import { type Command, defineCommand } from "./line/command.ts";
import type { ExecutionVerb } from "./ask/client.ts";
import { showAgent, showAgents } from "./show/agents.ts";
import { showHistory, showOutcome, showStarted, showSteered } from "./show/executions.ts";
import { showSaved, showValidation } from "./show/problems.ts";
import { showFindings, showSources } from "./show/market.ts";
import {
  showBackfill,
  showQueue,
  showSchedule,
  showSchedules,
  showSteeredSchedule,
} from "./show/schedules.ts";
import { interruptible } from "./interrupt.ts";
import { showBackup, showBackups, showHealth, showRestored, showSystem } from "./show/system.ts";
import { showStatistics, showWorkflows } from "./show/workflows.ts";
import { saveFile, validateFiles } from "./ask/workflow_files.ts";
import { isFinal } from "../statuses.ts";

const steering = [
  ["pause", "Stop firing a schedule until it is resumed"],
  ["resume", "Resume a paused schedule from now on"],
  ["trigger", "Fire a schedule now, in addition to its rule"],
] as const;

const executionVerbs: readonly (readonly [ExecutionVerb, string])[] = [
  ["cancel", "Cancel an execution: stop its running steps, then run its finally steps"],
  ["pause", "Begin no further step of an execution until it is resumed"],
  ["resume", "Resume a paused execution"],
  ["retry", "Continue a failed or cancelled execution from the step that failed"],
  ["rerun", "Start a new execution of the same workflow text with the same inputs"],
];

export const commands: readonly Command[] = [
  defineCommand("agent", "list", {
    summary: "Show all agents and their status",
    ask: ({ client }) => client.agents(),
    show: (answer, { look }) => showAgents(answer, look),
  }),
  defineCommand("agent", "info", {
    summary: "Show one agent with its capabilities",
    argument: { name: "ID", required: true },
    ask: ({ client, argument }) => client.agent(argument),
    show: (agent, { look }) => showAgent(agent, look),
  }),
  defineCommand("agent", "reload", {
    summary: "Reload an agent's file; exits with 1 if it does not load",
    argument: { name: "ID", required: true },
    ask: ({ client, argument }) => client.reloadAgent(argument),
    show: (agent, { look }) => showAgent(agent, look),
    isGood: ({ reason }) => reason === null,
  }),
  defineCommand("workflow", "list", {
    summary: "Show all workflows and the problems in their files",
    ask: ({ client }) => client.workflows(),
    show: (answer, { look }) => showWorkflows(answer, look),
  }),
  defineCommand<ExecutionView>("workflow", "run", {
    summary: "Start a workflow and follow it to its end",
    argument: { name: "NAME", required: true },
    flags: ["inputs", "priority", "as-of", "detach", "timeout"],
    ask: async ({ client, argument, values, follow }) => {
      const inputs = readInputs(values.inputs);
      const { priority, "as-of": asOf } = values;
      const execution = await client.start(argument, { inputs, priority, asOf });
      return values.detach ? execution : await follow(execution);
    },
    show: (execution, { look }) =>
      isFinal(execution.status) ? showOutcome(execution, look) : showStarted(execution, look),
    isGood: ({ status }) => status !== "failed" && status !== "cancelled",
  }),
  defineCommand("workflow", "validate", {
    summary: "Check workflow files; exits with 1 if there is a problem",
    argument: { name: "FILE", required: true, many: true },
    ask: ({ client, args }) => validateFiles(client, args),
    show: (answer, { look }) => showValidation(answer, look),
    isGood: ({ files }) => files.every(({ ok }) => ok),
  }),
  defineCommand("workflow", "save", {
    summary: "Save a workflow in the daemon's folder; the rest of its file is unchanged",
    argument: { name: "FILE", required: true },
    ask: ({ client, argument }) => saveFile(client, argument),
    show: (workflow, { look }) => showSaved(workflow, look),
  }),
  defineCommand("workflow", "history", {
    summary: "Show the latest executions of one workflow or of all",
    argument: { name: "NAME", required: false },
    flags: ["status", "limit", "cursor"],
    ask: ({ client, argument, values: { status, limit, cursor } }) =>
      client.executions({ workflow: argument || undefined, status, limit, cursor }),
    show: (answer, { look }) => showHistory(answer, look),
  }),
  defineCommand("workflow", "stats", {
    summary: "Show how often a workflow succeeded and how long it took",
    argument: { name: "NAME", required: true },
    ask: ({ client, argument }) => client.statistics(argument),
    show: (statistics, { look }) => showStatistics(statistics, look),
  }),
  defineCommand("execution", "show", {
    summary: "Show one execution with its steps",
    argument: { name: "ID", required: true },
    ask: ({ client, argument }) => client.execution(argument),
    show: (execution, { look }) => showOutcome(execution, look),
  }),
  ...executionVerbs.map(([verb, summary]) =>
    defineCommand("execution", verb, {
      summary,
      argument: { name: "ID", required: true },
      ask: ({ client, argument }) => client.steerExecution(argument, verb),
      show: (execution, { look }) => showSteered(execution, verb, look),
    })
  ),
  defineCommand("market", "findings", {
    summary: "Show the findings in market data of one symbol or of all",
    argument: { name: "SYMBOL", required: false },
    flags: ["limit"],
    ask: ({ client, argument, values }) =>
      client.findings(argument.toUpperCase() || undefined, values.limit),
    show: (answer, { look }) => showFindings(answer, look),
  }),
  defineCommand("market", "sources", {
    summary: "Show the state of the market data sources, in the order in which they are tried",
    ask: ({ client }) => client.sources(),
    show: (answer, { look }) => showSources(answer, look),
  }),
  defineCommand("schedule", "list", {
    summary: "Show all schedules and when they fire next",
    ask: ({ client }) => client.schedules(),
    show: (answer, { look }) => showSchedules(answer, look),
  }),
  defineCommand("schedule", "explain", {
    summary: "Show when and why a schedule fires next, and its latest firings",
    argument: { name: "NAME", required: true },
    ask: ({ client, argument }) => client.schedule(argument),
    show: (schedule, { look }) => showSchedule(schedule, look),
  }),
  defineCommand("schedule", "set", {
    summary: "Write a workflow's schedule into its file; the rest of the file is unchanged",
    argument: { name: "WORKFLOW", required: true },
    flags: ["every", "cron", "timezone", "at", "once"],
    ask: ({ client, argument, values: { every, cron, timezone, at, once } }) =>
      client.setSchedule(argument, { every, cron, timezone, at, once }),
    show: (schedule, { look }) => showSchedule(schedule, look),
  }),
  ...steering.map(([verb, summary]) =>
    defineCommand("schedule", verb, {
      summary,
      argument: { name: "NAME", required: true },
      ask: ({ client, argument }) => client.steer(argument, verb),
      show: (schedule, { look }) => showSteeredSchedule(schedule, verb, look),
    })
  ),
  defineCommand("schedule", "backfill", {
    summary: "Fire the past instants of a period that have not fired yet",
    argument: { name: "NAME", required: true },
    flags: ["from", "to"],
    ask: ({ client, argument, values: { from, to } }) => {
      if (from !== undefined && to !== undefined) return client.backfill(argument, from, to);
      throw new AppError("invalid_input", "Cannot backfill without --from and --to");
    },
    show: (answer) => showBackfill(answer),
  }),
  defineCommand("system", "queue", {
    summary: "Show the executions that wait to start, and for how long",
    ask: ({ client }) => client.queue(),
    show: (queue, { look }) => showQueue(queue, look),
  }),
  defineCommand("system", "status", {
    summary: "Show the daemon's status and figures",
    ask: ({ client }) => client.system(),
    show: (system, { look }) => showSystem(system, look),
  }),
  defineCommand("system", "health", {
    summary: "Check each part of the daemon; exits with 1 if a check fails",
    ask: ({ client }) => client.health(),
    show: (report, { look }) => showHealth(report, look),
    isGood: ({ ok }) => ok,
  }),
  defineCommand("system", "backup", {
    summary: "Copy the database, checked, into the daemon's folder of backups",
    argument: { name: "NAME", required: false },
    flags: ["file"],
    ask: async ({ client, argument, values: { file }, offline }) => {
      if (file === undefined) return await client.backUp(argument || undefined);
      if (argument !== "") {
        throw new AppError("invalid_input", "Cannot back up to NAME and --file: give one of them");
      }
      const { backUp } = await offline();
      return await interruptible("Stopped: no backup was made", (signal) => backUp(file, signal));
    },
    show: (backup, { look }) => showBackup(backup, look),
  }),
  defineCommand("system", "backups", {
    summary: "Show the backups in the daemon's folder",
    ask: ({ client }) => client.backups(),
    show: (answer, { look }) => showBackups(answer, look),
  }),
  defineCommand("system", "restore", {
    summary: "Replace the database of a stopped daemon by a backup; the old one is kept",
    argument: { name: "FILE", required: true },
    ask: async ({ argument, offline }) => (await offline()).restore(argument),
    show: (restored, { look }) => showRestored(restored, look),
  }),
  defineCommand("system", "link", {
    summary: "Print a link that logs a browser in to the daemon's page; it works once",
    ask: ({ client }) => client.loginLink(),
    show: ({ url }) => new URL(url).href,
  }),
];

/** @throws {AppError} `invalid_input` if the text is not a JSON object. */
function readInputs(text: string | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined) return {};
  try {
    const inputs: unknown = JSON.parse(text);
    if (typeof inputs === "object" && inputs !== null && !Array.isArray(inputs)) {
      return inputs as Record<string, unknown>;
    }
  } catch (thrown) {
    const reason = messageOf(thrown);
    throw new AppError("invalid_input", `Cannot read --inputs: it is not JSON: ${reason}`);
  }
  throw new AppError("invalid_input", "Cannot read --inputs: it is not a JSON object");
}
