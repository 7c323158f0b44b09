/**
 * What a workflow is once its file has been read and found right: plain, immutable data.
 * The text it came from is kept with every execution, so a changed file changes no execution.
 */

import type { ErrorCode } from "../errors.ts";
import type { Schedule } from "../schedule/rule.ts";

/** How often and how soon a failed step is tried again. */
export interface RetryPolicy {
  /** Tries in all, the first included; at least 1. */
  readonly attemptsMax: number;
  /** Wait before the second attempt. */
  readonly backoffMs: number;
  /** What the wait is multiplied by before each further attempt; at least 1. */
  readonly factor: number;
  /** The longest wait. */
  readonly backoffMsMax: number;
  /** The part of each wait that is left to chance, from 0 to 1. */
  readonly jitter: number;
  /** The codes of failures that are tried again; undefined: all. */
  readonly on?: readonly ErrorCode[];
}

/**
 * A value that may hold expressions: JSON whose texts may contain `${{ … }}`. A text that is one
 * expression and nothing else stands for the expression's value; others are filled in.
 */
export type Template = unknown;

/** A step that is carried out once for each item of a list. */
export interface ForEach {
  /** A list, or an expression that gives one. */
  readonly items: Template;
  /** Items in flight at once. */
  readonly parallelMax: number;
}

/** One request of a workflow, or one for each item. */
export interface Step {
  readonly name: string;
  readonly agent: string;
  readonly capability: string;
  /** The request's input. */
  readonly params: Readonly<Record<string, Template>>;
  /** The steps that must have ended before; without `needs` in the file, the one before it. */
  readonly needs: readonly string[];
  /** The step is skipped where this gives false. */
  readonly when?: string;
  readonly forEach?: ForEach;
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
  /** Whether the execution fails with the step, or goes on. */
  readonly onError: "fail" | "continue";
}

export type InputType = "string" | "number" | "integer" | "boolean" | "array" | "object";

/** A value that an execution is started with. */
export interface Input {
  readonly type: InputType;
  readonly description: string;
  /** Absent: the input must be given. */
  readonly default?: unknown;
  /** The only values it may have. */
  readonly enum?: readonly unknown[];
  /** Of a number its value, of a text its characters, of a list its items. */
  readonly min?: number;
  readonly max?: number;
  /** Of a list: what its items are. */
  readonly items?: InputType;
}

/** How many executions of a workflow may run at once. */
export interface Concurrency {
  readonly max: number;
  /** Counts those alone that give the same text for this; may use `inputs`. */
  readonly key?: string;
}

export interface Workflow {
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
  /** When it is started by itself. */
  readonly schedules: readonly Schedule[];
  readonly inputs: Readonly<Record<string, Input>>;
  /** Names of the secrets that its expressions may use. */
  readonly secrets: readonly string[];
  readonly concurrency?: Concurrency;
  /** From the start to the last step's end, waits included; then the rest is cancelled. */
  readonly timeoutMs?: number;
  /** In the order of the file; at least one. */
  readonly steps: readonly Step[];
  /** Carried out in order after the steps, however they ended. */
  readonly finally: readonly Step[];
  /** What a completed execution results in. */
  readonly outputs: Readonly<Record<string, Template>>;
}

/** A workflow as its file gives it. */
export interface ParsedWorkflow extends Workflow {
  readonly file: string;
  /** 1-based line of the file at which `text` begins; the columns of `text` are the file's. */
  readonly line: number;
  /** A YAML document of its own that gives this same workflow: what an execution keeps. */
  readonly text: string;
}

export const stepTimeoutMsDefault = 30_000;
/** Without a `retry`, a step is tried once. */
export const retryDefault: RetryPolicy = {
  attemptsMax: 1,
  backoffMs: 1_000,
  factor: 2,
  backoffMsMax: 3_600_000,
  jitter: 0,
};
export const parallelMaxDefault = 8;
/** The most items of one `for_each`. */
export const itemsMax = 10_000;
/**
 * Levels of an input, and of what an expression gives: a deeper value can be parsed, but not
 * always written as JSON again.
 */
export const levelsMax = 200;
/** Attempts of one execution that run at once. */
export const runningMax = 32;
