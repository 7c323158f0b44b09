/**
 * What the parts of a workflow say of each other: `needs` name steps, in no circle; schedules give
 * the inputs that are declared; expressions speak of inputs and secrets that are declared, of steps
 * that have ended before, and of `item` where there is one. Pure.
 */

import type { ASTNode } from "@marcbachmann/cel-js";
import { nodesOf, parseExpression } from "../expression/cel.ts";
import type { Step, Workflow } from "../definition.ts";
import { inputsProblems } from "./inputs.ts";
import type { Issue } from "../../yaml/issues.ts";
import { asTemplate, cutText, holdsExpression } from "../expression/template_text.ts";
import { shown, suggestion } from "../../yaml/wording.ts";
import type { YamlPath } from "../../yaml/tree.ts";

/** Every issue, with its path in the workflow's form. */
export function checkReferences(workflow: Workflow): readonly Issue[] {
  const together = [...workflow.steps, ...workflow.finally].map(({ name }) => name);
  // Which step a name means that is there twice can't be told; that it is, has been.
  if (new Set(together).size < together.length) return [];
  const wrongNeeds = needsIssues(workflow.steps);
  const issues = [...scheduleIssues(workflow), ...wrongNeeds];
  const before = wrongNeeds.length > 0 ? undefined : endedBefore(workflow.steps);
  const names = workflow.steps.map(({ name }) => name);
  workflow.steps.forEach((step, index) => {
    // Where the order is wrong itself, every step may be spoken of.
    const known = before?.[index] ?? new Set(names);
    issues.push(...stepIssues(workflow, step, ["steps", index], known, names));
  });
  const all = [...names, ...workflow.finally.map(({ name }) => name)];
  workflow.finally.forEach((step, index) => {
    const known = new Set([...names, ...all.slice(names.length, names.length + index)]);
    issues.push(...stepIssues(workflow, step, ["finally", index], known, all));
    if (step.needs.length > 0) {
      const message = '"needs" has no place in "finally": its steps are carried out in order';
      issues.push({ path: ["finally", index, "needs"], place: "key", message });
    }
  });
  const seen: Seen = {
    workflow,
    steps: new Set(names),
    all: names,
    hasItem: false,
    hasSecrets: false,
  };
  issues.push(...valueIssues(workflow.outputs, ["outputs"], seen));
  const key = { ...seen, steps: new Set<string>() };
  issues.push(...valueIssues(workflow.concurrency?.key, ["concurrency", "key"], key));
  return issues;
}

/** Each firing starts an execution with the schedule's inputs. */
function scheduleIssues(workflow: Workflow): Issue[] {
  return workflow.schedules.flatMap(({ inputs }, index) =>
    inputsProblems(workflow, inputs).map((problem): Issue => ({
      path: ["schedule", index, "inputs"],
      place: "value",
      message: `the schedule could start nothing: ${problem}`,
    }))
  );
}

function needsIssues(steps: readonly Step[]): Issue[] {
  const names = steps.map(({ name }) => name);
  const issues: Issue[] = steps.flatMap(({ needs }, index) =>
    needs.flatMap((need, place): Issue[] => {
      if (names.includes(need)) return [];
      const message = `no step ${shown(need)}${suggestion(need, names)}`;
      return [{ path: ["steps", index, "needs", place], place: "value", message }];
    })
  );
  const circle = circleOf(steps);
  if (!circle) return issues;
  const message = `${circle.map(shown).join(" needs ")}: a circle, which nothing could begin`;
  const path = ["steps", names.indexOf(circle[0] ?? ""), "needs"];
  return [...issues, { path, place: "value", message }];
}

/** Steps that wait for each other, the first one again at the end; undefined where none do. */
function circleOf(steps: readonly Step[]): readonly string[] | undefined {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const done = new Set<string>();
  for (const { name } of steps) {
    // Each entry: a step, and which of its needs is looked at next. No recursion: chains are long.
    const path: { readonly name: string; next: number }[] = [{ name, next: 0 }];
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const need = byName.get(top.name)?.needs[top.next++];
      if (need === undefined || done.has(top.name)) {
        done.add(top.name);
        path.pop();
        continue;
      }
      const at = path.findIndex((entry) => entry.name === need);
      if (at >= 0) return [...path.slice(at).map((entry) => entry.name), need];
      if (byName.has(need) && !done.has(need)) path.push({ name: need, next: 0 });
    }
  }
  return undefined;
}

/** For each step the names of those that have ended before it begins. */
function endedBefore(steps: readonly Step[]): readonly ReadonlySet<string>[] {
  const byName = new Map(steps.map((step) => [step.name, step]));
  return steps.map(({ needs }) => {
    const found = new Set<string>();
    const open = [...needs];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (found.has(name)) continue;
      found.add(name);
      open.push(...byName.get(name)?.needs ?? []);
    }
    return found;
  });
}

