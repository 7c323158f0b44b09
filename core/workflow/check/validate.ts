/**
 * What is wrong with a text of workflows, without an agent to check it against: unknown keys, names
 * that lead nowhere, types of inputs, circles, durations, schedules.
 */

import { adviseOn } from "./advice.ts";
import { checkAlone } from "./check.ts";
import { parseWorkflows } from "../form/parse.ts";
import type { Problem } from "../../yaml/problem.ts";
import { inOrder } from "../../yaml/problem.ts";

/** What was found in a text. */
export interface ValidatedText {
  /** Names of the workflows it holds; none when it can't be read. */
  readonly workflows: readonly string[];
  readonly problems: readonly Problem[];
  /** What runs, but may not be meant. */
  readonly warnings: readonly Problem[];
}

/** `file` is the name in the problems; nothing is opened. */
export function validateAlone(text: string, file: string): ValidatedText {
  const { workflows, readable, problems } = parseWorkflows(text, file);
  return {
    workflows: workflows.map(({ name }) => name),
    problems: inOrder([...problems, ...readable.flatMap(checkAlone)]),
    warnings: readable.flatMap(adviseOn),
  };
}
