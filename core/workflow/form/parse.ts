/**
 * Workflow files to workflows. A file holds one workflow, or several under `workflows:`. It is
 * refused whole when anything in it is wrong, with every problem at once; no text makes it throw.
 *
 * A workflow's own text is a YAML document of its own: aliases may not leave it. So what an
 * execution keeps gives the same workflow again, and one workflow of a file can be replaced
 * without touching the rest.
 */

import { closest } from "../../closest.ts";
import type { ParsedWorkflow, Workflow } from "../definition.ts";
import { WorkflowForm } from "./form.ts";
import { standing, validate } from "../../yaml/issues.ts";
import { refusal } from "../problems.ts";
import { checkReferences } from "./references.ts";
import { SourceText } from "../../yaml/source_text.ts";
import { shown } from "../../yaml/wording.ts";
import { readTree, type YamlPath, type YamlTree } from "../../yaml/tree.ts";
import type { Problem } from "../../yaml/problem.ts";

export interface ParsedFile {
  /** None when there is a problem. */
  readonly workflows: readonly ParsedWorkflow[];
  /** Those whose form is right, whatever else is wrong: more may be told of them. */
  readonly readable: readonly ParsedWorkflow[];
  /** In the order of the text. */
  readonly problems: readonly Problem[];
}

/** The workflows of a file's text. `file` is the name in the problems; nothing is opened. */
export function parseWorkflows(text: string, file: string): ParsedFile {
  const source = new SourceText(text, file);
  const tree = readTree(source);
  const readable = tree === undefined ? [] : readWorkflows(tree, source);
  const problems = source.problems();
  return { workflows: problems.length > 0 ? [] : readable, readable, problems };
}

/**
 * The workflow that a text kept with an execution stands for.
 * @throws {AppError} `invalid_workflow` when it is none: the language has changed since.
 */
export function restoreWorkflow(text: string): Workflow {
  const { workflows: [workflow], problems } = parseWorkflows(text, "kept text");
  if (workflow === undefined) throw refusal("read the text kept with an execution", problems);
  const { file: _file, line: _line, text: _text, ...plain } = workflow;
  return plain;
}

function readWorkflows(tree: YamlTree, source: SourceText): readonly ParsedWorkflow[] {
  const paths = pathsOfWorkflows(tree);
  reportTwice(["workflows"], "workflow", tree);
  return paths.flatMap((path) => {
    reportTwice([...path, "steps"], "step", tree, [...path, "finally"]);
    if (path.length > 0) tree.reportAliasesLeaving(path);
    const written = tree.valueAt(path);
    const checked = validate(WorkflowForm, written, "the workflow");
    const issues = "value" in checked ? checkReferences(checked.value) : checked.issues;
    for (const issue of issues) {
      const at = [...path, ...standing(issue.path, written)];
      tree.report(at, issue.message, issue.place, issue.within);
    }
    if (!("value" in checked) || hasNameTwice(checked.value)) return [];
    return [{ ...checked.value, file: source.file, ...cutOut(path, tree, source) }];
  });
}

/** Where the workflows stand: at the root, or each in the list. */
function pathsOfWorkflows(tree: YamlTree): readonly YamlPath[] {
  const root = tree.valueAt([]);
  const wanted = 'a file is one workflow, or a list of them under "workflows:"';
  if (!isMapping(root)) {
    tree.report([], root === null ? `the file is empty; ${wanted}` : wanted);
    return [];
  }
  if (!Object.hasOwn(root, "workflows")) {
    const typo = Object.keys(root).find((key) => closest(key, ["workflows"]));
    if (typo === undefined) return [[]];
    tree.report([typo], `unknown key ${shown(typo)}; did you mean "workflows"?`, "key");
    return [];
  }
  for (const key of Object.keys(root).filter((key) => key !== "workflows")) {
    tree.report([key], `unknown key ${shown(key)} beside "workflows"; ${wanted}`, "key");
  }
  const list = root["workflows"];
  if (Array.isArray(list)) return list.map((_, index) => ["workflows", index]);
  tree.report(["workflows"], `"workflows" must be a list, not ${shown(list)}; ${wanted}`);
  return [];
}

/** Which of the two steps is meant can't be told. */
function hasNameTwice({ steps, finally: last }: Workflow): boolean {
  const all = [...steps, ...last];
  return new Set(all.map(({ name }) => name)).size < all.length;
}

/** Refuses two workflows of a file, or two steps of a workflow, with one name; in all the lists. */
function reportTwice(
  path: YamlPath,
  thing: "workflow" | "step",
  tree: YamlTree,
  ...more: readonly YamlPath[]
): void {
  const pathOf = new Map<string, YamlPath>();
  for (const here of [path, ...more].flatMap((list) => namesIn(list, tree))) {
    const name = String(tree.valueAt(here));
    const before = pathOf.get(name);
    if (before === undefined) pathOf.set(name, here);
    else {
      const { line } = tree.positionOf(before);
      tree.report(here, `the ${thing} ${shown(name)} is in line ${line} already; rename one`);
    }
  }
}

/** Where the names in a list of workflows or steps stand. */
function namesIn(path: YamlPath, tree: YamlTree): readonly YamlPath[] {
  const list = tree.valueAt(path);
  if (!Array.isArray(list)) return [];
  return list.flatMap((item, index) =>
    isMapping(item) && typeof item["name"] === "string" ? [[...path, index, "name"]] : []
  );
}

/** A single workflow's text is the file; one of a list keeps its columns by a first indent. */
function cutOut(
  path: YamlPath,
  tree: YamlTree,
  source: SourceText,
): Pick<ParsedWorkflow, "text" | "line"> {
  const range = tree.rangeOf(path);
  if (path.length === 0 || range === undefined) return { text: source.text, line: 1 };
  const { line, column } = source.position(range.start);
  return { line, text: " ".repeat(column - 1) + source.text.slice(range.start, range.end) };
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
