/**
 * CEL as workflows speak it. JSON numbers are doubles to CEL, so that `inputs.n + 1` would have no
 * overload: the mixed ones are added. `1 / 2` stays what CEL says, 0; `1.0 / 2` is 0.5.
 */

import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import { messageOf } from "../../errors.ts";
import { levelsMax } from "../definition.ts";

/** Longer expressions are refused. */
export const expressionLengthMax = 4_000;
/** How deep an expression may nest. */
export const expressionDepthMax = 64;

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
      maxDepth: expressionDepthMax,
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
  // Both ways round, and "!=" as well.
  made.registerOperator("int == double", (a: unknown, b: unknown) => Number(a) === Number(b));
  return made;
}

export interface ParsedExpression {
  readonly ast: ASTNode;
  /** Gives CEL's own values: whole numbers are BigInt. */
  evaluate(variables: Readonly<Record<string, unknown>>): unknown;
  /** Why it can't be evaluated, whatever its variables are; undefined when it may be. */
  obstacle(): { readonly message: string; readonly at: number } | undefined;
}

/** @throws what the library throws for text that is no expression. */
export function parseExpression(text: string): ParsedExpression {
  const parsed = environment.parse(text);
  return {
    ast: parsed.ast,
    evaluate: (variables) => parsed({ ...variables }),
    obstacle: () => {
      const { error } = parsed.check();
      return error && { message: messageOfLibrary(error), at: placeOfLibrary(error) };
    },
  };
}

/** What the library says is wrong, without the excerpt it puts below. */
export function messageOfLibrary(thrown: unknown): string {
  return messageOf(thrown).split("\n", 1)[0] ?? "";
}

/** Where in the expression, from 0. */
export function placeOfLibrary(thrown: unknown): number {
  return thrown instanceof Error && "range" in thrown
    ? (thrown as { readonly range?: { readonly start: number } }).range?.start ?? 0
    : 0;
}

/**
 * A value that CEL gave, as JSON.
 * @throws {Error} for what JSON has no form for: what comes out silently changed is worse.
 */
export function toJson(value: unknown, levels: number = levelsMax): unknown {
  if (typeof value === "bigint") return exact(value);
  if (typeof value === "number") return finite(value);
  if (value === null || typeof value !== "object") return value;
  if (levels === 0) throw new Error(`it gives a value of over ${levelsMax} levels`);
  if (Array.isArray(value)) return value.map((each) => toJson(each, levels - 1));
  if (value instanceof Date) return value.toISOString();
  // An unsigned number of the library's own.
  const inner: unknown = value.valueOf();
  if (typeof inner === "bigint") return exact(inner);
  const entries = value instanceof Map ? [...value] : isPlain(value) ? Object.entries(value) : null;
  if (entries) {
    return Object.fromEntries(
      entries.map(([key, each]) => [String(key), toJson(each, levels - 1)]),
    );
  }
  throw new Error(`it gives a ${value.constructor.name}, which JSON has no form for`);
}

function exact(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new Error(`it gives ${value}, too large to be kept exactly; turn it into text: string(…)`);
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw new Error(`it gives ${value}, which JSON has no form for; was something divided by 0?`);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
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

/** The name in `steps.name` and `steps["name"]`; undefined for any other node. */
export function stepOfNode(node: ASTNode): string | undefined {
  if (node.op !== "." && node.op !== "[]") return undefined;
  const [from, key] = node.args;
  if (from.op !== "id" || from.args !== "steps") return undefined;
  if (typeof key === "string") return key;
  return key.op === "value" && typeof key.args === "string" ? key.args : undefined;
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}
