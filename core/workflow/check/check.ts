/**
 * Workflows against the agents there are: does each step's agent have that capability, do the
 * params fit its input, and do the expressions fit what they speak of? Pure; done again when the
 * agents change.
 */

import { capabilityAddress, splitAddress } from "../../ids.ts";
import type { ParsedWorkflow, Step } from "../definition.ts";
import { type Issue, validate } from "../../yaml/issues.ts";
import { type JsonSchema, looseSchema } from "../../yaml/json_schema.ts";
import { placeIssues } from "./place.ts";
import { holdsExpression } from "../expression/template_text.ts";
import { checkTypes } from "../types/typing.ts";
import { shown, suggestion } from "../../yaml/wording.ts";
import type { YamlPath } from "../../yaml/tree.ts";
import type { Problem } from "../../yaml/problem.ts";

/** What has to be known of a capability. */
export interface CheckedCapability {
  readonly inputSchema: JsonSchema;
  readonly outputSchema?: JsonSchema;
}

type Capabilities = ReadonlyMap<string, CheckedCapability>;

/** Every problem, where it stands in the workflow's file; `capabilities` by their addresses. */
export function checkWorkflow(
  workflow: ParsedWorkflow,
  capabilities: Capabilities,
): readonly Problem[] {
  const namesByAgent = groupByAgent(capabilities.keys());
  const issues = (["steps", "finally"] as const).flatMap((part) =>
    workflow[part].flatMap((step, index) =>
      checkStep(step, namesByAgent, capabilities)
        .map((issue) => ({ ...issue, path: [part, index, ...issue.path] }))
    )
  );
  return placeIssues(workflow, [...issues, ...typeIssues(workflow, capabilities)]);
}

/** Every problem that can be told without the agents. */
export function checkAlone(workflow: ParsedWorkflow): readonly Problem[] {
  return placeIssues(workflow, typeIssues(workflow, new Map()));
}

function typeIssues(workflow: ParsedWorkflow, capabilities: Capabilities): readonly Issue[] {
  return checkTypes(workflow, ({ agent, capability }) => {
    const known = capabilities.get(capabilityAddress(agent, capability));
    return known && {
      input: known.inputSchema,
      ...(known.outputSchema && { output: known.outputSchema }),
    };
  });
}

function checkStep(
  { agent, capability, params }: Step,
  namesByAgent: ReadonlyMap<string, readonly string[]>,
  capabilities: Capabilities,
): readonly Issue[] {
  const names = namesByAgent.get(agent);
  if (names === undefined) {
    const message = `no agent ${shown(agent)}${suggestion(agent, [...namesByAgent.keys()])}`;
    return [{ path: ["agent"], place: "value", message }];
  }
  const found = capabilities.get(capabilityAddress(agent, capability));
  if (found === undefined) {
    const owner = [...namesByAgent].find(([, names]) => names.includes(capability))?.[0];
    const hint = owner === undefined ? suggestion(capability, names) : `; "${owner}" has`;
    const message = `${shown(agent)} has no capability ${shown(capability)}${hint}`;
    return [{ path: ["capability"], place: "value", message }];
  }
  const schema = looseSchema(found.inputSchema);
  const checked = schema && validate(schema, params, `the params of ${agent}.${capability}`);
  if (checked === undefined || "value" in checked) return [];
  return checked.issues
    .filter(({ path, place }) => place === "key" || !holdsExpressionWithin(valueAt(params, path)))
    .map((issue) => ({ ...issue, path: ["params", ...issue.path] }));
}

/** The text of an expression is not its value: what it gives is looked at apart. */
function holdsExpressionWithin(value: unknown): boolean {
  if (typeof value === "string") return holdsExpression(value);
  return typeof value === "object" && value !== null &&
    Object.values(value).some(holdsExpressionWithin);
}

function valueAt(value: unknown, path: YamlPath): unknown {
  return path.reduce<unknown>(
    (at, key) => typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined,
    value,
  );
}

function groupByAgent(addresses: Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const address of addresses) {
    const parts = splitAddress(address);
    if (parts === undefined) continue;
    const known = names.get(parts.agent);
    if (known === undefined) names.set(parts.agent, [parts.capability]);
    else known.push(parts.capability);
  }
  return names;
}
