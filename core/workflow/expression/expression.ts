/**
 * Values that hold `${{ … }}`, compiled once and filled in for each execution. An expression is
 * CEL; what it takes of the thread is bounded. Pure but for that clock.
 */

import { AppError } from "../../errors.ts";
import {
  expressionLengthMax,
  messageOfLibrary,
  nodesOf,
  type ParsedExpression,
  parseExpression,
  placeOfLibrary,
  stepOfNode,
  toJson,
} from "./cel.ts";
import type { Template } from "../definition.ts";
import { asTemplate, cutText, holdsExpression } from "./template_text.ts";
import { withinTime } from "./time_limit.ts";
import { shown } from "../../yaml/wording.ts";
import type { Place } from "../../yaml/tree.ts";

/** What expressions see. */
export interface Scope {
  readonly inputs: unknown;
  /** By name: `{ status, output?, error? }`. */
  readonly steps: Readonly<Record<string, unknown>>;
  /** Of `for_each`: what the step is carried out for, and its place in the list. */
  readonly item?: unknown;
  readonly index?: number;
  readonly execution: {
    readonly id: string;
    readonly workflow: string;
    /** The instant that it sees up to; null: now. */
    readonly as_of: string | null;
  };
  /** When the execution was created, or the instant that it sees up to: the same after a crash. */
  readonly now: string;
  readonly secrets: Readonly<Record<string, string>>;
}

export interface CompiledTemplate {
  /** Whether it holds no expression. */
  readonly isConstant: boolean;
  /** Names of the steps it speaks of. */
  readonly steps: ReadonlySet<string>;
  /**
   * JSON.
   * @throws {AppError} `expression_failed`, naming the expression and what is wrong with it.
   */
  evaluate(scope: Scope): unknown;
}

/** How long one value's expressions may hold the thread. */
export const timeMsMax = 200;
/** Characters of a text that expressions are filled into. */
export const filledLengthMax = 10 * 2 ** 20;

/** @throws {AppError} `expression_failed` for an expression that can't be read. */
export function compileTemplate(template: Template): CompiledTemplate {
  const steps = new Set<string>();
  const fill = compileValue(template, steps);
  if (!fill) return { isConstant: true, steps, evaluate: () => template };
  return { isConstant: false, steps, evaluate: (scope) => limited(() => fill({ ...scope })) };
}

/**
 * A condition: one expression, with or without `${{ }}`. Evaluated, it gives true or false.
 * @throws {AppError} `expression_failed`.
 */
export function compileCondition(text: string): CompiledTemplate {
  const compiled = compileTemplate(asTemplate(text));
  return {
    ...compiled,
    evaluate: (scope) => {
      const value = compiled.evaluate(scope);
      if (typeof value === "boolean") return value;
      throw failed(text, `it gives ${shown(value)}, neither true nor false`);
    },
  };
}

type Fill = (variables: Readonly<Record<string, unknown>>) => unknown;

/** What fills a value in; undefined for one without expressions. */
function compileValue(value: unknown, steps: Set<string>): Fill | undefined {
  if (typeof value === "string") return compileText(value, steps);
  if (Array.isArray(value)) {
    const fills = value.map((each) => compileValue(each, steps));
    if (fills.every((fill) => fill === undefined)) return undefined;
    return (variables) => value.map((each, index) => fills[index]?.(variables) ?? each);
  }
  if (typeof value !== "object" || value === null) return undefined;
  const entries = Object.entries(value)
    .map(([key, each]) => [key, each, compileValue(each, steps)] as const);
  if (entries.every(([, , fill]) => fill === undefined)) return undefined;
  return (variables) =>
    Object.fromEntries(
      entries.map(([key, each, fill]) => [key, fill ? fill(variables) : each]),
    );
}

function compileText(text: string, steps: Set<string>): Fill | undefined {
  if (!holdsExpression(text)) return undefined;
  const segments = cutText(text);
  if (!segments) throw failed(text, 'a "${{" is not closed by "}}"');
  const fills = segments.map((segment) => {
    if (segment.kind === "text") return () => segment.text;
    const { expression } = segment;
    const parsed = parse(expression);
    for (const node of nodesOf(parsed.ast)) {
      const name = stepOfNode(node);
      if (name !== undefined) steps.add(name);
    }
    return (variables: Readonly<Record<string, unknown>>) =>
      evaluate(parsed, expression, variables);
  });
  const [only] = fills;
  if (fills.length === 1 && only) return only;
  return (variables) => joined(text, fills.map((fill) => asText(fill(variables))));
}

function joined(text: string, parts: readonly string[]): string {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > filledLengthMax) {
    throw failed(text, `the text is over ${filledLengthMax} characters`);
  }
  return parts.join("");
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function parse(expression: string): ParsedExpression {
  if (expression.length > expressionLengthMax) {
    throw failed(expression, `it is over ${expressionLengthMax} characters`);
  }
  try {
    return parseExpression(expression);
  } catch (thrown) {
    throw failed(expression, messageOfLibrary(thrown), placeOfLibrary(thrown));
  }
}

function evaluate(
  parsed: ParsedExpression,
  expression: string,
  variables: Readonly<Record<string, unknown>>,
): unknown {
  try {
    return toJson(parsed.evaluate(variables));
  } catch (thrown) {
    throw failed(expression, messageOfLibrary(thrown));
  }
}

/** @throws {AppError} `expression_failed` when it holds the thread for too long. */
function limited(call: () => unknown): unknown {
  const within = withinTime(call, timeMsMax);
  if (within) return within.result;
  throw new AppError(
    "expression_failed",
    `Cannot evaluate the expressions: they took over ${timeMsMax} ms; let an agent do the work`,
  );
}

function failed(expression: string, reason: string, at = 0): AppError {
  const place: Place = { text: expression, at };
  return new AppError(
    "expression_failed",
    `Cannot evaluate ${shown(expression.trim())}: ${reason}`,
    { details: place },
  );
}

/** What {@link compileTemplate} refused, if that is what was thrown. */
export function placeOf(thrown: unknown): Place | undefined {
  if (!(thrown instanceof AppError) || thrown.code !== "expression_failed") return undefined;
  return thrown.details as Place | undefined;
}
