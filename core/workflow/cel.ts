/**
 * CEL as workflows speak it. JSON numbers are doubles to CEL, so that `inputs.n + 1` would have no
 * overload: the mixed ones are added. `1 / 2` stays what CEL says, 0; `1.0 / 2` is 0.5.
 */

import { type ASTNode, Environment } from "@marcbachmann/cel-js";

/** Longer expressions are refused. */
export const expressionLengthMax = 4_000;

const operators: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
};

const environment = makeEnvironment();

function makeEnvironment(): Environment {
  const made = new Environment({
    unlistedVariablesAreDyn: true,
    homogeneousAggregateLiterals: false,
    limits: {
      maxAstNodes: 2_000,
      maxDepth: 64,
      maxListElements: 1_000,
      maxMapEntries: 1_000,
      maxCallArguments: 32,
    },
  });
  for (const [operator, apply] of Object.entries(operators)) {
    for (const [left, right] of [["double", "int"], ["int", "double"]] as const) {
      made.registerOperator(
        `${left} ${operator} ${right}`,
        (a: unknown, b: unknown) => apply(Number(a), Number(b)),
      );
    }
  }
  return made;
}

export interface ParsedExpression {
  readonly ast: ASTNode;
  /** Gives CEL's own values: whole numbers are BigInt. */
  evaluate(variables: Readonly<Record<string, unknown>>): unknown;
}

/** @throws what the library throws for text that is no expression. */
export function parseExpression(text: string): ParsedExpression {
  const parsed = environment.parse(text);
  return { ast: parsed.ast, evaluate: (variables) => parsed({ ...variables }) };
}

/** A value that CEL gave, as JSON; undefined for what JSON has no form for. */
export function toJson(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof Date) return value.toISOString();
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(entries.map(([key, each]) => [String(key), toJson(each)]));
}

/** Every node of an expression, from the top. */
export function* nodesOf(node: ASTNode): Iterable<ASTNode> {
  yield node;
  const pending: unknown[] = [node.args];
  for (let next = pending.pop(); next !== undefined || pending.length > 0; next = pending.pop()) {
    if (Array.isArray(next)) pending.push(...next);
    else if (isNode(next)) {
      yield next;
      pending.push(next.args);
    }
  }
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}
