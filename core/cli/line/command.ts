/** A command of the CLI: a request to the daemon and a way to show the answer. */

import { AppError, messageOf } from "../../errors.ts";
import type { ExecutionView } from "../../http/api.ts";
import type { Client } from "../ask/client.ts";
import { cleanJson, jsonText } from "../show/clean.ts";
import { exitCodes } from "./exit_code.ts";
import type { FlagName, FlagValues } from "./flags.ts";
import type { LoadOffline } from "./offline.ts";
import type { Look } from "../show/look.ts";

/** What a command receives. */
export interface CommandContext {
  readonly client: Client;
  /** The argument after the command's name; "" if it is optional and absent. */
  readonly argument: string;
  /** All arguments of a command that takes several. */
  readonly args: readonly string[];
  readonly values: FlagValues;
  readonly look: Look;
  /** Rejects in a program that can only ask daemons. */
  readonly offline: LoadOffline;
  /** Follows an execution to its end and shows its progress on a terminal. */
  follow(execution: ExecutionView): Promise<ExecutionView>;
}

export interface Argument {
  readonly name: string;
  readonly required: boolean;
  /** Whether more arguments may follow. */
  readonly many?: boolean;
}

/** A command in the table. */
export interface Command {
  readonly group: string;
  readonly name: string;
  readonly summary: string;
  readonly argument: Argument | undefined;
  /** In addition to the flags of every command. */
  readonly flags: readonly FlagName[];
  /** Asks the daemon; returns the text to print and the exit code. */
  run(context: CommandContext): Promise<CommandResult>;
}

export interface CommandResult {
  readonly text: string;
  readonly exitCode: number;
}

interface CommandOptions<Answer> {
  readonly summary: string;
  readonly argument?: Argument;
  readonly flags?: readonly FlagName[];
  ask(context: CommandContext): Promise<Answer>;
  /** The text for people. The answer is already clean: its strings have no control characters. */
  show(answer: Answer, context: CommandContext): string;
  /** Whether the answer means success; without this function, every answer does. */
  isGood?(answer: Answer): boolean;
}

/** Builds a command from its two functions; adds `--json` and the cleaning of answers. */
export function defineCommand<Answer>(
  group: string,
  name: string,
  { ask, show, isGood = () => true, ...options }: CommandOptions<Answer>,
): Command {
  return {
    group,
    name,
    summary: options.summary,
    argument: options.argument,
    flags: options.flags ?? [],
    async run(context) {
      const answer = await ask(context);
      const text = context.values.json
        ? jsonText(answer)
        : showWith(() => show(cleanJson(answer), context));
      return { text, exitCode: isGood(answer) ? exitCodes.ok : exitCodes.failed };
    },
  };
}

/** Answers are not validated, so one of another shape fails only when it is shown. */
function showWith(show: () => string): string {
  try {
    return show();
  } catch (thrown) {
    throw new AppError(
      "bad_answer",
      `Cannot show the daemon's answer: ${messageOf(thrown)}; check that the daemon has this ` +
        `program's version, or print the raw answer with --json`,
      { cause: thrown },
    );
  }
}
