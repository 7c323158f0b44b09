/**
 * What an expression gives, from what is known of the names in it, and where it can't come to
 * anything. Pure. CEL's own checker stops at the first problem and has no word for "one of these";
 * this one goes on, and is silent where the values may decide.
 */

import type { ASTNode } from "@marcbachmann/cel-js";
import {
  type Checker,
  type Names,
  shapeOfCall,
  shapeOfMethod,
  type WantedKind,
} from "./infer_calls.ts";
import {
  any,
  boolean,
  fieldOf,
  listOf,
  mayBe,
  nothing,
  number,
  oneOf,
  type Shape,
  shapeText,
  text,
  waysOf,
} from "./shape.ts";

/** Something that can't work, and where in the expression. */
export interface TypeProblem {
  readonly at: number;
  readonly message: string;
}

/** One check of an expression. */
export class Inference implements Checker {
  readonly problems: TypeProblem[] = [];

  /** The shape of what a node gives. */
  shapeOf(node: ASTNode, names: Names): Shape {
    switch (node.op) {
      case "value":
        return shapeOfLiteral(node.args);
      case "id":
        return names.get(node.args) ?? any;
      case ".":
        return this.#field(node, names);
      case "[]":
        return this.#item(node, names);
      case "call":
        return shapeOfCall(this, node, names);
      case "rcall":
        return shapeOfMethod(this, node, names);
      case "list": {
        const items = node.args.map((item) => this.shapeOf(item, names));
        return listOf(() => oneOf(items));
      }
      case "map":
        return this.#mapping(node, names);
      case "?:": {
        const [condition, then, otherwise] = node.args;
        this.want(condition, this.shapeOf(condition, names), "boolean");
        return oneOf([this.shapeOf(then, names), this.shapeOf(otherwise, names)]);
      }
      case "||":
      case "&&":
        node.args.forEach((each) => this.want(each, this.shapeOf(each, names), "boolean"));
        return boolean;
      case "!_":
        this.want(node.args, this.shapeOf(node.args, names), "boolean");
        return boolean;
      case "-_": {
        const shape = this.shapeOf(node.args, names);
        return this.want(node.args, shape, "number") && waysOf(shape) ? number : any;
      }
      case ".?":
      case "[?]":
        return any;
      default:
        return this.#binary(node, names);
    }
  }

  /** Notes that a node must give one of these kinds, where it can't. */
  want(node: ASTNode, shape: Shape, ...kinds: readonly WantedKind[]): boolean {
    if (mayBe(shape, ...kinds)) return true;
    const words = kinds.map((kind) => wanted[kind]).join(" or ");
    this.note(node, `${sourceOf(node)} is ${shapeText(shape)}; it must be ${words}`);
    return false;
  }

  note(node: ASTNode, message: string, at = node.range.start): void {
    this.problems.push({ at, message });
  }

