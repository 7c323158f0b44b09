/**
 * The form of a workflow in a file, key by key, and what it becomes. This schema is the language:
 * a key that isn't here is unknown.
 */

import { z } from "zod";
import { namePattern } from "../ids.ts";
import { retryDefault, type Step, stepTimeoutMsDefault, type Workflow } from "./definition.ts";
import { type DurationBounds, durationForm } from "./duration.ts";
import { shown } from "./wording.ts";
import { SchedulesForm } from "./schedule.ts";

export const stepsMax = 1_000;
export const nameLengthMax = 64;
export const descriptionLengthMax = 2_000;
/** The largest `retry.attempts`. */
export const attemptsMax = 100;
export const stepTimeoutBounds: DurationBounds = { msMin: 1, msMax: 86_400_000 };
export const backoffBounds: DurationBounds = { msMin: 0, msMax: 3_600_000 };

/** Words of CEL: a step with such a name could never be spoken of in an expression. */
const celWords: ReadonlySet<string> = new Set(
  ("as break const continue else false for function if import in let loop namespace null " +
    "package return true var void while").split(" "),
);

const Name = z.string().max(nameLengthMax).regex(namePattern, {
  error: ({ input }) => `must match [a-z_][a-z0-9_]*, not ${shown(input)}${nameHint(input)}`,
});

const RetryForm = z.strictObject({
  attempts: z.int().min(1).max(attemptsMax).default(retryDefault.attemptsMax),
  backoff: durationForm(backoffBounds).default(retryDefault.backoffMs),
}).transform(({ attempts, backoff }) => ({ attemptsMax: attempts, backoffMs: backoff }));

const StepForm = z.strictObject({
  name: Name.refine((name) => !celWords.has(name), {
    error: ({ input }) => `is a word of the expression language: ${shown(input)}; take another`,
  }),
  agent: Name,
  capability: Name,
  params: z.record(z.string(), z.unknown()).superRefine(reportExpressions).default({}),
  timeout: durationForm(stepTimeoutBounds).default(stepTimeoutMsDefault),
  retry: RetryForm.default(retryDefault),
}).transform(({ timeout, ...step }): Step => ({ ...step, timeoutMs: timeout }));

/** What a workflow may be in a file. */
export const WorkflowForm = z.strictObject({
  name: Name,
  description: z.string().max(descriptionLengthMax).default(""),
  enabled: z.boolean().default(true),
  schedule: SchedulesForm.optional(),
  steps: z.array(StepForm).min(1).max(stepsMax),
}).transform(({ schedule: schedules = [], ...workflow }): Workflow => ({ ...workflow, schedules }));

/** Handed on as text they would reach an agent, which can't know that they were meant otherwise. */
function reportExpressions(params: unknown, context: z.RefinementCtx): void {
  const walk = (value: unknown, path: readonly (string | number)[]): void => {
    if (typeof value === "string" && value.includes("${{")) {
      const message = "holds an expression; expressions are not supported yet, write the value";
      context.addIssue({ code: "custom", path: [...path], message });
    } else if (Array.isArray(value)) {
      value.forEach((item, index) => walk(item, [...path, index]));
    } else if (typeof value === "object" && value !== null) {
      Object.entries(value).forEach(([key, item]) => walk(item, [...path, key]));
    }
  };
  walk(params, []);
}

function nameHint(input: unknown): string {
  const name = String(input).slice(0, nameLengthMax).trim().toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_");
  return namePattern.test(name) ? `; did you mean "${name}"?` : "";
}
