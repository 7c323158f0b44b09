/** A workflow as the text of a file: reading it gives the same workflow again. */

import { Document, visit } from "yaml";
import {
  retryDefault,
  type RetryPolicy,
  type Step,
  stepTimeoutMsDefault,
  type Workflow,
} from "../definition.ts";
import { durationText } from "../form/duration.ts";
import { scheduleKeys } from "../form/schedule_keys.ts";
import { unprintable } from "../../yaml/syntax.ts";

/** Quoted text stays on its line: the library's folding puts "undefined" into some (2.9.1). */
const oneLineEach = { lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER };

/** YAML of one workflow; what has its default is left out. */
export function workflowText(workflow: Workflow): string {
  const { name, description, enabled, schedules, concurrency, timeoutMs } = workflow;
  return textOf({
    name,
    ...(description !== "" && { description }),
    ...(!enabled && { enabled }),
    ...(schedules.length > 0 && { schedule: schedules.map(scheduleKeys) }),
    ...filled("inputs", inputForms(workflow.inputs)),
    ...(workflow.secrets.length > 0 && { secrets: workflow.secrets }),
    ...(concurrency && { concurrency }),
    ...(timeoutMs !== undefined && { timeout: durationText(timeoutMs) }),
    steps: workflow.steps.map((step, index) => stepForm(step, workflow.steps[index - 1]?.name)),
    ...(workflow.finally.length > 0 &&
      { finally: workflow.finally.map((step) => stepForm(step, undefined)) }),
    ...filled("outputs", workflow.outputs),
  });
}

function stepForm(step: Step, before: string | undefined): Readonly<Record<string, unknown>> {
  const { name, agent, capability, params, needs, when, forEach, timeoutMs, retry } = step;
  const isAfterTheOneBefore = needs.join() === (before ?? "");
  return {
    name,
    agent,
    capability,
    ...filled("params", params),
    ...(!isAfterTheOneBefore && { needs }),
    ...(when !== undefined && { when }),
    ...(forEach && { for_each: { items: forEach.items, max_parallel: forEach.parallelMax } }),
    ...(timeoutMs !== stepTimeoutMsDefault && { timeout: durationText(timeoutMs) }),
    ...filled("retry", retryForm(retry)),
    ...(step.onError !== "fail" && { on_error: step.onError }),
  };
}

function retryForm(retry: RetryPolicy): Readonly<Record<string, unknown>> {
  const { attemptsMax, backoffMs, factor, backoffMsMax, jitter, on } = retry;
  return {
    ...(attemptsMax !== retryDefault.attemptsMax && { attempts: attemptsMax }),
    ...(backoffMs !== retryDefault.backoffMs && { backoff: durationText(backoffMs) }),
    ...(factor !== retryDefault.factor && { factor }),
    ...(backoffMsMax !== retryDefault.backoffMsMax && { max: durationText(backoffMsMax) }),
    ...(jitter !== retryDefault.jitter && { jitter }),
    ...(on && { on }),
  };
}

function inputForms(inputs: Workflow["inputs"]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => {
      const { type, description, enum: allowed, min, max, items } = input;
      const form = {
        type,
        ...(description !== "" && { description }),
        ...(input.default !== undefined && { default: input.default }),
        ...(allowed && { enum: allowed }),
        ...(min !== undefined && { min }),
        ...(max !== undefined && { max }),
        ...(items && { items }),
      };
      return [name, form];
    }),
  );
}

/** A key with what stands under it, unless that is nothing. */
function filled(key: string, form: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.keys(form).length > 0 ? { [key]: form } : {};
}

function textOf(form: unknown): string {
  // an object that is in two places is written twice, not as an alias
  const document = new Document(form, { aliasDuplicateObjects: false, version: "1.2" });
  visit(document, {
    Scalar: (_key, scalar) => {
      if (typeof scalar.value === "string" && !isPlainProse(scalar.value)) {
        scalar.type = "QUOTE_DOUBLE";
      }
    },
  });
  // the library escapes only what JSON does; all the others are now inside double quotes
  return document.toString(oneLineEach).replaceAll(
    new RegExp(unprintable, "gu"),
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** False for text that the library prints wrongly as a block, or as it stands. */
function isPlainProse(text: string): boolean {
  // A block that keeps empty lines at its end takes in those that follow it in a file.
  if (unprintable.test(text) || /(?:^|\n)\n$/.test(text)) return false;
  return !text.includes("\n") || text.split("\n").every((line) => line === line.trim());
}
