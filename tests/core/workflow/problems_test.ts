/** Problems as people read them. */

import assert from "node:assert/strict";
import { parseWorkflows } from "../../../core/workflow/form/parse.ts";
import { refusal } from "../../../core/workflow/problems.ts";
import { problemsText, problemText } from "../../../core/yaml/problem.ts";

Deno.test("a problem is told with its place, its line and a caret below it", () => {
  const { problems } = parseWorkflows("name: w\nsteps:\t[]\ntiemout: 30\n", "workflows/w.yaml");
  assert.equal(
    problemsText(problems),
    [
      'workflows/w.yaml:2:8: "steps" must have at least 1 item',
      "    steps: []",
      "           ^",
      'workflows/w.yaml:3:1: unknown key "tiemout" in the workflow; did you mean "timeout"?',
      "    tiemout: 30",
      "    ^",
    ].join("\n"),
  );
});

Deno.test("a problem without a line to show is told in one", () => {
  const problem = { file: "w.yaml", line: 1, column: 1, message: "it is no file; remove it" };
  assert.equal(problemText(problem), "w.yaml:1:1: it is no file; remove it");
});

Deno.test("the excerpt of a long line is cut around the caret", () => {
  const { problems: [problem] } = parseWorkflows(`${" ".repeat(500)}- x${"y".repeat(500)}`, "w");
  const [line = "", caret = ""] = problem?.excerpt?.split("\n") ?? [];
  assert.equal(problem?.column, 501);
  assert.equal(line.length, 100);
  assert.equal(line.charAt(caret.length - 1), "-");
});

Deno.test("an excerpt and a message carry no control characters of the file", () => {
  const bad = parseWorkflows("name: \x1b[31mred", "w").problems;
  const escaped = parseWorkflows('name: "\\e[31mred"\nsteps: []', "w").problems;
  // deno-lint-ignore no-control-regex -- the very characters that must not be there
  assert.doesNotMatch(problemsText([...bad, ...escaped]), /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
});

Deno.test("refusal() tells the first problem in words and all in its details", () => {
  const { problems } = parseWorkflows("name: w\nfoo: 1", "w.yaml");
  const error = refusal('start workflow "w"', problems);
  assert.equal(error.code, "invalid_workflow");
  assert.equal(
    error.message,
    'Cannot start workflow "w": 2 problems (w.yaml:1:1: "steps" is missing); ' +
      "correct the workflow and try again",
  );
  assert.deepEqual(error.details, { problems });
});
