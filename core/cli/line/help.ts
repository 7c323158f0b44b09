/** Help texts of the program, a group and a command. Pure. */

import { flagsOf, fullName } from "./arguments.ts";
import type { Command } from "./command.ts";
import { type Flag, type FlagName, flags } from "./flags.ts";
import { type Look, paint } from "../show/look.ts";
import { padText, wrapText } from "../show/width.ts";

const groupTitles: Readonly<Record<string, string>> = {
  agent: "Agents",
  workflow: "Workflows",
  execution: "Executions",
  market: "Market",
  schedule: "Schedules",
  system: "System",
};

const environment: readonly Row[] = [
  ["AC100_URL", "The daemon to ask"],
  ["AC100_TOKEN", "The daemon's token; a local daemon's is read from its data folder"],
  ["AC100_DATA_DIR", "The local daemon's data folder (default ./data)"],
  ["NO_COLOR", "Any value turns colours off"],
];
const exitCodeRows: readonly Row[] = [
  ["0", "Done"],
  ["1", "The command ran and failed"],
  ["2", "Usage or configuration is wrong"],
  ["3", "No daemon answers"],
  ["4", "The daemon refused the request"],
  ["130", "Interrupted"],
];

type Row = readonly [string, string];

/** Help for all commands, or for those of one group. */
export function helpText(
  commands: readonly Command[],
  group: string | undefined,
  look: Look,
): string {
  const groups = group === undefined ? [...new Set(commands.map(({ group }) => group))] : [group];
  const rows = commands.map((command): Row => [usageOf(command), command.summary]);
  const width = Math.max(...rows.map(([left]) => left.length));
  const lists = groups.flatMap((name) => [
    heading(groupTitles[name] ?? name, look),
    ...rowLines(rows.filter((_, index) => commands[index]?.group === name), width, look),
    "",
  ]);
  const usage = `${look.program} ${group ?? "GROUP"} COMMAND [OPTIONS]`;
  const rest = group === undefined
    ? [
      heading("Environment", look),
      ...rowLines(environment, width, look),
      "",
      heading("Exit codes", look),
      ...rowLines(exitCodeRows, width, look),
      "",
    ]
    : [];
  return [
    ...(group === undefined ? ["100AC, a multi-agent financial system: asks its daemon.", ""] : []),
    `${heading("Usage", look)} ${usage}`,
    "",
    ...lists,
    ...rest,
    `Help for a command: ${look.program} ${group ?? "GROUP"} COMMAND --help`,
  ].join("\n");
}

/** Help for one command. */
export function commandHelpText(command: Command, look: Look): string {
  const rows = flagsOf(command).map((name): Row => [flagText(name), flags[name].summary]);
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    `${command.summary}.`,
    "",
    `${heading("Usage", look)} ${look.program} ${usageOf(command)} [OPTIONS]`,
    "",
    heading("Options", look),
    ...rowLines(rows, width, look),
  ].join("\n");
}

function usageOf(command: Command): string {
  const { argument } = command;
  if (!argument) return fullName(command);
  const name = argument.many ? `${argument.name}…` : argument.name;
  return `${fullName(command)} ${argument.required ? name : `[${name}]`}`;
}

function flagText(name: FlagName): string {
  const flag: Flag = flags[name];
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
  return `${short}--${name}${flag.kind === "switch" ? "" : ` ${flag.value}`}`;
}

function rowLines(rows: readonly Row[], width: number, look: Look): string[] {
  const indent = width + 4;
  return rows.flatMap(([left, right]) =>
    wrapText(right, look.columns - indent).map((line, index) =>
      `  ${paint(padText(index === 0 ? left : "", width), "cyan", look)}  ${line}`
    )
  );
}

function heading(text: string, look: Look): string {
  return paint(`${text}:`, "bold", look);
}
