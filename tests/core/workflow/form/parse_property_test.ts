/** Reading answers any text, and what is read can be kept and printed. */

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { parse, parseDocument, stringify } from "yaml";
import { parseWorkflows, restoreWorkflow } from "../../../../core/workflow/form/parse.ts";
import { workflowText } from "../../../../core/workflow/folder/print.ts";
import { anyWorkflow } from "../workflow_arbitrary.ts";
import { problemsText } from "../../../../core/yaml/problem.ts";

/** Answered, within bounds, in order, and every position is a place of the text. */
function assertAnswered(text: string): void {
  const { workflows, problems } = parseWorkflows(text, "w.yaml");
  assert(workflows.length === 0 || problems.length === 0);
  assert(workflows.length + problems.length > 0 || /workflows/.test(text));
  assert(problems.length <= 101);
  const lines = text.split("\n");
  for (const { line, column } of problems) {
    assert(column >= 1 && column <= (lines[line - 1] ?? "").length + 1, `${line}:${column}`);
  }
  assert(problemsText(problems).length < 101 * 1_000);
}

Deno.test("parseWorkflows() answers any bytes", () => {
  const decoder = new TextDecoder();
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    assertAnswered(decoder.decode(bytes));
  }));
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), assertAnswered));
});

Deno.test("parseWorkflows() answers anything made of YAML's marks and the language's keys", () => {
  const words = [
    ...["name", "workflows", "steps", "agent", "capability", "params", "timeout", "schedule"],
    ...[": ", ":\n", "\n", "\n  ", "\n    ", "- ", "? ", "[", "]", "{", "}", ", ", "|\n", ">-\n"],
    ...[
      "&a ",
      "*a",
      "!!str ",
      "!x ",
      "'",
      '"',
      "# ",
      "---\n",
      "...\n",
      "%YAML 1.1\n",
      "\t",
      "\r\n",
    ],
    ...["${{ x }}", "1", "a", "~", ".inf", "<<", "__proto__", "\uFEFF", "\u2028", "\x00", "\x1f"],
  ];
  const text = fc.array(fc.constantFrom(...words), { maxLength: 60 }).map((all) => all.join(""));
  fc.assert(fc.property(text, assertAnswered), { numRuns: 500 });
});

Deno.test("parseWorkflows() answers a right text with a piece cut out or put in", () => {
  const edited = fc.tuple(anyWorkflow, fc.nat(), fc.nat(20), fc.string({ maxLength: 5 }))
    .map(([workflow, at, length, put]) => {
      const text = workflowText(workflow);
      const start = at % text.length;
      return text.slice(0, start) + put + text.slice(start + length);
    });
  fc.assert(fc.property(edited, assertAnswered));
});

Deno.test("parseWorkflows() reads back what workflowText() writes", () => {
  fc.assert(fc.property(anyWorkflow, (workflow) => {
    const text = workflowText(workflow);
    const read = restoreWorkflow(text);
    assert.deepEqual(read, workflow);
    assert.equal(workflowText(read), text);
  }));
});

Deno.test("each workflow's text gives the same workflow, in any style of YAML", () => {
  const style = fc.record({
    indent: fc.integer({ min: 2, max: 6 }),
    indentSeq: fc.boolean(),
    lineWidth: fc.constant(0), // folding writes "undefined" into some quoted text (yaml 2.9.1)
    collectionStyle: fc.constantFrom("any" as const, "flow" as const),
    defaultStringType: fc.constantFrom(
      "PLAIN" as const,
      "QUOTE_DOUBLE" as const,
      "BLOCK_LITERAL" as const,
    ),
    aliasDuplicateObjects: fc.constant(false),
  });
  const list = fc.uniqueArray(anyWorkflow, { maxLength: 3, selector: ({ name }) => name });
  fc.assert(fc.property(list, style, fc.boolean(), (workflows, style, windows) => {
    const forms = workflows.map((workflow) => parse(workflowText(workflow)));
    const text = stringify({ workflows: forms }, style);
    // In some styles the library can't read what it wrote (yaml 2.9.1): ":\n&" as a plain value.
    fc.pre(readsAs(text, { workflows: forms }));
    const parsed = parseWorkflows(windows ? text.replaceAll("\n", "\r\n") : text, "w.yaml");
    assert.deepEqual(parsed.problems, []);
    assert.equal(parsed.workflows.length, workflows.length);
    for (const { file: _file, line: _line, text, ...plain } of parsed.workflows) {
      assert.deepEqual(restoreWorkflow(text), plain);
    }
  }));
});

function readsAs(text: string, value: unknown): boolean {
  const read = parseDocument(text);
  return read.errors.length === 0 && isDeepStrictEqual(read.toJS(), value);
}