  #field(node: Extract<ASTNode, { op: "." }>, names: Names): Shape {
    const [from, name] = node.args;
    const found = fieldOf(this.shapeOf(from, names), name);
    if ("shape" in found) return found.shape;
    this.note(node, `${sourceOf(from)} ${found.problem}`, node.range.end - name.length);
    return any;
  }

  #item(node: Extract<ASTNode, { op: "[]" }>, names: Names): Shape {
    const [from, key] = node.args;
    const shape = this.shapeOf(from, names);
    const keyShape = this.shapeOf(key, names);
    if (!this.want(from, shape, "list", "map")) return any;
    const ways = waysOf(shape);
    if (!ways) return any;
    if (ways.every(({ kind }) => kind === "list")) {
      if (!this.want(key, keyShape, "number")) return any;
      return oneOf(ways.map((way) => way.kind === "list" ? way.item() : any));
    }
    if (key.op !== "value" || typeof key.args !== "string") return any;
    const found = fieldOf(shape, key.args);
    if ("shape" in found) return found.shape;
    this.note(key, `${sourceOf(from)} ${found.problem}`);
    return any;
  }

  #mapping(node: Extract<ASTNode, { op: "map" }>, names: Names): Shape {
    const fields = new Map<string, { shape: () => Shape; isRequired: boolean }>();
    let isKnown = true;
    for (const [key, value] of node.args) {
      const shape = this.shapeOf(value, names);
      this.shapeOf(key, names);
      if (key.op === "value" && typeof key.args === "string") {
        fields.set(key.args, { shape: () => shape, isRequired: true });
      } else isKnown = false;
    }
    return { kind: "map", fields, rest: isKnown ? undefined : () => any };
  }

  #binary(node: Binary, names: Names): Shape {
    const [left, right] = node.args;
    const [one, other] = [this.shapeOf(left, names), this.shapeOf(right, names)];
    switch (node.op) {
      case "==":
      case "!=":
        return boolean;
      case "in":
        this.want(right, other, "list", "map");
        return boolean;
      case "<":
      case "<=":
      case ">":
      case ">=":
        this.#together(node, one, other, ["number", "string", "boolean"]);
        return boolean;
      case "+": {
        const kinds = this.#together(node, one, other, ["number", "string", "list"]);
        return kinds ? oneOf(kinds.map((kind) => sumOf(kind, one, other))) : any;
      }
      default:
        return this.#together(node, one, other, ["number"]) ? number : any;
    }
  }

  /** The kinds that both sides may be, of those an operator takes; undefined: it can't be told. */
  #together(
    node: Binary,
    one: Shape,
    other: Shape,
    kinds: readonly ("number" | "string" | "boolean" | "list")[],
  ): readonly ("number" | "string" | "boolean" | "list")[] | undefined {
    const common = kinds.filter((kind) => mayBe(one, kind) && mayBe(other, kind));
    if (common.length === 0) {
      const found = `${shapeText(one)} and ${shapeText(other)}`;
      const hint = mayBe(one, "string") && mayBe(other, "number") ||
          mayBe(one, "number") && mayBe(other, "string")
        ? "; turn one into the other with string(…) or double(…)"
        : "";
      this.note(node, `in ${sourceOf(node)}, "${node.op}" can't take ${found}${hint}`);
      return undefined;
    }
    // A timestamp or a duration, which no shape stands for, comes as something unknown.
    return waysOf(one) && waysOf(other) ? common : undefined;
  }
}

type Binary = Extract<
  ASTNode,
  { op: "!=" | "==" | "in" | "+" | "-" | "*" | "/" | "%" | "<" | "<=" | ">" | ">=" }
>;

const wanted: Readonly<Record<WantedKind, string>> = {
  boolean: "true or false",
  number: "a number",
  string: "text",
  list: "a list",
  map: "a mapping",
};

/** The expression of a node as it is written, short. */
export function sourceOf({ input, range }: ASTNode): string {
  let { start } = range;
  // The range of what begins with a parenthesis begins behind it.
  const isOpen = (): boolean => {
    const slice = input.slice(start, range.end);
    return slice.split(")").length > slice.split("(").length;
  };
  while (start > 0 && isOpen()) start--;
  const source = input.slice(start, range.end).replaceAll(/\s+/g, " ").trim();
  return source.length > 60 ? `${source.slice(0, 60)}…` : source;
}

function sumOf(kind: string, one: Shape, other: Shape): Shape {
  if (kind === "number") return number;
  if (kind === "string") return text;
  const items = [one, other].flatMap((side) => waysOf(side) ?? [])
    .flatMap((way) => way.kind === "list" ? [way.item] : []);
  return listOf(() => oneOf(items.map((item) => item())));
}

function shapeOfLiteral(value: unknown): Shape {
  if (value === null) return nothing;
  switch (typeof value) {
    case "string":
      return text;
    case "boolean":
      return boolean;
    case "number":
    case "bigint":
      return number;
    default:
      return any;
  }
}
