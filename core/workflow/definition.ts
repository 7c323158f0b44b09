/**
 * What a workflow is once its file has been read and found right: plain, immutable data.
 * The text it came from is kept with every execution, so a changed file changes no execution.
 */

import type { Schedule } from "../schedule/rule.ts";

/** How often and how soon a failed step is tried again. */
export interface RetryPolicy {
  /** Tries in all, the first included; at least 1. */
  readonly attemptsMax: number;
  /** Wait before the second attempt; doubles before each further one. */
  readonly backoffMs: number;
}

/** One request of a workflow. */
export interface Step {
  readonly name: string;
  readonly agent: string;
  readonly capability: string;
  /** The request's input, plain JSON. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
}

export interface Workflow {
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
  /** When it is started by itself. */
  readonly schedules: readonly Schedule[];
  /** In the order in which they are run; at least one. */
  readonly steps: readonly Step[];
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
export const retryDefault: RetryPolicy = { attemptsMax: 1, backoffMs: 1_000 };

/** One thing wrong in a file, where it stands (1-based) and, if there is one, the cure. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** The line of the file, with a caret below the place; for people. */
  readonly excerpt?: string;
}
