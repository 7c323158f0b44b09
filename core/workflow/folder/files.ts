/**
 * The workflows folder. A file with a problem serves none of its workflows; the others load, so
 * that a typing mistake stops nothing that ran before.
 */

import { join } from "node:path";
import { closest } from "../../closest.ts";
import { AppError, messageOf } from "../../errors.ts";
import { ThreadShare } from "../../thread_share.ts";
import type { ParsedWorkflow } from "../definition.ts";
import { parseWorkflows } from "../form/parse.ts";
import { placeIssues, placeText } from "../check/place.ts";
import { textLengthMax } from "../../yaml/syntax.ts";
import type { Problem } from "../../yaml/problem.ts";

export const filesMax = 1_000;

/** Of reading and checking files: a folder of large ones takes seconds. */
export const readingShare = new ThreadShare({ restMsMax: 5 });

/** What a workflows folder holds. */
export interface WorkflowFolder {
  /** Enabled or not, by file name and in the order of each file. */
  readonly workflows: readonly ParsedWorkflow[];
  /** Of every file. */
  readonly problems: readonly Problem[];
}

/** Reads `*.yaml` and `*.yml` right in `folder`, not below it; hidden files are left out. */
export async function loadWorkflows(folder: string): Promise<WorkflowFolder> {
  const workflows = new Map<string, ParsedWorkflow>();
  const problems: Problem[] = [];
  for (const file of await listFiles(folder, problems)) {
    const text = await readText(file, problems);
    if (text === undefined) continue;
    const parsed = await readingShare.whenFree(() => parseWorkflows(text, file));
    const twice = problemsOfNames(parsed.workflows, workflows);
    problems.push(...parsed.problems, ...twice);
    if (twice.length > 0) continue;
    for (const workflow of parsed.workflows) workflows.set(workflow.name, workflow);
  }
  return { workflows: [...workflows.values()], problems };
}

/**
 * The workflow called `name`.
 * @throws {AppError} `unknown_workflow`.
 */
export function findWorkflow(
  { workflows, problems }: WorkflowFolder,
  name: string,
): ParsedWorkflow {
  const found = workflows.find((workflow) => workflow.name === name);
  if (found !== undefined) return found;
  const near = closest(name, workflows.map((workflow) => workflow.name));
  const broken = [...new Set(problems.map(({ file }) => file))];
  const advice = near !== undefined
    ? `did you mean "${near}"?`
    : broken.length > 0
    ? `correct ${broken.slice(0, 3).join(", ")}, it may be in there`
    : "list the workflows to see their names";
  throw new AppError(
    "unknown_workflow",
    `Cannot find workflow ${JSON.stringify(name)}: no file has it; ${advice}`,
  );
}

/**
 * The text of a workflow file, a byte order mark included.
 * @throws {AppError} `invalid_workflow` for what is no file, too large, or no UTF-8.
 */
export async function readWorkflowFile(file: string): Promise<string> {
  const { isFile, size } = await Deno.stat(file);
  // a pipe would be waited for; four bytes are the longest a character gets
  if (!isFile) throw unreadable(file, "it is no file; remove it");
  if (size > 4 * textLengthMax) throw unreadable(file, `it has ${size} bytes; split it`);
  const bytes = await Deno.readFile(file);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (thrown) {
    if (thrown instanceof TypeError) throw unreadable(file, "it is not UTF-8; save it as UTF-8");
    throw thrown;
  }
}

function unreadable(file: string, reason: string): AppError {
  return new AppError("invalid_workflow", `Cannot read workflow file "${file}": ${reason}`);
}

async function listFiles(folder: string, problems: Problem[]): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (/^[^.].*\.ya?ml$/.test(name)) names.push(name);
    }
  } catch (thrown) {
    const message = `Cannot read workflows folder "${folder}": ${
      messageOf(thrown)
    }; check the path`;
    problems.push({ file: folder, line: 1, column: 1, message });
  }
  if (names.length > filesMax) {
    const message = `the folder has ${names.length} files, ${filesMax} are read; remove some`;
    problems.push({ file: folder, line: 1, column: 1, message });
  }
  return names.sort().slice(0, filesMax).map((name) => join(folder, name));
}

async function readText(file: string, problems: Problem[]): Promise<string | undefined> {
  try {
    return await readWorkflowFile(file);
  } catch (thrown) {
    problems.push({ file, line: 1, column: 1, message: messageOf(thrown) });
    return undefined;
  }
}

/** Names that an earlier file has taken: both places are told. */
function problemsOfNames(
  workflows: readonly ParsedWorkflow[],
  taken: ReadonlyMap<string, ParsedWorkflow>,
): readonly Problem[] {
  return workflows.flatMap((workflow) => {
    const before = taken.get(workflow.name);
    if (before === undefined) return [];
    const where = placeText(before, ["name"]);
    const message = `the workflow "${workflow.name}" is in ${where} already; rename one`;
    return placeIssues(workflow, [{ path: ["name"], place: "value", message }]);
  });
}
