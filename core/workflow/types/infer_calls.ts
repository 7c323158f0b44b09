/** What CEL's functions, methods and macros give, for those whose answer is known. Pure. */

import type { ASTNode } from "@marcbachmann/cel-js";
import { any, boolean, listOf, number, oneOf, type Shape, text, waysOf } from "./shape.ts";

/** Shapes by name. */
export type Names = ReadonlyMap<string, Shape>;

export type WantedKind = "boolean" | "number" | "string" | "list" | "map";

/** What the check of an expression offers to the functions in it. */
export interface Checker {
  shapeOf(node: ASTNode, names: Names): Shape;
  /** Notes that a node must give one of these kinds, where it can't. */
  want(node: ASTNode, shape: Shape, ...kinds: readonly WantedKind[]): boolean;
}

const functions: Readonly<Record<string, Shape>> = {
  size: number,
  int: number,
  double: number,
  string: text,
  bool: boolean,
};

/** Of text, with text as arguments. */
const textTests = new Set(["contains", "startsWith", "endsWith", "matches"]);
const methods: Readonly<Record<string, Shape>> = {
  size: number,
  lowerAscii: text,
  upperAscii: text,
  trim: text,
};
const macros = new Set(["map", "filter", "all", "exists", "exists_one"]);

/** `name(…)`. */
export function shapeOfCall(
  checker: Checker,
  node: Extract<ASTNode, { op: "call" }>,
  names: Names,
): Shape {
  const [name, args] = node.args;
  const [only] = args;
  if (name === "has" && only?.op === ".") {
    // Whether the last of it is there is what is asked.
    checker.shapeOf(only.args[0], names);
    return boolean;
  }
  const shapes = args.map((each) => checker.shapeOf(each, names));
  if (name === "size" && only && shapes[0] && waysOf(shapes[0])) {
    checker.want(only, shapes[0], "string", "list", "map");
  }
  return Object.hasOwn(functions, name) ? functions[name] ?? any : any;
}

/** `receiver.name(…)`. */
export function shapeOfMethod(
  checker: Checker,
  node: Extract<ASTNode, { op: "rcall" }>,
  names: Names,
): Shape {
  const [name, receiver, args] = node.args;
  const [first, second, third] = args;
  if (receiver.op === "id" && receiver.args === "cel" && name === "bind") {
    if (first?.op !== "id" || !second || !third) return any;
    const bound = checker.shapeOf(second, names);
    return checker.shapeOf(third, new Map([...names, [first.args, bound]]));
  }
  const shape = checker.shapeOf(receiver, names);
  if (macros.has(name) && first?.op === "id") {
    if (!checker.want(receiver, shape, "list", "map")) return any;
    const inner = new Map([...names, [first.args, itemOf(shape)]]);
    return shapeOfMacro(checker, { name, shape, body: args.slice(1) }, inner);
  }
  const given = args.map((each) => checker.shapeOf(each, names));
  if (textTests.has(name)) {
    checker.want(receiver, shape, "string");
    args.forEach((each, index) => checker.want(each, given[index] ?? any, "string"));
    return boolean;
  }
  return Object.hasOwn(methods, name) ? methods[name] ?? any : any;
}

function shapeOfMacro(
  checker: Checker,
  { name, shape, body }: {
    readonly name: string;
    readonly shape: Shape;
    readonly body: readonly ASTNode[];
  },
  inner: Names,
): Shape {
  const shapes = body.map((each) => checker.shapeOf(each, inner));
  const isCondition = (index: number): boolean =>
    name !== "map" || (index === 0 && body.length > 1);
  body.forEach((each, index) => {
    if (isCondition(index)) checker.want(each, shapes[index] ?? any, "boolean");
  });
  if (name === "map") {
    const given = shapes.at(-1) ?? any;
    return listOf(() => given);
  }
  return name === "filter" ? listOf(() => itemOf(shape)) : boolean;
}

/** What goes through a macro: items of a list, keys of a mapping. */
function itemOf(shape: Shape): Shape {
  const ways = waysOf(shape);
  if (!ways) return any;
  return oneOf(
    ways.flatMap((way) => way.kind === "list" ? [way.item()] : way.kind === "map" ? [text] : []),
  );
}
