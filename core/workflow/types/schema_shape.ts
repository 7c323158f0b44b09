/**
 * JSON Schema to shapes: of a capability's input and output. What it can't read is `any`: a check
 * that goes by it may let through what the host refuses, never the other way round.
 */

import type { JsonSchema } from "../../yaml/json_schema.ts";
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

/** How many parts of a schema are looked at; references could multiply them without end. */
const partsMax = 50_000;
/** References to references, one after the other. */
const referencesMax = 4;

/** One schema, being looked at. */
interface Reading {
  readonly root: JsonSchema;
  partsLeft: number;
}

/** The shape of what fits a schema. */
export function shapeOfSchema(schema: JsonSchema): Shape {
  return shapeOf(schema, { root: schema, partsLeft: partsMax }, 0);
}

function shapeOf(schema: unknown, reading: Reading, references: number): Shape {
  if (!isObject(schema) || reading.partsLeft-- <= 0) return any;
  const { $ref, enum: values, anyOf, oneOf: either, type } = schema;
  if (typeof $ref === "string") {
    const target = references < referencesMax ? targetOf($ref, reading.root) : undefined;
    return target === undefined ? any : shapeOf(target, reading, references + 1);
  }
  if (schema["allOf"] !== undefined || schema["not"] !== undefined) return any;
  if ("const" in schema) return shapeOfValue(schema["const"]);
  if (Array.isArray(values)) return oneOf(values.map(shapeOfValue));
  const ways = anyOf ?? either;
  if (Array.isArray(ways)) return oneOf(ways.map((way) => shapeOf(way, reading, references)));
  if (Array.isArray(type)) return oneOf(type.map((each) => shapeOfType(each, schema, reading)));
  return shapeOfType(type, schema, reading);
}

function shapeOfType(type: unknown, schema: JsonSchema, reading: Reading): Shape {
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
      return listShape(schema, reading);
    case "object":
      return mapShape(schema, reading);
    default:
      return any;
  }
}

function listShape({ prefixItems, items }: JsonSchema, reading: Reading): Shape {
  const first: readonly unknown[] = Array.isArray(prefixItems) ? prefixItems : [];
  const all = items === false ? first : [...first, items];
  return listOf(() => oneOf(all.map((item) => shapeOf(item, reading, 0))));
}

function mapShape(schema: JsonSchema, reading: Reading): Shape {
  const { properties, required, additionalProperties, patternProperties } = schema;
  const names: readonly unknown[] = Array.isArray(required) ? required : [];
  const fields = new Map(
    Object.entries(isObject(properties) ? properties : {}).map(([name, each]): [string, Field] => [
      name,
      { shape: () => shapeOf(each, reading, 0), isRequired: names.includes(name) },
    ]),
  );
  const isClosed = additionalProperties === false && patternProperties === undefined;
  const rest = patternProperties === undefined ? additionalProperties : undefined;
  return { kind: "map", fields, rest: isClosed ? undefined : () => shapeOf(rest, reading, 0) };
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
