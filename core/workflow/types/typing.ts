/**
 * The expressions of a workflow against what is known before it runs: what its inputs are, what
 * the capabilities give, and what the params they fill must be. Pure.
 */

import { parseExpression } from "../expression/cel.ts";
import type { Input, InputType, Step, Workflow } from "../definition.ts";
import { misfit } from "./fit.ts";
import { Inference, type TypeProblem } from "./infer.ts";
import type { Names } from "./infer_calls.ts";
import type { Issue } from "../../yaml/issues.ts";
import type { JsonSchema } from "../../yaml/json_schema.ts";
import { shapeOfSchema, shapeOfValue } from "./schema_shape.ts";
import {
  any,
  boolean,
  listOf,
  mapOf,
  mayBe,
  nothing,
  number,
  oneOf,
  type Shape,
  shapeText,
  text,
  waysOf,
} from "./shape.ts";
import { asTemplate, cutText, holdsExpression } from "../expression/template_text.ts";
import { shown } from "../../yaml/wording.ts";
import type { YamlPath } from "../../yaml/tree.ts";

/** The schemas of a step's capability; undefined where it isn't known. */
export type SchemasOf = (
  step: Step,
) => { readonly input?: JsonSchema; readonly output?: JsonSchema } | undefined;

/** Every issue, with its path in the workflow's form. */
export function checkTypes(workflow: Workflow, schemasOf: SchemasOf): readonly Issue[] {
  const names = namesOf(workflow, schemasOf);
  const issues: Issue[] = [];
  for (const part of ["steps", "finally"] as const) {
    workflow[part].forEach((step, index) => {
      const typing = new Typing(names);
      const path = [part, index];
      typing.checkStep(step, path, schemasOf(step)?.input);
      issues.push(...typing.issues);
    });
  }
  const typing = new Typing(names);
  typing.value(workflow.outputs, any, ["outputs"]);
  typing.value(workflow.concurrency?.key, any, ["concurrency", "key"]);
  return [...issues, ...typing.issues];
}

/** What is wrong with one expression in itself; several things at once. */
export function problemsOf(expression: string, names: Names): {
  readonly problems: readonly TypeProblem[];
  readonly shape: Shape;
} {
  const parsed = parseExpression(expression);
  const inference = new Inference();
  const shape = inference.shapeOf(parsed.ast, names);
  if (inference.problems.length > 0) return { shape: any, problems: inference.problems };
  const obstacle = parsed.obstacle();
  return obstacle ? { shape: any, problems: [obstacle] } : { shape, problems: [] };
}

/** What every expression of a workflow sees; whether it may, references tell. */
function namesOf(workflow: Workflow, schemasOf: SchemasOf): Names {
  const inputs = Object.fromEntries(
    Object.entries(workflow.inputs).map(([name, input]) => [name, shapeOfInput(input)]),
  );
  const steps = Object.fromEntries(
    [...workflow.steps, ...workflow.finally].map((step) => [
      step.name,
      shapeOfStep(step, schemasOf(step)?.output),
    ]),
  );
  return new Map([
    ["inputs", mapOf(inputs, any)],
    ["steps", mapOf(steps, any)],
    ["execution", mapOf({ id: text, workflow: text, as_of: oneOf([text, nothing]) })],
    ["now", text],
    ["secrets", mapOf({}, text)],
  ]);
}

function shapeOfStep({ forEach, onError }: Step, schema: JsonSchema | undefined): Shape {
  const once = schema ? shapeOfSchema(schema) : any;
  // Of an item that failed and is let pass, the list holds nothing.
  const item = onError === "continue" ? oneOf([once, nothing]) : once;
  const output = forEach ? listOf(() => item) : once;
  return mapOf({ status: text, output, error: mapOf({ code: text, message: text }) });
}

function shapeOfInput({ type, items }: Input): Shape {
  if (type !== "array") return shapeOfType(type);
  return listOf(() => items ? shapeOfType(items) : any);
}

function shapeOfType(type: InputType): Shape {
  switch (type) {
    case "string":
      return text;
    case "number":
    case "integer":
      return number;
    case "boolean":
      return boolean;
    case "array":
      return listOf(() => any);
    case "object":
      return mapOf({}, any);
  }
}

class Typing {
  readonly issues: Issue[] = [];
  #names: Names;

  constructor(names: Names) {
    this.#names = names;
  }

  checkStep({ when, forEach, params }: Step, path: YamlPath, input: JsonSchema | undefined): void {
    if (when !== undefined) {
      const at = [...path, "when"];
      const shape = this.#text(asTemplate(when), at);
      if (!mayBe(shape, "boolean")) {
        this.#report(at, `"when" must be true or false, and gives ${shapeText(shape)}`);
      }
    }
    if (forEach) {
      const item = this.#items(forEach.items, [...path, "for_each", "items"]);
      this.#names = new Map([...this.#names, ["item", item], ["index", number]]);
    }
    this.value(params, input ? shapeOfSchema(input) : any, [...path, "params"]);
  }

  /** What `for_each` goes through. */
  #items(items: unknown, path: YamlPath): Shape {
    const shape = this.value(items, any, path);
    if (!mayBe(shape, "list")) {
      this.#report(path, `"items" must be a list, and gives ${shapeText(shape)}`);
    }
    const lists = waysOf(shape)?.flatMap((way) => way.kind === "list" ? [way.item()] : []);
    return lists ? oneOf(lists) : any;
  }

  /** The shape of a value that may hold expressions; those are looked at, the rest has been. */
  value(value: unknown, wanted: Shape, path: YamlPath): Shape {
    if (typeof value === "string") {
      if (!holdsExpression(value)) return text;
      const shape = this.#text(value, path);
      const reason = misfit(shape, wanted);
      if (reason) this.#report(path, `${nameOf(path)} ${reason}`, value);
      return shape;
    }
    const ways = waysOf(wanted);
    if (Array.isArray(value)) {
      const inner = ways?.flatMap((way) => way.kind === "list" ? [way.item()] : []);
      const items = value.map((each, index) =>
        this.value(each, inner ? oneOf(inner) : any, [...path, index])
      );
      return listOf(() => oneOf(items));
    }
    if (typeof value !== "object" || value === null) return shapeOfValue(value);
    return mapOf(Object.fromEntries(
      Object.entries(value).map(([key, each]) => {
        const inner = ways?.flatMap((way) => {
          const field = way.kind === "map" ? way.fields.get(key)?.shape ?? way.rest : undefined;
          return field ? [field()] : [];
        });
        return [key, this.value(each, inner ? oneOf(inner) : any, [...path, key])];
      }),
    ));
  }

  /** One expression stands for its value; with text around them, they are filled into text. */
  #text(value: string, path: YamlPath): Shape {
    const segments = cutText(value) ?? [];
    const shapes = segments.map((segment) => {
      if (segment.kind === "text") return text;
      const { problems, shape } = problemsOf(segment.expression, this.#names);
      for (const { message, at } of problems) {
        const within = { text: segment.expression, at };
        this.issues.push({ path, place: "value", message, within });
      }
      return shape;
    });
    const [only] = shapes;
    return shapes.length === 1 && only ? only : text;
  }

  #report(path: YamlPath, message: string, within?: string): void {
    this.issues.push({
      path,
      place: "value",
      message,
      ...(within !== undefined && { within: { text: within, at: 0 } }),
    });
  }
}

/** The key that a value stands under, or its place in a list. */
function nameOf(path: YamlPath): string {
  const last = path.at(-1);
  if (typeof last !== "number") return shown(last);
  const key = path.findLast((step) => typeof step === "string");
  return `item ${last + 1} of ${shown(key)}`;
}
