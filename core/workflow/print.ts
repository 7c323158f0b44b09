/** A workflow as the text of a file: reading it gives the same workflow again. */

import { Document, visit } from "yaml";
import { retryDefault, stepTimeoutMsDefault, type Workflow } from "./definition.ts";
import { durationText } from "./duration.ts";
import { scheduleKeys } from "./schedule_keys.ts";
import { unprintable } from "./yaml_syntax.ts";

/** Quoted text stays on its line: the library's folding puts "undefined" into some (2.9.1). */
const oneLineEach = { lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER };

/** YAML of one workflow; what has its default is left out. */
export function workflowText({ name, description, enabled, schedules, steps }: Workflow): string {
  const form = {
    name,
    ...(description !== "" && { description }),
    ...(!enabled && { enabled }),
    ...(schedules.length > 0 && { schedule: schedules.map(scheduleKeys) }),
    steps: steps.map(({ name, agent, capability, params, timeoutMs, retry }) => ({
      name,
      agent,
      capability,
      ...(Object.keys(params).length > 0 && { params }),
      ...(timeoutMs !== stepTimeoutMsDefault && { timeout: durationText(timeoutMs) }),
      ...((retry.attemptsMax !== retryDefault.attemptsMax ||
        retry.backoffMs !== retryDefault.backoffMs) &&
        { retry: { attempts: retry.attemptsMax, backoff: durationText(retry.backoffMs) } }),
    })),
  };
  return textOf(form);
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
  if (unprintable.test(text)) return false;
  return !text.includes("\n") || text.split("\n").every((line) => line === line.trim());
}
