/** Expressions as workflows use them: numbers, missing values, text, bounds. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../../../../core/errors.ts";
import { expressionLengthMax } from "../../../../core/workflow/expression/cel.ts";
import {
  compileCondition,
  compileTemplate,
  type Scope,
  timeMsMax,
} from "../../../../core/workflow/expression/expression.ts";
import { misfit } from "../../../../core/workflow/types/fit.ts";
import { shapeOfValue } from "../../../../core/workflow/types/schema_shape.ts";
import {
  boolean,
  listOf,
  mapOf,
  number,
  text as textShape,
} from "../../../../core/workflow/types/shape.ts";
import { cutText } from "../../../../core/workflow/expression/template_text.ts";
import { problemsOf } from "../../../../core/workflow/types/typing.ts";

const scope: Scope = {
  inputs: { n: 1, half: 0.5, s: "a", l: [1, 2, 3], none: null, big: 2 ** 53 },
  steps: { done: { status: "completed", output: { price: 101.5 } }, gone: { status: "skipped" } },
  execution: { id: "x", workflow: "w", as_of: null },
  now: "2026-01-16T10:30:00.000Z",
  secrets: {},
};

function valueOf(expression: string): unknown {
  return compileTemplate(`\${{ ${expression} }}`).evaluate(scope);
}

function reasonOf(call: () => unknown): string {
  try {
    call();
  } catch (thrown) {
    assert(thrown instanceof AppError && thrown.code === "expression_failed");
    return thrown.message;
  }
  throw new assert.AssertionError({ message: "it was evaluated" });
}

Deno.test("numbers of JSON and numbers of expressions count together", () => {
  const values: Readonly<Record<string, unknown>> = {
    "inputs.n + 1": 2,
    "1 + inputs.n": 2,
    "inputs.half * 3": 1.5,
    "10 % inputs.n": 0,
    "7 - inputs.half": 6.5,
    "inputs.n / 2": 0.5,
    "1 / 2": 0,
    "1.0 / 2": 0.5,
    "double(1) / 2": 0.5,
    "inputs.n == 1": true,
    "1 == 1.0 && 1.5 != 1 && !(1.0 != 1)": true,
    "inputs.n < 2 && 2 > inputs.half": true,
    "inputs.l[inputs.n]": 2,
    "inputs.l.map(x, x * 2)": [2, 4, 6],
    "size(inputs.l) + 1": 4,
    "-inputs.n": -1,
    "2u + 1u": 3,
    "string(inputs.n) + 'x'": "1x",
    "inputs.n in inputs.l": true,
    "9007199254740991": 2 ** 53 - 1,
    "string(9007199254740993)": "9007199254740993",
  };
  for (const [expression, value] of Object.entries(values)) {
    assert.deepEqual(valueOf(expression), value, expression);
  }
});

Deno.test("a number that JSON can't keep is an error, not another number", () => {
  assert.match(reasonOf(() => valueOf("9007199254740993")), /too large to be kept exactly/);
  assert.match(reasonOf(() => valueOf("inputs.n / 0")), /Infinity, which JSON has no form for/);
  assert.match(reasonOf(() => valueOf("1 / 0")), /division by zero/);
  assert.match(reasonOf(() => valueOf("9223372036854775807 + 1")), /overflow/);
  assert.match(reasonOf(() => valueOf("duration('1h')")), /JSON has no form for/);
});

Deno.test("a value that nests too deep is an error", () => {
  const output = JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`) as unknown;
  const steps = { deep: { status: "completed", output } };
  const { evaluate } = compileTemplate("${{ steps.deep.output }}");
  assert.match(
    reasonOf(() => evaluate({ ...scope, steps })),
    /it gives a value of over 200 levels/,
  );
});

Deno.test("a value that is missing is an error that names it, and has() asks first", () => {
  assert.match(reasonOf(() => valueOf("inputs.absent")), /"inputs.absent": No such key: absent/);
  assert.match(reasonOf(() => valueOf("steps.gone.output.price")), /No such key: output/);
  assert.match(reasonOf(() => valueOf("inputs.none.field")), /No such key: field/);
  assert.equal(valueOf("has(steps.gone.output) ? steps.gone.output.price : 0.0"), 0);
  assert.equal(valueOf("has(steps.done.output) ? steps.done.output.price : 0.0"), 101.5);
  assert.equal(valueOf("steps.gone.status"), "skipped");
});

Deno.test("one expression stands for its value, more than one are filled into text", () => {
  const template = {
    whole: "${{ inputs.l }}",
    text: "${{ inputs.s }} of ${{ inputs.l }} at ${{ now }}",
    braces: "${{ {'a': {'b': '}}'}}.a.b }}",
    plain: "no $ {{ here }}",
    list: [1, "${{ inputs.n }}"],
  };
  assert.deepEqual(compileTemplate(template).evaluate(scope), {
    whole: [1, 2, 3],
    text: "a of [1,2,3] at 2026-01-16T10:30:00.000Z",
    braces: "}}",
    plain: "no $ {{ here }}",
    list: [1, 1],
  });
});

Deno.test("a condition gives true or false, and nothing that is like it", () => {
  assert.equal(compileCondition("inputs.n == 1").evaluate(scope), true);
  assert.equal(compileCondition("${{ inputs.n == 2 }}").evaluate(scope), false);
  assert.match(reasonOf(() => compileCondition("inputs.n").evaluate(scope)), /neither true nor/);
  assert.match(reasonOf(() => compileCondition("'true'").evaluate(scope)), /neither true nor/);
});

Deno.test("an expression has a length, a depth, and a time", () => {
  const long = `\${{ '${"x".repeat(expressionLengthMax)}' }}`;
  assert.match(reasonOf(() => compileTemplate(long)), /over 4000 characters/);
  assert.match(
    reasonOf(() => compileTemplate(`\${{ ${"(".repeat(200)}1${")".repeat(200)} }}`)),
    /depth/i,
  );
  const slow = "[1,2,3,4,5,6,7,8,9,10]".concat(".map(a, [1,2,3,4,5,6,7,8,9,10])".repeat(2));
  const nested = Array.from({ length: 9 }, (_, i) => `[0,1,2,3,4,5,6,7,8,9].all(x${i}, `).join("") +
    `${slow}.size() > 0${")".repeat(9)}`;
  const startedAt = performance.now();
  assert.match(reasonOf(() => valueOf(nested)), new RegExp(`over ${timeMsMax} ms`));
  assert(performance.now() - startedAt < 50 * timeMsMax, "it let go of the thread");
});

Deno.test("any text is cut, read and looked at without a crash", () => {
  const pieces = fc.constantFrom(
    ...["${{", "}}", "{", "}", "'", '"', "\\", "(", ")", "[", "]", ".", ",", "?", ":", " ", "\n"],
    ...["inputs", "steps", "item", "has", "map", "x", "1", "1.5", "null", "true", "in", "&&"],
    ...["+", "-", "==", "<", "!", "cel.bind(", "b'a'", "1u", "…", "\0", "\ud800"],
  );
  const text = fc.array(pieces, { maxLength: 30 }).map((all) => all.join(""));
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ unit: "binary" })), (value) => {
      for (const template of [value, `\${{${value}}}`]) {
        try {
          compileTemplate(template);
        } catch (thrown) {
          assert(thrown instanceof AppError, String(thrown));
          continue;
        }
        for (const segment of cutText(template) ?? []) {
          if (segment.kind === "expression") problemsOf(segment.expression, new Map());
        }
        try {
          compileTemplate(template).evaluate(scope);
        } catch (thrown) {
          assert(thrown instanceof AppError, String(thrown));
        }
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("what the look at types refuses does not evaluate", () => {
  const leaf = fc.constantFrom(
    ...["1", "2.5", "'a'", "true", "null", "inputs.n", "inputs.s", "inputs.l", "inputs.flag"],
    ...["inputs.o", "[]", "[1, 2]", "{'k': 1}", "inputs.l[0]", "size(inputs.s)"],
  );
  const expression = fc.letrec<{ any: string }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leaf,
      fc.tuple(
        tie("any"),
        fc.constantFrom("+", "-", "*", "<", "==", "!=", "in", "&&", "||"),
        tie("any"),
      ).map(([left, operator, right]) => `(${left} ${operator} ${right})`),
      fc.tuple(tie("any"), tie("any"), tie("any")).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      tie("any").map((inner) => `(${inner}).k`),
      tie("any").map((inner) => `(${inner})[0]`),
      tie("any").map((inner) => `(${inner}).map(x, x)`),
      tie("any").map((inner) => `(${inner}).startsWith('a')`),
      tie("any").map((inner) => `!(${inner})`),
      tie("any").map((inner) => `size(${inner})`),
      fc.tuple(tie("any"), tie("any")).map(([a, b]) => `[${a}, ${b}]`),
    ),
  })).any;
  const inputs = { n: 3, s: "text", l: [1, 2], flag: true, o: { k: 1 } };
  const names = new Map([[
    "inputs",
    mapOf({
      n: number,
      s: textShape,
      l: listOf(() => number),
      flag: boolean,
      o: mapOf({ k: number }),
    }),
  ]]);
  fc.assert(
    fc.property(expression, (each) => {
      const { problems, shape } = problemsOf(each, names);
      let value: unknown;
      try {
        value = compileTemplate(`\${{ ${each} }}`).evaluate({ ...scope, inputs });
      } catch {
        return; // whatever was found, it does not work
      }
      // `true || x` and `c ? a : b` leave out what could not work; it is refused all the same
      if (/\|\||&&|\?/.test(each)) return;
      assert.deepEqual(problems, [], each);
      assert.equal(misfit(shapeOfValue(value), shape), undefined, `${each} gives ${typeof value}`);
    }),
    { numRuns: 2_000 },
  );
});
