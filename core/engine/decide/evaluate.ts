/**
 * The values of an execution's expressions, within limits: the items of a step, the input of a
 * request, the outputs. Pure. All functions throw `expression_failed` for an expression that fails,
 * and `invalid_output` for outputs that are too large.
 */

import { AppError } from "../../errors.ts";
import type { StoredError } from "../../store/operations/executions.ts";
import { itemsMax } from "../../workflow/definition.ts";
import type { CompiledTemplate, Scope } from "../../workflow/expression/expression.ts";
import type { Plan, PlannedStep } from "./plan.ts";

/** Characters of output kept for expressions. */
export const keptLengthMax = 64 * 2 ** 20;
/** Characters of an execution's result. */
export const resultLengthMax = 2 ** 20;

/** The error of an execution whose steps keep too much output. */
export const tooMuchKept: StoredError = {
  code: "invalid_output",
  message:
    `Cannot continue: the outputs that expressions read have over ${keptLengthMax} characters ` +
    `in total; return less from the steps`,
};

/** The list that a step runs for; undefined for a step that runs once. */
export function itemsOf(
  { step, items: template }: PlannedStep,
  scope: Scope,
): readonly unknown[] | undefined {
  if (!template) return undefined;
  const items = template.evaluate(scope);
  const cannot = `Cannot run step "${step.name}" for each item`;
  if (!Array.isArray(items)) {
    throw new AppError(
      "expression_failed",
      `${cannot}: "items" evaluates to ${typeof items}, not a list`,
    );
  }
  if (items.length > itemsMax) {
    const found = `${cannot}: there are ${items.length} items, at most ${itemsMax} are allowed`;
    throw new AppError("expression_failed", `${found}; split the list over several executions`);
  }
  return items;
}

const constantInputs = new WeakMap<CompiledTemplate, string>();

/** The params as JSON; computed once if they are constant. */
export function inputOf(params: CompiledTemplate, scope: Scope): string {
  const known = constantInputs.get(params);
  if (known !== undefined) return known;
  const input = JSON.stringify(params.evaluate(scope));
  if (params.isConstant) constantInputs.set(params, input);
  return input;
}

/** The outputs of a completed execution as JSON; null when its workflow has none. */
export function resultOf({ workflow, outputs }: Plan, scope: Scope): string | null {
  const values = outputs.evaluate(scope);
  if (Object.keys(workflow.outputs).length === 0) return null;
  const result = JSON.stringify(values);
  if (result.length <= resultLengthMax) return result;
  throw new AppError(
    "invalid_output",
    `Cannot store the outputs: they have ${result.length} characters, over ${resultLengthMax}; ` +
      `name less in "outputs"`,
  );
}