/** What an expression may speak of. */
interface Seen {
  readonly workflow: Workflow;
  /** Names of the steps that have ended. */
  readonly steps: ReadonlySet<string>;
  readonly all: readonly string[];
  readonly hasItem: boolean;
  readonly hasSecrets: boolean;
}

function stepIssues(
  workflow: Workflow,
  { params, when, forEach }: Step,
  path: YamlPath,
  steps: ReadonlySet<string>,
  all: readonly string[],
): Issue[] {
  const seen: Seen = { workflow, steps, all, hasItem: false, hasSecrets: false };
  const inParams = { ...seen, hasItem: forEach !== undefined, hasSecrets: true };
  return [
    ...valueIssues(when === undefined ? when : asTemplate(when), [...path, "when"], seen),
    ...valueIssues(forEach?.items, [...path, "for_each", "items"], seen),
    ...valueIssues(params, [...path, "params"], inParams),
  ];
}

function valueIssues(value: unknown, path: YamlPath, seen: Seen): Issue[] {
  if (typeof value === "string") return textIssues(value, path, seen);
  if (Array.isArray(value)) {
    return value.flatMap((each, index) => valueIssues(each, [...path, index], seen));
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => valueIssues(each, [...path, key], seen));
}

function textIssues(text: string, path: YamlPath, seen: Seen): Issue[] {
  const segments = holdsExpression(text) ? cutText(text) ?? [] : [];
  return segments.flatMap((segment) =>
    segment.kind === "text"
      ? []
      : expressionProblems(segment.expression, seen).map(({ message, at }): Issue => ({
        path,
        place: "value",
        message,
        within: { text: segment.expression, at },
      }))
  );
}

interface Found {
  readonly message: string;
  /** Where in the expression. */
  readonly at: number;
}

function expressionProblems(expression: string, seen: Seen): Found[] {
  const { ast } = parseExpression(expression);
  const bound = new Set<string>();
  const nodes = [...nodesOf(ast)];
  for (const node of nodes) {
    // The first argument of a macro (`list.map(x, …)`) is a name of its own.
    const [first, second] = node.op === "rcall" ? node.args[2] : [];
    if (first?.op === "id") bound.add(first.args);
    if (second?.op === "id") bound.add(second.args);
  }
  const problems = nodes.flatMap((node): Found[] => {
    if (node.op !== "." && node.op !== "[]") return [];
    const [from, key] = node.args;
    if (from.op !== "id") return [];
    const isField = typeof key === "string";
    const name = isField ? key : key.op === "value" ? key.args : undefined;
    if (typeof name !== "string") return [];
    const at = isField ? node.range.end - name.length : key.range.start;
    return memberProblem(from.args, name, seen).map((message) => ({ message, at }));
  });
  const named = new Set(nodes.flatMap((node) => isNamed(node) ? [node.args[0]] : []));
  for (const node of nodes) {
    if (node.op !== "id" || bound.has(node.args)) continue;
    const at = node.range.start;
    if (node.args === "steps" && !named.has(node)) {
      problems.push({ message: '"steps" wants the name of a step behind it: steps.fetch', at });
    }
    problems.push(...rootProblem(node.args, seen).map((message) => ({ message, at })));
  }
  return problems.map(({ message, at }) => ({
    message: `in ${shown(expression.trim())}: ${message}`,
    at,
  }));
}

/** Whether it is `from.name` or `from["name"]`, which tells what is read before anything runs. */
function isNamed(node: ASTNode): node is Extract<ASTNode, { op: "." | "[]" }> {
  if (node.op === ".") return true;
  return node.op === "[]" && node.args[1].op === "value" && typeof node.args[1].args === "string";
}

const roots = ["inputs", "steps", "item", "index", "execution", "now", "secrets"];

function rootProblem(name: string, { hasItem, hasSecrets }: Seen): string[] {
  if (name === "item" || name === "index") {
    return hasItem ? [] : [`"${name}" is there in the params of a step with "for_each" alone`];
  }
  if (name === "secrets" && !hasSecrets) {
    return ['"secrets" are there in "params" alone: elsewhere they would be stored or shown'];
  }
  // The name that `cel.bind(…)` begins with.
  if (name === "cel") return [];
  return roots.includes(name) ? [] : [`there is no ${shown(name)}${suggestion(name, roots)}`];
}

function memberProblem(root: string, name: string, seen: Seen): string[] {
  const { inputs, secrets } = seen.workflow;
  switch (root) {
    case "inputs":
      return Object.hasOwn(inputs, name)
        ? []
        : [`there is no input ${shown(name)}${suggestion(name, Object.keys(inputs))}`];
    case "secrets":
      return secrets.includes(name) ? [] : [
        `"secrets" of the workflow does not name ${shown(name)}${suggestion(name, secrets)}`,
      ];
    case "steps":
      if (seen.steps.has(name)) return [];
      return seen.all.includes(name)
        ? [`step ${shown(name)} need not have ended by then; name it in "needs"`]
        : [`there is no step ${shown(name)}${suggestion(name, seen.all)}`];
    default:
      return [];
  }
}
