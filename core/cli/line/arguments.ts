/** Parses the command line: what the user asks for, or the first mistake. Pure. */

import { parseArgs } from "node:util";
import { closest } from "../../closest.ts";
import { AppError } from "../../errors.ts";
import type { Command } from "./command.ts";
import { type Flag, type FlagName, flags, type FlagValues } from "./flags.ts";

export type Invocation =
  /** Help was requested: for everything, a group or a command. */
  | { readonly kind: "help"; readonly group?: string; readonly command?: Command }
  /** The command is incomplete, so help is shown. */
  | { readonly kind: "incomplete"; readonly group?: string }
  | {
    readonly kind: "run";
    readonly command: Command;
    readonly argument: string;
    readonly args: readonly string[];
    readonly values: FlagValues;
  };

const commonFlags: readonly FlagName[] = ["json", "url", "help"];
const flagNames = Object.keys(flags) as FlagName[];

/** The flags a command knows, its own first. */
export function flagsOf(command: Command): readonly FlagName[] {
  return [...command.flags, ...commonFlags];
}

/**
 * Returns what the command line asks for.
 * @throws {AppError} `invalid_input` for the first mistake.
 */
export function parseInvocation(
  args: readonly string[],
  commands: readonly Command[],
  program: string,
): Invocation {
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(flagNames.map((name) => [name, parserOption(flags[name])])),
    strict: false,
    tokens: true,
  });
  const words = tokens.flatMap((token) => token.kind === "positional" ? [token.value] : []);
  const options = tokens.filter((token) => token.kind === "option");
  const wantsHelp = words[0] === "help" || options.some(({ name }) => name === "help");
  const [group, name, ...rest] = words[0] === "help" ? words.slice(1) : words;

  if (group === undefined) {
    const stray = options.find(({ name }) => !flagNames.some((known) => known === name));
    if (stray) throw unknownOption(stray.rawName, flagNames, `see ${program} --help`);
    return { kind: wantsHelp ? "help" : "incomplete" };
  }
  const ofGroup = commands.filter((command) => command.group === group);
  if (ofGroup.length === 0) {
    throw unknownWord(group, [...new Set(commands.map((command) => command.group))], program);
  }
  if (name === undefined) return { kind: wantsHelp ? "help" : "incomplete", group };
  const command = ofGroup.find((command) => command.name === name);
  if (!command) {
    throw unknownWord(`${group} ${name}`, ofGroup.map(fullName), `${program} ${group}`);
  }
  if (wantsHelp) return { kind: "help", command };

  const help = `see ${program} ${fullName(command)} --help`;
  const argument = readArgument(command, rest, help);
  const values = readValues(command, options, help);
  return { kind: "run", command, argument, args: rest, values };
}

/** `agent list`. */
export function fullName({ group, name }: Command): string {
  return `${group} ${name}`;
}

function parserOption(flag: Flag): { type: "boolean" | "string"; short?: string } {
  const type = flag.kind === "switch" ? "boolean" : "string";
  return flag.short === undefined ? { type } : { type, short: flag.short };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function readValues(
  command: Command,
  options: readonly OptionToken[],
  help: string,
): FlagValues {
  const known = flagsOf(command);
  return Object.fromEntries(options.map((option) => {
    const name = known.find((known) => known === option.name);
    if (!name) throw unknownOption(option.rawName, known, help);
    return [name, readValue(name, option, help)];
  }));
}

function readValue(
  name: FlagName,
  { value, inlineValue }: OptionToken,
  help: string,
): true | string | number {
  const flag: Flag = flags[name];
  if (flag.kind === "switch") {
    if (value === undefined) return true;
    throw usageError(`Cannot read option "--${name}": it does not take a value; ${help}`);
  }
  if (!value || (!inlineValue && value.startsWith("-"))) {
    throw usageError(`Cannot read option "--${name}": its ${flag.value} is missing; ${help}`);
  }
  if (flag.kind === "text") return value;
  const number = /^-?\d+$/.test(value) ? Number(value) : NaN;
  if (number >= flag.min && number <= flag.max) return number;
  throw usageError(
    `Cannot read option "--${name}": "${value}" is not a whole number from ${flag.min} to ` +
      `${flag.max}; ${help}`,
  );
}

function readArgument({ argument }: Command, words: readonly string[], help: string): string {
  const [word = "", surplus] = argument ? words : ["", ...words];
  if (surplus !== undefined && !argument?.many) {
    throw usageError(`Cannot use argument "${surplus}": there are too many arguments; ${help}`);
  }
  if (argument?.required && word === "") {
    throw usageError(`Cannot run this command: its ${argument.name} is missing; ${help}`);
  }
  return word;
}

function unknownWord(word: string, known: readonly string[], program: string): AppError {
  return usageError(
    `Cannot run command "${word}": there is no such command; ` +
      guess(word, known, `see ${program} --help`),
  );
}

function unknownOption(rawName: string, known: readonly FlagName[], help: string): AppError {
  const options = known.map((name) => `--${name}`);
  return usageError(
    `Cannot read option "${rawName}": there is no such option here; ` +
      guess(rawName, options, help),
  );
}

function guess(word: string, known: readonly string[], help: string): string {
  const near = closest(word, known);
  return near === undefined ? help : `did you mean "${near}"? Or ${help}`;
}

function usageError(message: string): AppError {
  return new AppError("invalid_input", message);
}
