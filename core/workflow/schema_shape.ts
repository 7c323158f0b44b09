/**
 * JSON Schema to shapes: of a capability's input and output. What it can't read is `any`: a check
 * that goes by it may let through what the host refuses, never the other way round.
 */

import type { JsonSchema } from "./params.ts";
import {
  any,
  boolean,
  type Field,
  listOf,
  nothing,
  number,
  oneOf,
  type Shape,
  text,
} from "./shape.ts";

/** The shape of what fits a schema. */
export function shapeOfSchema(schema: JsonSchema): Shape {
  return shapeOf(schema, schema, 0);
}

/** References to references, one after the other; a hostile schema could go on without end. */
const referencesMax = 4;

function shapeOf(schema: unknown, root: JsonSchema, references: number): Shape {
  if (!isObject(schema)) return any;
  const { $ref, enum: values, anyOf, oneOf: either, type } = schema;
  if (typeof $ref === "string") {
    const target = references < referencesMax ? targetOf($ref, root) : undefined;
    return target === undefined ? any : shapeOf(target, root, references + 1);
  }
  if (schema["allOf"] !== undefined || schema["not"] !== undefined) return any;
  if ("const" in schema) return shapeOfValue(schema["const"]);
  if (Array.isArray(values)) return oneOf(values.map(shapeOfValue));
  const ways = anyOf ?? either;
  if (Array.isArray(ways)) return oneOf(ways.map((way) => shapeOf(way, root, references)));
  if (Array.isArray(type)) return oneOf(type.map((each) => shapeOfType(each, schema, root)));
  return shapeOfType(type, schema, root);
}

function shapeOfType(type: unknown, schema: JsonSchema, root: JsonSchema): Shape {
  switch (type) {
    case "string":
      return text;
    case "number":
    case "integer":
      return number;
    case "boolean":
      return boolean;
    case "null":
      return nothing;
    case "array":
      return listShape(schema, root);
    case "object":
      return mapShape(schema, root);
    default:
      return any;
  }
}

function listShape({ prefixItems, items }: JsonSchema, root: JsonSchema): Shape {
  const first: readonly unknown[] = Array.isArray(prefixItems) ? prefixItems : [];
  const all = items === false ? first : [...first, items];
  return listOf(() => oneOf(all.map((item) => shapeOf(item, root, 0))));
}

function mapShape(schema: JsonSchema, root: JsonSchema): Shape {
  const { properties, required, additionalProperties, patternProperties } = schema;
  const names: readonly unknown[] = Array.isArray(required) ? required : [];
  const fields = new Map(
    Object.entries(isObject(properties) ? properties : {}).map(([name, each]): [string, Field] => [
      name,
      { shape: () => shapeOf(each, root, 0), isRequired: names.includes(name) },
    ]),
  );
  const isClosed = additionalProperties === false && patternProperties === undefined;
  const rest = patternProperties === undefined ? additionalProperties : undefined;
  return { kind: "map", fields, rest: isClosed ? undefined : () => shapeOf(rest, root, 0) };
}

/** Of a value that stands in a schema, or in a workflow. */
export function shapeOfValue(value: unknown): Shape {
  switch (typeof value) {
    case "string":
      return text;
    case "number":
      return number;
    case "boolean":
      return boolean;
    default:
      return value === null ? nothing : any;
  }
}

/** What `#/$defs/name` leads to. */
function targetOf(reference: string, root: JsonSchema): unknown {
  if (reference === "#") return root;
  if (!reference.startsWith("#/")) return undefined;
  return reference.slice(2).split("/").reduce<unknown>(
    (at, part) => isObject(at) ? at[part.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined,
    root,
  );
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
