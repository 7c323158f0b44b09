/**
 * Turns zod's issues into messages about YAML files. Each text continues from the name of the
 * value: `"timeout" must be a number, not a list`.
 */

import type { z } from "zod";
import { closest } from "../closest.ts";

/** The most known words that a message lists. */
const listedMax = 12;

/** The text for an issue; undefined keeps zod's own text. */
export function issueText(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return mustBe([typeName(issue.expected)], issue.input);
    case "too_small":
      return `must ${sized(issue.origin)} ${issue.inclusive ? "at least" : "more than"} ` +
        `${issue.minimum}${unitOf(issue.origin, issue.minimum)}`;
    case "too_big":
      return `must ${sized(issue.origin)} ${issue.inclusive ? "at most" : "less than"} ` +
        `${issue.maximum}${unitOf(issue.origin, issue.maximum)}`;
    case "invalid_value":
      return oneOf(issue.values.map(String), issue.input);
    case "invalid_format":
      return `does not have the form "${issue.format}": ${shown(issue.input)}`;
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "invalid_union":
      return unionWording(issue.errors, issue.input);
    default:
      return undefined;
  }
}

/** `; did you mean "x"?`, or a short list of the known words, or nothing. */
export function suggestion(word: string, known: readonly string[] = []): string {
  const near = closest(word, known);
  if (near !== undefined) return `; did you mean "${near}"?`;
  return known.length > 0 && known.length <= listedMax ? `; known: ${known.join(", ")}` : "";
}

/** A value as shown in messages: short, on one line, without control characters. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  const text = typeof value === "string" ? value : String(value);
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return typeof value === "string" ? JSON.stringify(short.replaceAll(/\p{C}/gu, "?")) : short;
}

function unionWording(branches: readonly (readonly z.core.$ZodIssue[])[], input: unknown): string {
  const firsts = branches.flatMap(([first]) => first ?? []);
  const types = firsts.flatMap((issue) =>
    issue.code === "invalid_type" && issue.path.length === 0 ? [typeName(issue.expected)] : []
  );
  if (types.length === firsts.length) {
    return mustBe([...new Set(types)], input);
  }
  const ways = new Set(firsts.map(({ path, message }) => {
    const key = path.at(-1);
    return key === undefined ? message : `${shown(String(key))} ${message}`;
  }));
  return `matches none of the allowed forms (${[...ways].slice(0, 4).join("; ")})`;
}

function mustBe(wanted: readonly string[], input: unknown): string {
  return input === undefined ? "is missing" : `must be ${wanted.join(" or ")}, not ${shown(input)}`;
}

function oneOf(values: readonly string[], input: unknown): string {
  const near = typeof input === "string" ? closest(input, values) : undefined;
  if (near !== undefined) return `is ${shown(input)}; did you mean "${near}"?`;
  const few = values.length > listedMax ? [...values.slice(0, listedMax), "…"] : values;
  return mustBe([few.length > 1 ? `one of ${few.join(", ")}` : few.join()], input);
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
  null: "nothing",
};

function typeName(expected: string): string {
  return typeNames[expected] ?? expected;
}

function sized(origin: string): string {
  return origin === "number" || origin === "int" ? "be" : "have";
}

function unitOf(origin: string, count: number | bigint): string {
  const plural = Number(count) === 1 ? "" : "s";
  if (origin === "string") return ` character${plural}`;
  if (origin === "array") return ` item${plural}`;
  return sized(origin) === "be" ? "" : ` key${plural}`;
}
