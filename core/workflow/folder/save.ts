/**
 * Workflows into the workflows folder. What is wrong is refused whole, before anything is written;
 * what is written replaces one workflow and leaves the rest of its file as it was.
 */

import { dirname, join } from "node:path";
import { AppError, messageOf } from "../../errors.ts";
import type { ParsedWorkflow, Workflow } from "../definition.ts";
import { loadWorkflows, readWorkflowFile } from "./files.ts";
import { parseWorkflows } from "../form/parse.ts";
import { workflowText } from "./print.ts";
import { refusal } from "../problems.ts";
import { replaceFile } from "./replace_file.ts";
import { spliceWorkflow } from "./splice.ts";

/**
 * Saves a workflow, given as text or as data, to where the workflow of its name stands, or to a new
 * file `<name>.yaml`. `name`: refuses to save under another one.
 * @throws {AppError} `invalid_workflow`, `conflict` when the file can't take it, `internal` when
 * it can't be written.
 */
export async function saveWorkflow(
  folder: string,
  workflow: Workflow | string,
  { name }: { readonly name?: string } = {},
): Promise<ParsedWorkflow> {
  const text = typeof workflow === "string" ? workflow : workflowText(workflow);
  const wanted = parseOne(text, name);
  const old = (await loadWorkflows(folder)).workflows.find(({ name }) => name === wanted.name);
  // names have only letters, digits and underscores: the path can't leave the folder
  const file = old?.file ?? join(folder, `${wanted.name}.yaml`);
  try {
    const before = old && await readOwnFile(folder, file);
    const isWholeFile = before === undefined || (before === old?.text && workflow === text);
    const next = isWholeFile ? withLineEnd(text) : spliceWorkflow(before, file, wanted);
    await replaceFile(file, next, before);
    return savedIn(next, file, wanted);
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    const reason = `Cannot save workflow "${wanted.name}" to "${file}": ${messageOf(thrown)}`;
    throw new AppError("internal", `${reason}; check the folder`, { cause: thrown });
  }
}

function parseOne(text: string, name: string | undefined): ParsedWorkflow {
  const what = name === undefined ? "the workflow" : `workflow ${JSON.stringify(name)}`;
  const { workflows: [workflow, ...others], problems } = parseWorkflows(text, "workflow");
  if (problems.length > 0) throw refusal(`save ${what}`, problems);
  if (workflow === undefined || others.length > 0) {
    const count = workflow === undefined ? 0 : others.length + 1;
    const message = `Cannot save ${what}: the text holds ${count} workflows; save one at a time`;
    throw new AppError("invalid_workflow", message);
  }
  if (name !== undefined && workflow.name !== name) {
    const found = `Cannot save ${what}: the text names it "${workflow.name}"`;
    throw new AppError("invalid_workflow", `${found}; save it under that name`);
  }
  return workflow;
}

/** A link to a file elsewhere would be replaced by a file, and the file elsewhere left behind. */
async function readOwnFile(folder: string, file: string): Promise<string> {
  if (dirname(await Deno.realPath(file)) !== await Deno.realPath(folder)) {
    const found = `Cannot save to "${file}": it is a link out of the folder`;
    throw new AppError("conflict", `${found}; change the file it leads to`);
  }
  return await readWorkflowFile(file);
}

function withLineEnd(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}

function savedIn(text: string, file: string, { name }: ParsedWorkflow): ParsedWorkflow {
  const { workflows, problems } = parseWorkflows(text, file);
  const saved = workflows.find((workflow) => workflow.name === name);
  if (saved === undefined) throw refusal(`read back workflow "${name}"`, problems);
  return saved;
}
