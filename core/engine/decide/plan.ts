/**
 * A workflow ready to run: its steps by number, their dependencies, and its compiled expressions.
 * Made once per workflow and shared by its executions.
 */

import type { Step, Workflow } from "../../workflow/definition.ts";
import {
  compileCondition,
  type CompiledTemplate,
  compileTemplate,
} from "../../workflow/expression/expression.ts";

export interface PlannedStep {
  readonly step: Step;
  /** Its number in the rows: the steps in file order, then those of `finally`. */
  readonly index: number;
  /** How many steps must have ended before it. */
  readonly needsCount: number;
  /** The numbers of the steps that wait for it. */
  readonly dependents: readonly number[];
  readonly params: CompiledTemplate;
  readonly when: CompiledTemplate | undefined;
  /** Evaluates to the list of a step with `for_each`. */
  readonly items: CompiledTemplate | undefined;
  /** Whether an expression reads its output; other outputs need not be kept. */
  readonly isRead: boolean;
}

export interface Plan {
  readonly workflow: Workflow;
  readonly steps: readonly PlannedStep[];
  /** The number of the first step of `finally`, or the number of steps without one. */
  readonly finallyIndex: number;
  readonly outputs: CompiledTemplate;
}

/** @throws {AppError} `expression_failed` for an expression that does not compile. */
export function planWorkflow(workflow: Workflow): Plan {
  const all = [...workflow.steps, ...workflow.finally];
  const finallyIndex = workflow.steps.length;
  const indexOf = new Map(all.map(({ name }, index) => [name, index]));
  const needs = all.map((step, index) => needsOf(step, index, finallyIndex, indexOf));
  const dependents = all.map((): number[] => []);
  needs.forEach((own, index) => own.forEach((need) => dependents[need]?.push(index)));
  const compiled = all.map(compileStep);
  const outputs = compileTemplate(workflow.outputs);
  const read = new Set([
    ...outputs.steps,
    ...compiled.flatMap((parts) =>
      [parts.params, parts.when, parts.items].flatMap((part) => [...part?.steps ?? []])
    ),
  ]);
  const steps = all.map((step, index): PlannedStep => ({
    step,
    index,
    needsCount: needs[index]?.size ?? 0,
    dependents: dependents[index] ?? [],
    isRead: read.has(step.name),
    ...compiled[index] ?? compileStep(step),
  }));
  return { workflow, steps, finallyIndex, outputs };
}

/** A step of `finally` waits for the one before it; by then all other steps have ended. */
function needsOf(
  step: Step,
  index: number,
  finallyIndex: number,
  indexOf: ReadonlyMap<string, number>,
): ReadonlySet<number> {
  if (index >= finallyIndex) return new Set(index > finallyIndex ? [index - 1] : []);
  return new Set(step.needs.flatMap((name) => indexOf.get(name) ?? []));
}

function compileStep(
  { params, when, forEach }: Step,
): Pick<PlannedStep, "params" | "when" | "items"> {
  return {
    params: compileTemplate(params),
    when: when === undefined ? undefined : compileCondition(when),
    items: forEach && compileTemplate(forEach.items),
  };
}
