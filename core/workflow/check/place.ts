/**
 * Where the parts of a workflow stand in its file. The kept text is read again for that: seldom,
 * and so that nobody has to carry the positions along.
 */

import type { ParsedWorkflow } from "../definition.ts";
import type { Issue } from "../../yaml/issues.ts";
import { SourceText } from "../../yaml/source_text.ts";
import { readTree, type YamlPath } from "../../yaml/tree.ts";
import type { Problem } from "../../yaml/problem.ts";

/** Issues of a workflow as problems of its file. */
export function placeIssues(
  { text, file, line }: ParsedWorkflow,
  issues: readonly Issue[],
): readonly Problem[] {
  if (issues.length === 0) return [];
  const source = new SourceText(text, file, line);
  const tree = readTree(source);
  for (const { path, message, place, within } of issues) {
    tree?.report(path, message, place, within);
  }
  return source.problems();
}

/** `file:line:column` of a part of a workflow. */
export function placeText({ text, file, line: firstLine }: ParsedWorkflow, path: YamlPath): string {
  const { line, column } = readTree(new SourceText(text, file, firstLine))?.positionOf(path) ??
    { line: firstLine, column: 1 };
  return `${file}:${line}:${column}`;
}
