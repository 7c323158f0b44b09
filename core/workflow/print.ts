/** A workflow as the text of a file: reading it gives the same workflow again. */

import { stringify } from "yaml";
import { retryDefault, type Schedule, stepTimeoutMsDefault, type Workflow } from "./definition.ts";
import { durationText } from "./duration.ts";

/** YAML of one workflow; what has its default is left out. */
export function workflowText({ name, description, enabled, schedule, steps }: Workflow): string {
  const form = {
    name,
    ...(description !== "" && { description }),
    ...(!enabled && { enabled }),
    ...(schedule && { schedule: scheduleForm(schedule) }),
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
  // an object that is in two places is written twice, not as an alias
  return stringify(form, { aliasDuplicateObjects: false, lineWidth: 100, version: "1.2" });
}

/** A schedule as its keys in a file. */
function scheduleForm(schedule: Schedule): Readonly<Record<string, string>> {
  if (schedule.kind === "every") return { every: durationText(schedule.everyMs) };
  const { cron, timezone, calendar } = schedule;
  return { cron, timezone, ...(calendar !== undefined && { calendar }) };
}
