/**
 * What is known of a value before there is one: the kind, the fields, the items. Pure. A shape says
 * what may be; where it can't tell it says `any`, which fits everywhere.
 */

import { shown, suggestion } from "../../yaml/wording.ts";

/** Schemas may speak of themselves: what is inside a shape is looked at when it is asked for. */
export type Later = () => Shape;

export type Shape =
  | { readonly kind: "any" | "null" | "boolean" | "number" | "string" }
  | { readonly kind: "list"; readonly item: Later }
  | {
    readonly kind: "map";
    readonly fields: ReadonlyMap<string, Field>;
    /** What other fields are; undefined: there are no others. */
    readonly rest: Later | undefined;
  }
  /** One of these; of none, where nothing is known, as of the items of an empty list. */
  | { readonly kind: "union"; readonly of: readonly Shape[] };

export interface Field {
  readonly shape: Later;
  /** Whether it is always there. */
  readonly isRequired: boolean;
}

export const any: Shape = { kind: "any" };
export const text: Shape = { kind: "string" };
export const number: Shape = { kind: "number" };
export const boolean: Shape = { kind: "boolean" };
export const nothing: Shape = { kind: "null" };

/** How many ways are told apart; more are as good as anything. */
const waysMax = 32;

export function listOf(item: Later): Shape {
  let known: Shape | undefined;
  // lists made of lists would be looked through anew from each of them
  return { kind: "list", item: () => known ??= item() };
}

/** A mapping whose fields are all there; `rest` is what others are, none when it is absent. */
export function mapOf(fields: Readonly<Record<string, Shape>>, rest?: Shape): Shape {
  return {
    kind: "map",
    fields: new Map(
      Object.entries(fields).map((
        [name, shape],
      ) => [name, { shape: () => shape, isRequired: true }]),
    ),
    rest: rest && (() => rest),
  };
}

/** One of the shapes; `any` where one of them is. */
export function oneOf(shapes: readonly Shape[]): Shape {
  const flat = shapes.flatMap((shape) => shape.kind === "union" ? shape.of : [shape]);
  if (flat.some(({ kind }) => kind === "any")) return any;
  const scalars = new Set<string>();
  const of = flat.filter(({ kind }) => {
    if (kind === "list" || kind === "map") return true;
    return !scalars.has(kind) && scalars.add(kind);
  });
  if (of.length > waysMax) return any;
  const [only] = of;
  return of.length === 1 && only ? only : { kind: "union", of };
}

/** What it may be, one by one; undefined where it may be anything. */
export function waysOf(shape: Shape): readonly Exclude<Shape, { kind: "union" }>[] | undefined {
  const ways = (shape.kind === "union" ? shape.of : [shape])
    .flatMap((way) => way.kind === "union" ? [] : [way]);
  return ways.length === 0 || ways.some(({ kind }) => kind === "any") ? undefined : ways;
}

/** Whether it may be of one of the kinds. */
export function mayBe(shape: Shape, ...kinds: readonly Shape["kind"][]): boolean {
  return waysOf(shape)?.some(({ kind }) => kinds.includes(kind)) ?? true;
}

/** What a field is, or what is wrong with asking for it: a phrase after the value's name. */
export function fieldOf(
  shape: Shape,
  name: string,
): { readonly shape: Shape } | { readonly problem: string } {
  const ways = waysOf(shape);
  if (!ways) return { shape: any };
  const found = ways.flatMap((way) => {
    if (way.kind !== "map") return [];
    const known = way.fields.get(name)?.shape ?? way.rest;
    return known ? [known()] : [];
  });
  if (found.length > 0) return { shape: oneOf(found) };
  const names = ways.flatMap((way) => way.kind === "map" ? [...way.fields.keys()] : []);
  if (mayBe(shape, "map")) return { problem: `has no ${shown(name)}${suggestion(name, names)}` };
  const hint = mayBe(shape, "list") ? "; name one of its items, like [0]" : "";
  return { problem: `is ${shapeText(shape)}, which has no ${shown(name)}${hint}` };
}

const kindTexts: Readonly<Record<Exclude<Shape["kind"], "union">, string>> = {
  any: "anything",
  null: "nothing",
  boolean: "true or false",
  number: "a number",
  string: "text",
  list: "a list",
  map: "a mapping",
};

/** In words: `a number or nothing`. */
export function shapeText(shape: Shape): string {
  const ways = waysOf(shape) ?? [any];
  return [...new Set(ways.map(({ kind }) => kindTexts[kind === "union" ? "any" : kind]))]
    .join(" or ");
}
