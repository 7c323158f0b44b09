/**
 * The form of a workflow in a file, key by key, and what it becomes. This schema is the language:
 * a key that isn't here is unknown.
 */

import { z } from "zod";
import { errorCodes, messageOf } from "../../errors.ts";
import { namePattern } from "../../ids.ts";
import {
  type Concurrency,
  type ForEach,
  type Input,
  itemsMax,
  parallelMaxDefault,
  retryDefault,
  type RetryPolicy,
  runningMax,
  type Step,
  stepTimeoutMsDefault,
  type Workflow,
} from "../definition.ts";
import { type DurationBounds, durationForm, durationMsMax } from "./duration.ts";
import { compileCondition, compileTemplate, placeOf } from "../expression/expression.ts";
import { inputProblem } from "./inputs.ts";
import { SchedulesForm } from "./schedule.ts";
import { shown } from "../../yaml/wording.ts";
import type { Place } from "../../yaml/tree.ts";

export const stepsMax = 1_000;
export const nameLengthMax = 64;
export const descriptionLengthMax = 2_000;
/** The largest `retry.attempts`. */
export const attemptsMax = 100;
export const stepTimeoutBounds: DurationBounds = { msMin: 1, msMax: 86_400_000 };
export const backoffBounds: DurationBounds = { msMin: 0, msMax: 3_600_000 };
const backoffMaxBounds: DurationBounds = { msMin: 0, msMax: 86_400_000 };

/** Words of CEL: a step with such a name could never be spoken of in an expression. */
const celWords: ReadonlySet<string> = new Set(
  ("as break const continue else false for function if import in let loop namespace null " +
    "package return true var void while").split(" "),
);

const Name = z.string().max(nameLengthMax).regex(namePattern, {
  error: ({ input }) => `must match [a-z_][a-z0-9_]*, not ${shown(input)}${nameHint(input)}`,
});

const RetryForm = z.strictObject({
  attempts: z.int().min(1).max(attemptsMax).default(retryDefault.attemptsMax)
    .describe("tries in all, the first included"),
  backoff: durationForm(backoffBounds).default(retryDefault.backoffMs)
    .meta({ description: "the wait before the second attempt, up to an hour", initial: "1s" }),
  factor: z.number().min(1).max(100).default(retryDefault.factor)
    .describe("what the wait is multiplied by before each further attempt"),
  max: durationForm(backoffMaxBounds).default(retryDefault.backoffMsMax)
    .meta({ description: "the longest wait, up to a day", initial: "1h" }),
  jitter: z.number().min(0).max(1).default(retryDefault.jitter)
    .describe("the part of each wait that is left to chance, 0 to 1"),
  on: z.array(z.enum(errorCodes)).min(1).optional()
    .describe("the codes of failures that are tried again; all without it"),
}).transform(({ attempts, backoff, max, on, ...rest }): RetryPolicy => ({
  ...rest,
  attemptsMax: attempts,
  backoffMs: backoff,
  backoffMsMax: max,
  ...(on && { on }),
})).meta({ id: "retry" });

/** Expressions are checked where they stand: the text has to be one that can be read. */
const Expressions = z.unknown().superRefine(reportExpressions);

const ForEachForm = z.union([
  z.strictObject({
    items: Expressions.describe("a list, or an expression that gives one; 10,000 at most"),
    max_parallel: z.int().min(1).max(runningMax).default(parallelMaxDefault)
      .describe(`items in flight at once, up to ${runningMax}`),
  }),
  z.string(),
  z.array(z.unknown()).max(itemsMax),
]).superRefine(reportExpressions).transform((form): ForEach =>
  typeof form === "string" || Array.isArray(form)
    ? { items: form, parallelMax: parallelMaxDefault }
    : { items: form.items, parallelMax: form.max_parallel }
).meta({ id: "for_each" });

const StepForm = z.strictObject({
  name: Name.refine((name) => !celWords.has(name), {
    error: ({ input }) => `is a word of the expression language: ${shown(input)}; take another`,
  }).describe("what other steps and expressions call it; once in a workflow"),
  agent: Name.describe("the agent that is asked"),
  capability: Name.describe("what it is asked for"),
  params: z.record(z.string(), z.unknown()).superRefine(reportExpressions).default({})
    .describe("the input of the capability; may hold expressions"),
  needs: z.union([Name.transform((name) => [name]), z.array(Name).max(stepsMax)]).optional()
    .describe(
      "the steps that must have ended before, a name or a list; `[]` for none. Without it, the " +
        "step above. Not in `finally`",
    ),
  when: z.union([z.string().min(1).superRefine(reportCondition), z.boolean().transform(String)])
    .optional().describe("a condition, with or without `${{ }}`: where it is false, it is skipped"),
  for_each: ForEachForm.optional()
    .describe("carries the step out for each item: a list, an expression, or the keys below"),
  timeout: durationForm(stepTimeoutBounds).default(stepTimeoutMsDefault)
    .meta({ description: "of each attempt, up to a day", initial: "30s" }),
  retry: RetryForm.default(retryDefault)
    .meta({ description: "how often and how soon a failure is tried again", initial: {} }),
  on_error: z.enum(["fail", "continue"]).default("fail")
    .describe("once its attempts are used up: `fail` the execution, or `continue` without it"),
}).meta({ id: "step" });

