/** What an execution is started with. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../../../../core/errors.ts";
import { resolveInputs } from "../../../../core/workflow/form/inputs.ts";
import { parseWorkflows } from "../../../../core/workflow/form/parse.ts";

const text = `name: w
inputs:
  symbol: { type: string, min: 1, max: 5 }
  n: { type: integer, default: 3, min: 1, max: 10 }
  x: { type: number, default: 0.5 }
  kind: { type: string, default: a, enum: [a, b] }
  list: { type: array, items: string, default: [], max: 2 }
  deep: { type: boolean, default: false }
  map: { type: object, default: {} }
steps: [{ name: s, agent: a, capability: c }]
`;
const { workflows: [workflow], problems } = parseWorkflows(text, "w.yaml");

/** The problems, or the inputs. */
function given(inputs: Record<string, unknown>): unknown {
  assert.deepEqual(problems, []);
  assert(workflow);
  try {
    return resolveInputs(workflow, inputs);
  } catch (thrown) {
    assert(thrown instanceof AppError && thrown.code === "invalid_input");
    return (thrown.details as { readonly problems: unknown }).problems;
  }
}

Deno.test("inputs that are not given have their defaults", () => {
  assert.deepEqual(given({ symbol: "AAPL", x: 2 }), {
    symbol: "AAPL",
    n: 3,
    x: 2,
    kind: "a",
    list: [],
    deep: false,
    map: {},
  });
});

Deno.test("every input that is wrong is told at once", () => {
  assert.deepEqual(given({ n: 1.5, symbl: "A", kind: "c", list: ["a", 2], deep: 1, map: [] }), [
    'there is no input "symbl"; did you mean "symbol"?',
    '"symbol" is missing',
    '"n" must be a whole number, not 1.5',
    '"kind" must be one of "a", "b", not "c"',
    '"list" must hold text as item 2',
    '"deep" must be true or false, not 1',
    '"map" must be a mapping, not a list',
  ]);
  assert.deepEqual(given({ symbol: "TOOLONG", n: 11, list: ["a", "b", "c"], x: "1" }), [
    '"symbol" must be at most 5 characters',
    '"n" must be at most 10',
    '"x" must be a number, not "1"',
    '"list" must be at most 2 items',
  ]);
});

Deno.test("a number is one that JSON can keep", () => {
  assert.match(String(given({ symbol: "A", x: JSON.parse("1e999") })), /^"x" must be a number/);
});

Deno.test("a default that its own input refuses is told in the file", () => {
  const wrong = text.replace("default: 3", "default: 30");
  assert.deepEqual(
    parseWorkflows(wrong, "w.yaml").problems.map(({ line, message }) => `${line} ${message}`),
    ['4 "default" must be at most 10'],
  );
});

Deno.test("any JSON is taken or refused as inputs, never a crash", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (inputs) => {
    given(inputs as Record<string, unknown>);
  }));
  const keys = fc.constantFrom("symbol", "n", "x", "kind", "list", "deep", "map", "__proto__");
  fc.assert(fc.property(fc.dictionary(keys, fc.jsonValue()), (inputs) => {
    given(inputs as Record<string, unknown>);
  }));
});

Deno.test("an input that nests too deep is refused, however deep it is", () => {
  const nested = (levels: number): unknown =>
    JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);
  const problems = ['"list" must not nest over 200 levels'];
  assert.deepEqual(given({ symbol: "A", list: nested(201) }), problems);
  assert.deepEqual(given({ symbol: "A", list: nested(100_000) }), problems);
  assert.notDeepEqual(given({ symbol: "A", list: nested(200) }), problems);
});
