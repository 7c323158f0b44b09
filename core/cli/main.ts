/** Runs the CLI: parses the command line, asks the daemon, prints, returns the exit code. */

import { AppError, messageOf } from "../errors.ts";
import { version } from "../version.ts";
import { type Invocation, parseInvocation } from "./line/arguments.ts";
import { cleanText } from "./show/clean.ts";
import { Client } from "./ask/client.ts";
import { commands } from "./commands.ts";
import { findConnection } from "./ask/connection.ts";
import { exitCodeOf, exitCodes } from "./line/exit_code.ts";
import { followUntilInterrupted } from "./interrupt.ts";
import { commandHelpText, helpText } from "./line/help.ts";
import { type LoadOffline, refuseOffline } from "./line/offline.ts";
import { cross } from "./show/look.ts";
import { problemsIn, showProblem } from "./show/problems.ts";
import type { Terminal } from "./terminal.ts";
import { Wire } from "./ask/wire.ts";

/** Runs one command line and returns its exit code. Errors are printed, never thrown. */
export async function runCli(
  args: readonly string[],
  terminal: Terminal,
  env: (name: string) => string | undefined,
  offline: LoadOffline = refuseOffline,
): Promise<number> {
  if (args.length === 1 && args[0] === "--version") {
    terminal.writeOut(`100ac ${version}\n`);
    return exitCodes.ok;
  }
  try {
    const { program } = terminal.look("out");
    return await enact(parseInvocation(args, commands, program), terminal, env, offline);
  } catch (thrown) {
    const look = terminal.look("err");
    const { code, message, details } = thrown instanceof AppError
      ? thrown
      : new AppError("internal", `Cannot run this command: ${messageOf(thrown)}`);
    const problems = problemsIn(details).map((problem) => `\n${showProblem(problem, look)}`);
    terminal.writeErr(`${cross(look)} ${cleanText(message)}${problems.join("")}\n`);
    return exitCodeOf(code);
  }
}

async function enact(
  invocation: Invocation,
  terminal: Terminal,
  env: (name: string) => string | undefined,
  offline: LoadOffline,
): Promise<number> {
  const look = terminal.look("out");
  switch (invocation.kind) {
    case "help": {
      const { command, group } = invocation;
      const text = command ? commandHelpText(command, look) : helpText(commands, group, look);
      terminal.writeOut(`${text}\n`);
      return exitCodes.ok;
    }
    case "incomplete":
      terminal.writeErr(`${helpText(commands, invocation.group, terminal.look("err"))}\n`);
      return exitCodes.usage;
    case "run": {
      const { command, argument, args, values } = invocation;
      using wire = new Wire(findConnection(values.url, env), { startHint: "deno task start" });
      const client = new Client(wire);
      const { text, exitCode } = await command.run({
        client,
        argument,
        args,
        values,
        look,
        offline,
        follow: (execution) => followUntilInterrupted(client, execution, terminal, values.timeout),
      });
      terminal.writeOut(`${text}\n`);
      return exitCode;
    }
  }
}