const inputTypes = ["string", "number", "integer", "boolean", "array", "object"] as const;

const InputForm = z.strictObject({
  type: z.enum(inputTypes)
    .describe("`string`, `number`, `integer`, `boolean`, `array` or `object`"),
  description: z.string().max(descriptionLengthMax).default("").describe("for people"),
  default: z.unknown().optional().describe("without one, the input must be given"),
  enum: z.array(z.unknown()).min(1).max(1_000).optional()
    .describe("the only values it may have, 1,000 at most"),
  min: z.number().optional()
    .describe("of a number its value, of a text its characters, of a list its items"),
  max: z.number().optional().describe("the same, at most"),
  items: z.enum(inputTypes).optional().describe("of an `array`: the type of its items"),
}).transform((form) => withoutUndefined(form) as Input).superRefine((input, context) => {
  const problem = input.default === undefined ? undefined : inputProblem(input, input.default);
  if (problem) context.addIssue({ code: "custom", path: ["default"], message: problem });
}).meta({ id: "input" });

/** The name of a secret, as it is set in `AC100_SECRET_<name>`. */
const SecretName = z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/, "must match [A-Z][A-Z0-9_]*");

const ConcurrencyForm = z.strictObject({
  max: z.int().min(1).max(1_000).describe("executions at once, up to 1,000; others wait"),
  key: z.string().superRefine(reportExpressions).optional()
    .describe("counts those alone that give the same text; may use `inputs`"),
}).meta({ id: "concurrency" });

/** What a workflow may be in a file. */
export const WorkflowForm = z.strictObject({
  name: Name.describe("what it is called, once in the folder"),
  description: z.string().max(descriptionLengthMax).default("").describe("for people"),
  enabled: z.boolean().default(true).describe("`false`: it can't be started, and is never due"),
  schedule: SchedulesForm.optional().describe("when it is started by itself: see Schedules"),
  inputs: z.record(Name, InputForm).default({})
    .meta({ description: "what it is started with, by name", initial: {} }),
  secrets: z.array(SecretName).max(100).default([])
    .describe("names of the secrets that `params` may use"),
  concurrency: ConcurrencyForm.optional().describe("how many of its executions run at once"),
  timeout: durationForm({ msMin: 1, msMax: durationMsMax }).optional()
    .describe("of the whole, waits included, up to a year; then `finally` is carried out"),
  steps: z.array(StepForm).min(1).max(stepsMax).describe("1 to 1,000"),
  finally: z.array(StepForm).max(stepsMax).default([])
    .meta({
      description: "steps carried out in order after the others, however those ended",
      initial: [],
    }),
  outputs: z.record(Name, z.unknown()).superRefine(reportExpressions).default({})
    .describe("what a completed execution results in; 1 MB of JSON at most"),
}).transform(({ schedule: schedules = [], concurrency, timeout, ...form }): Workflow => ({
  ...form,
  schedules,
  ...(concurrency && { concurrency: withoutUndefined(concurrency) as Concurrency }),
  ...(timeout !== undefined && { timeoutMs: timeout }),
  steps: form.steps.map((step, index) => stepOf(step, form.steps[index - 1]?.name)),
  finally: form.finally.map((step) => stepOf(step, undefined)),
}));

/** Without `needs`, a step needs the one before it. */
function stepOf(
  { timeout, needs, when, for_each, on_error, ...step }: z.output<typeof StepForm>,
  before: string | undefined,
): Step {
  return {
    ...step,
    needs: needs ?? (before === undefined ? [] : [before]),
    ...(when !== undefined && { when }),
    ...(for_each && { forEach: for_each }),
    timeoutMs: timeout,
    onError: on_error,
  };
}

function withoutUndefined<Form extends object>(form: Form): Partial<Form> {
  const entries = Object.entries(form).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<Form>;
}

/** What can't be read as an expression is refused where it stands, not when it is needed. */
function reportExpressions(value: unknown, context: z.RefinementCtx): void {
  const walk = (each: unknown, path: readonly (string | number)[]): void => {
    if (typeof each === "string") {
      const problem = problemOf(() => compileTemplate(each));
      if (problem) context.addIssue({ code: "custom", path: [...path], ...problem });
    } else if (Array.isArray(each)) {
      each.forEach((item, index) => walk(item, [...path, index]));
    } else if (typeof each === "object" && each !== null) {
      Object.entries(each).forEach(([key, item]) => walk(item, [...path, key]));
    }
  };
  walk(value, []);
}

function reportCondition(text: string, context: z.RefinementCtx): void {
  const problem = problemOf(() => compileCondition(text));
  if (problem) context.addIssue({ code: "custom", ...problem });
}

function problemOf(
  compile: () => unknown,
):
  | { readonly message: string; readonly params: { readonly within: Place | undefined } }
  | undefined {
  try {
    compile();
    return undefined;
  } catch (thrown) {
    const message = `holds an expression that can't be read: ${messageOf(thrown)}`;
    return { message, params: { within: placeOf(thrown) } };
  }
}

function nameHint(input: unknown): string {
  const name = String(input).slice(0, nameLengthMax).trim().toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_");
  return namePattern.test(name) ? `; did you mean "${name}"?` : "";
}
