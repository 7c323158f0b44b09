/** What a command of the CLI is: a question to the daemon and a way to show the answer. */

import { AppError, messageOf } from "../../errors.ts";
import type { ExecutionView } from "../../http/api.ts";
import type { Client } from "../ask/client.ts";
import { cleanJson, jsonText } from "../show/clean.ts";
import { exitCodes } from "./exit_code.ts";
import type { FlagName, FlagValues } from "./flags.ts";
import type { Look } from "../show/look.ts";

/** What a command works with. */
export interface CommandContext {
  readonly client: Client;
  /** The argument after the command's name; "" when it is optional and absent. */
  readonly argument: string;
  /** All of them, of a command that takes many. */
  readonly args: readonly string[];
  readonly values: FlagValues;
  readonly look: Look;
  /** Follows an execution to its end, showing on a terminal where it is. */
  follow(execution: ExecutionView): Promise<ExecutionView>;
}

export interface Argument {
  readonly name: string;
  readonly required: boolean;
  /** Whether more may follow. */
  readonly many?: boolean;
}

/** A command as the table lists it. */
export interface Command {
  readonly group: string;
  readonly name: string;
  readonly summary: string;
  readonly argument: Argument | undefined;
  /** Beside those that every command has. */
  readonly flags: readonly FlagName[];
  /** Asks, and gives what to print and the exit code. */
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
  /** The answer for people. It is given clean: no string in it holds a control character. */
  show(answer: Answer, context: CommandContext): string;
  /** Whether the answer is good news; if not given, any answer is. */
  isGood?(answer: Answer): boolean;
}

/** A command from how to ask and how to show; `--json` and cleaning are the same for all. */
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

/** Answers are not checked before: one of another shape fails where it is shown. */
function showWith(show: () => string): string {
  try {
    return show();
  } catch (thrown) {
    throw new AppError(
      "bad_answer",
      `Cannot show the daemon's answer: ${messageOf(thrown)}; check that the daemon has this ` +
        `program's version, or print the answer as it is with --json`,
      { cause: thrown },
    );
  }
}
