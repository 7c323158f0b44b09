/** Problems of workflow files for people: the place, the line, and a caret below it. */

import type { ProblemView, SavedView } from "../../http/api.ts";
import { cleanText } from "./clean.ts";
import { cross, type Look, paint, tick } from "./look.ts";
import { countText } from "./units.ts";
import type { ValidationAnswer } from "../ask/workflow_files.ts";

/** `file:line:column: message`, and the line of the file if it is known. */
export function showProblem(problem: ProblemView, look: Look): string {
  return `${cross(look)} ${placed(problem, look)}`;
}

/** The problems of each file. */
export function showValidation({ files, with_agents }: ValidationAnswer, look: Look): string {
  const blocks = files.map(({ file, ok, workflows, problems, warnings }) => {
    const names = workflows.join(", ");
    const count = problems.length === 0 ? names : countText(problems.length, "problem");
    const head = `${ok ? tick(look) : cross(look)} ${file}: ${count}`;
    const lines = [
      ...problems.map((problem) => placed(problem, look)),
      ...warnings.map((warning) => showWarning(warning, look)),
    ];
    return [head, ...lines].join("\n");
  });
  const alone =
    "No daemon answers: checked without its agents, their capabilities and their types.";
  return [...blocks, ...(with_agents ? [] : [paint(alone, "yellow", look)])].join("\n");
}

/** Where a workflow was saved, and its warnings. */
export function showSaved({ name, file, warnings }: SavedView, look: Look): string {
  const head = `${tick(look)} ${name} is saved in ${file}`;
  return [head, ...warnings.map((warning) => showWarning(warning, look))].join("\n");
}

/** The problems in an error's details, which may have any shape. */
export function problemsIn(details: unknown): readonly ProblemView[] {
  if (typeof details !== "object" || details === null || !("problems" in details)) return [];
  const { problems } = details;
  return Array.isArray(problems) ? problems.flatMap((each) => isProblem(each) ? [each] : []) : [];
}

function showWarning(warning: ProblemView, look: Look): string {
  return `${paint("warning", "yellow", look)} ${placed(warning, look)}`;
}

function placed({ file, line, column, message, excerpt }: ProblemView, look: Look): string {
  const head = `${cleanText(file)}:${line}:${column}: ${cleanText(message)}`;
  if (excerpt === undefined) return head;
  const [source = "", caret = ""] = excerpt.split("\n");
  const marked = paint(caret.replaceAll(/[^ ^]/g, ""), "red", look);
  return `${head}\n    ${cleanText(source)}\n    ${marked}`;
}

function isProblem(value: unknown): value is ProblemView {
  if (typeof value !== "object" || value === null) return false;
  const { file, line, column, message, excerpt } = value as Partial<Record<string, unknown>>;
  return typeof file === "string" && typeof line === "number" && typeof column === "number" &&
    typeof message === "string" && (excerpt === undefined || typeof excerpt === "string");
}
