/** What an execution is started with, against what its workflow declares. Pure. */

import { AppError } from "../../errors.ts";
import { type Input, type InputType, levelsMax, type Workflow } from "../definition.ts";
import { shown, suggestion } from "../../yaml/wording.ts";

/**
 * The inputs, with the defaults of those that were not given.
 * @throws {AppError} `invalid_input` with every problem.
 */
export function resolveInputs(
  workflow: Workflow,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const { name, inputs } = workflow;
  const problems = inputsProblems(workflow, given);
  if (problems.length === 0) {
    return Object.fromEntries(
      Object.entries(inputs).map(([key, input]) => [key, valueOf(key, input, given)]),
    );
  }
  throw new AppError("invalid_input", `Cannot start workflow "${name}": ${problems.join("; ")}`, {
    details: { problems },
  });
}

/** What is wrong with them, each in a phrase that names its input. */
export function inputsProblems(
  { inputs }: Pick<Workflow, "inputs">,
  given: Readonly<Record<string, unknown>>,
): readonly string[] {
  const unknown = Object.keys(given).filter((key) => !Object.hasOwn(inputs, key)).map((key) =>
    `there is no input ${shown(key)}${suggestion(key, Object.keys(inputs))}`
  );
  const wrong = Object.entries(inputs).flatMap(([key, input]) => {
    const value = valueOf(key, input, given);
    const problem = value === undefined ? "is missing" : inputProblem(input, value);
    return problem ? [`${shown(key)} ${problem}`] : [];
  });
  return [...unknown, ...wrong];
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1));
}

function valueOf(key: string, input: Input, given: Readonly<Record<string, unknown>>): unknown {
  return Object.hasOwn(given, key) ? given[key] : input.default;
}

/** What is wrong with a value: a phrase that goes on from the name of the input. */
export function inputProblem(
  { type, enum: allowed, min = -Infinity, max = Infinity, items }: Input,
  value: unknown,
): string | undefined {
  if (isDeeper(value, levelsMax)) return `must not nest over ${levelsMax} levels`;
  if (!isOf(type, value)) return `must be ${typeNames[type]}, not ${shown(value)}`;
  if (allowed && !allowed.includes(value)) {
    return `must be one of ${allowed.map(shown).join(", ")}, not ${shown(value)}`;
  }
  if (items && Array.isArray(value)) {
    const wrong = value.findIndex((each) => !isOf(items, each));
    if (wrong >= 0) return `must hold ${typeNames[items]} as item ${wrong + 1}`;
  }
  const size = sizeOf(value);
  if (size === undefined || (size >= min && size <= max)) return undefined;
  const unit = typeof value === "string" ? " character" : Array.isArray(value) ? " item" : "";
  const bound = size < min ? `least ${min}` : `most ${max}`;
  const one = (size < min ? min : max) === 1 || unit === "";
  return `must be at ${bound}${unit}${one ? "" : "s"}`;
}

const typeNames: Readonly<Record<InputType, string>> = {
  string: "text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
};

function isOf(type: InputType, value: unknown): boolean {
  switch (type) {
    case "integer":
      return Number.isSafeInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "string":
      return typeof value === "string";
    case "number":
      return Number.isFinite(value);
    case "boolean":
      return typeof value === "boolean";
  }
}

function sizeOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" || Array.isArray(value) ? value.length : undefined;
}
