/** One workflow of a file's text replaced, every other character left as it was. */

import { isDeepStrictEqual } from "node:util";
import { AppError } from "../../errors.ts";
import type { ParsedWorkflow } from "../definition.ts";
import { parseWorkflows } from "../form/parse.ts";
import { SourceText } from "../../yaml/source_text.ts";
import { readTree, type YamlPath, type YamlTree } from "../../yaml/tree.ts";

/**
 * `text` with the workflow of `replacement`'s name replaced by the one that `replacement` holds.
 * Comments above and below the old one stay.
 * @throws {AppError} `conflict` when the two don't go together: a block inside of `[ ]`.
 */
export function spliceWorkflow(text: string, file: string, replacement: ParsedWorkflow): string {
  const { name } = replacement;
  const source = new SourceText(text, file);
  const tree = readTree(source);
  const range = tree?.rangeOf(pathOf(name, tree));
  if (range === undefined) throw cannot(name, file, "it is not in there; load the file again");
  const lineEnd = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = linesOf(replacement.text, source.position(range.start).column - 1);
  if (lines.at(-1) !== "" && text.slice(range.start, range.end).endsWith("\n")) lines.push("");
  const next = text.slice(0, range.start) + lines.join(lineEnd) + text.slice(range.end);
  if (!isReplaced(text, next, replacement)) {
    throw cannot(name, file, wouldReadDifferently);
  }
  return next;
}

const wouldReadDifferently = "the file would read differently; write its list without brackets, " +
  "and no block that keeps its last empty lines (|+)";

function cannot(name: string, file: string, reason: string): AppError {
  return new AppError("conflict", `Cannot put workflow "${name}" into "${file}": ${reason}`);
}

/** In a list, the path of the workflow called `name`; otherwise the root. */
function pathOf(name: string, tree: YamlTree): YamlPath {
  const list = tree.valueAt(["workflows"]);
  if (!Array.isArray(list)) return [];
  return ["workflows", list.findIndex((_, i) => tree.valueAt(["workflows", i, "name"]) === name)];
}

/** A workflow's lines, those after the first moved to stand behind `indent` spaces. */
function linesOf(text: string, indent: number): string[] {
  const source = new SourceText(text, "");
  const tree = readTree(source);
  const isList = tree?.valueAt(["workflows"]) !== undefined;
  const { start, end } = tree?.rangeOf(isList ? ["workflows", 0] : []) ?? { start: 0, end: 0 };
  const [first = "", ...rest] = withComments(text, start, end).split(/\r?\n/);
  const by = indent - (source.position(start).column - 1);
  return [first, ...rest.map((line) => moved(line, by))];
}

/** With the comments around it, where there is nothing else around. */
function withComments(text: string, start: number, end: number): string {
  const around = `${text.slice(0, start)}\n${text.slice(end)}`;
  const isComments = around.split("\n").every((line) => /^\s*(?:#.*)?$/.test(line));
  return isComments ? text.slice(text.search(/\S/), end) : text.slice(start, end);
}

function moved(line: string, by: number): string {
  if (line === "") return line;
  return by >= 0 ? " ".repeat(by) + line : line.slice(Math.min(-by, line.search(/[^ ]|$/)));
}

function isReplaced(before: string, after: string, replacement: ParsedWorkflow): boolean {
  const wanted = parseWorkflows(before, "").workflows
    .map((workflow) => withoutPlace(workflow.name === replacement.name ? replacement : workflow));
  const found = parseWorkflows(after, "").workflows.map(withoutPlace);
  return isDeepStrictEqual(found, wanted);
}

function withoutPlace({ file: _file, line: _line, text: _text, ...plain }: ParsedWorkflow): object {
  return plain;
}
