/** The `schedule:` of a workflow's file, set without touching the rest of it. */

import type { ParsedWorkflow } from "../definition.ts";
import { saveWorkflow } from "./save.ts";
import { SourceText } from "../../yaml/source_text.ts";
import { readTree } from "../../yaml/tree.ts";

/**
 * Gives a workflow this schedule, as a file has it: one, or a list of them.
 * @throws {AppError} `invalid_workflow` when it is none, and whatever saving throws.
 */
export function setSchedule(
  folder: string,
  workflow: ParsedWorkflow,
  schedule: unknown,
): Promise<ParsedWorkflow> {
  const { name } = workflow;
  return saveWorkflow(folder, withSchedule(workflow.text, flowText(schedule)), { name });
}

function withSchedule(text: string, schedule: string): string {
  const tree = readTree(new SourceText(text, ""));
  const old = tree?.rangeOf(["schedule"]);
  if (old) {
    const lineEnd = /\r?\n$/.exec(text.slice(old.start, old.end))?.[0] ?? "";
    return text.slice(0, old.start) + schedule + lineEnd + text.slice(old.end);
  }
  const name = tree?.rangeOf(["name"]) ?? { start: 0, end: 0 };
  if (/^\s*\{/.test(text)) {
    return `${text.slice(0, name.end)}, schedule: ${schedule}${text.slice(name.end)}`;
  }
  const lineStart = text.lastIndexOf("\n", name.start) + 1;
  const indent = /^[ ]*/.exec(text.slice(lineStart))?.[0] ?? "";
  return `${text.slice(0, lineStart)}${indent}schedule: ${schedule}\n${text.slice(lineStart)}`;
}

/** JSON, which YAML reads, with bare keys as people write them: `{ every: "5m" }`. */
function flowText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flowText).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([key, value]) =>
    `${/^[a-z_]+$/.test(key) ? key : JSON.stringify(key)}: ${flowText(value)}`
  );
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}
