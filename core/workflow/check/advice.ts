/**
 * What is no mistake but may not be meant: steps that are never carried out, and outputs that are
 * read though they may not be there. Such a workflow runs; `workflow validate` tells. Pure.
 */

import { nodesOf, parseExpression, stepOfNode } from "../expression/cel.ts";
import type { ParsedWorkflow, Step } from "../definition.ts";
import { compileCondition, type Scope } from "../expression/expression.ts";
import type { Issue } from "../../yaml/issues.ts";
import { placeIssues } from "./place.ts";
import { asTemplate, cutText, holdsExpression } from "../expression/template_text.ts";
import { shown } from "../../yaml/wording.ts";
import type { YamlPath } from "../../yaml/tree.ts";
import type { Problem } from "../../yaml/problem.ts";

/** Every warning, where it stands in the workflow's file. */
export function adviseOn(workflow: ParsedWorkflow): readonly Problem[] {
  const gaps = gapsOf(workflow);
  const issues: Issue[] = [];
  for (const part of ["steps", "finally"] as const) {
    workflow[part].forEach((step, index) => {
      const path = [part, index];
      issues.push(...neverIssues(step, path));
      // What is skipped itself is read by a step that is not carried out then either.
      const guarded = guardedBy(step.when);
      const seen = part === "steps" ? gaps : new Map([...unsure(workflow), ...gaps]);
      for (const [value, at] of [[step.when, "when"], [step.params, "params"]] as const) {
        const text = at === "when" && typeof value === "string" ? asTemplate(value) : value;
        issues.push(...gapIssues(text, [...path, at], seen, guarded));
      }
      const items = step.forEach?.items;
      issues.push(...gapIssues(items, [...path, "for_each", "items"], seen, guarded));
    });
  }
  issues.push(...gapIssues(workflow.outputs, ["outputs"], gaps, new Set()));
  return placeIssues(workflow, issues);
}

function neverIssues({ name, when, forEach }: Step, path: YamlPath): Issue[] {
  const never = `step ${shown(name)} is never carried out`;
  if (when !== undefined && isNever(when)) {
    const message = `${never}: this condition is always false`;
    return [{ path: [...path, "when"], place: "value", message }];
  }
  if (!Array.isArray(forEach?.items) || forEach.items.length > 0) return [];
  return [{ path: [...path, "for_each", "items"], place: "value", message: `${never}: no items` }];
}

/**
 * Whether a condition speaks of nothing that an execution could change, and gives false. One that
 * calls methods is left alone: loops over lists and patterns may take long.
 */
function isNever(when: string): boolean {
  const segments = cutText(asTemplate(when)) ?? [];
  const isFixed = segments.every((segment) =>
    segment.kind === "text" ||
    [...nodesOf(parseExpression(segment.expression).ast)].every(({ op }) =>
      op !== "id" && op !== "rcall"
    )
  );
  if (!isFixed) return false;
  try {
    return compileCondition(when).evaluate(nothing) === false;
  } catch {
    return false; // it fails the step, which is another thing than never
  }
}

const nothing: Scope = {
  inputs: {},
  steps: {},
  execution: { id: "", workflow: "", as_of: null },
  now: "",
  secrets: {},
};

/** Why a step may have ended without an output, by name. */
type Gaps = ReadonlyMap<string, string>;

function gapsOf({ steps, finally: last }: ParsedWorkflow): Gaps {
  return new Map([...steps, ...last].flatMap((step): [string, string][] => {
    const { name, when, onError, forEach } = step;
    if (when !== undefined && !isAlways(when)) return [[name, 'it has a "when"']];
    return onError === "continue" && !forEach ? [[name, 'it has "on_error: continue"']] : [];
  }));
}

function isAlways(when: string): boolean {
  return /^\s*true\s*$/.test(when);
}

/** By the time of `finally`, any step may have failed, or never begun. */
function unsure({ steps }: ParsedWorkflow): Gaps {
  return new Map(steps.map(({ name }) => [name, "the steps before may have failed"]));
}

/** Names of steps whose end a text asks about: `has(steps.x.output)`, `steps.x.status`. */
function guardedBy(text: string | undefined): ReadonlySet<string> {
  return new Set(text === undefined ? [] : readsOf(asTemplate(text)).guarded);
}

function gapIssues(
  value: unknown,
  path: YamlPath,
  gaps: Gaps,
  guarded: ReadonlySet<string>,
): Issue[] {
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, each]) =>
      gapIssues(each, [...path, Array.isArray(value) ? Number(key) : key], gaps, guarded)
    );
  }
  if (typeof value !== "string" || !holdsExpression(value)) return [];
  const reads = readsOf(value);
  return reads.outputs.flatMap(({ name, text, at }): Issue[] => {
    const reason = gaps.get(name);
    if (reason === undefined || guarded.has(name) || reads.guarded.includes(name)) return [];
    const message = `step ${shown(name)} may have no output: ${reason}; ` +
      `ask first: has(steps.${name}.output) ? … : …`;
    return [{ path, place: "value", message, within: { text, at } }];
  });
}

interface Reads {
  /** Steps whose output is read, and where. */
  readonly outputs: readonly {
    readonly name: string;
    readonly text: string;
    readonly at: number;
  }[];
  readonly guarded: readonly string[];
}

function readsOf(template: string): Reads {
  const outputs: Reads["outputs"][number][] = [];
  const guarded: string[] = [];
  for (const segment of cutText(template) ?? []) {
    if (segment.kind === "text") continue;
    for (const node of nodesOf(parseExpression(segment.expression).ast)) {
      if (node.op !== ".") continue;
      const [from, field] = node.args;
      const name = stepOfNode(from);
      if (name === undefined) continue;
      if (field === "output") {
        outputs.push({ name, text: segment.expression, at: node.range.start });
      } else guarded.push(name);
    }
    for (const node of nodesOf(parseExpression(segment.expression).ast)) {
      const [only] = node.op === "call" && node.args[0] === "has" ? node.args[1] : [];
      for (const each of only ? nodesOf(only) : []) {
        const name = stepOfNode(each);
        if (name !== undefined) guarded.push(name);
      }
    }
  }
  return { outputs, guarded };
}
