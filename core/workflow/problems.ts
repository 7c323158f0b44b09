/** Problems as text for people, and as the error that refuses what has them. */

import { AppError } from "../errors.ts";
import type { Problem } from "./definition.ts";

/** `file:line:column: message`, then the line of the file with a caret below the place. */
export function problemText(problem: Problem): string {
  const head = `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
  if (problem.excerpt === undefined) return head;
  return `${head}\n${problem.excerpt.split("\n").map((line) => `    ${line}`).join("\n")}`;
}

/** Problems of one file that were found by more than one look, in the order of its text. */
export function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/** All problems, one below the other. */
export function problemsText(problems: readonly Problem[]): string {
  return problems.map(problemText).join("\n");
}

/** `invalid_workflow` with the problems in its message (the first) and details (all). */
export function refusal(action: string, problems: readonly Problem[]): AppError {
  const [first] = problems;
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  const where = first ? ` (${first.file}:${first.line}:${first.column}: ${first.message})` : "";
  const message = `Cannot ${action}: ${count}${where}; correct the workflow and try again`;
  return new AppError("invalid_workflow", message, { details: { problems } });
}
