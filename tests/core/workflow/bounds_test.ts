/** The bounds that docs/workflows.md lists, each at its edge. */

import assert from "node:assert/strict";
import { compileTemplate, filledLengthMax } from "../../../core/workflow/expression/expression.ts";
import { filesMax, loadWorkflows } from "../../../core/workflow/folder/files.ts";
import { descriptionLengthMax, nameLengthMax, stepsMax } from "../../../core/workflow/form/form.ts";
import { itemsMax } from "../../../core/workflow/definition.ts";
import { parseWorkflows } from "../../../core/workflow/form/parse.ts";
import { depthMax, valuesMax } from "../../../core/yaml/json.ts";
import { textLengthMax, tokensMax } from "../../../core/yaml/syntax.ts";
import { workflowFolder, workflowOf } from "./folder.ts";

const step = { name: "s", agent: "a", capability: "c" };

function told(text: string): readonly string[] {
  return parseWorkflows(text, "w.yaml").problems.map(({ message }) => message);
}

/** What is told of a workflow with these keys besides. */
function toldOf(keys: Record<string, unknown>): readonly string[] {
  return told(JSON.stringify({ name: "w", steps: [step], ...keys }));
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)];
}

Deno.test("a name, a description, the steps and the items keep their bounds", () => {
  const edges: readonly (readonly [(size: number) => Record<string, unknown>, number])[] = [
    [(size) => ({ name: "n".repeat(size) }), nameLengthMax],
    [(size) => ({ description: "d".repeat(size) }), descriptionLengthMax],
    [
      (size) => ({ steps: Array.from({ length: size }, (_, i) => ({ ...step, name: `s${i}` })) }),
      stepsMax,
    ],
    [
      (size) => ({ finally: Array.from({ length: size }, (_, i) => ({ ...step, name: `f${i}` })) }),
      stepsMax,
    ],
    [(size) => ({ steps: [{ ...step, for_each: Array(size).fill(1) }] }), itemsMax],
  ];
  for (const [keysOf, max] of edges) {
    assert.deepEqual(toldOf(keysOf(max)), [], `${max}`);
    assert.match(
      toldOf(keysOf(max + 1))[0] ?? "",
      /must .*at most|matches none of the allowed forms/,
    );
  }
});

Deno.test("a file keeps its length, its tokens, its depth and its values", () => {
  const good = workflowOf("w");
  const comment = (size: number): string => `${good}# ${"x".repeat(size - good.length - 2)}`;
  assert.deepEqual(told(comment(textLengthMax)), []);
  assert.match(told(comment(textLengthMax + 1))[0] ?? "", /longer than 1048576 characters/);
  assert.match(told(`[${"a,".repeat(tokensMax)}]`)[0] ?? "", /more than 100000 YAML tokens/);
  // the file, its steps, the step, its params, the value
  const inside = (depth: number) => toldOf({ steps: [{ ...step, params: { p: nested(depth) } }] });
  assert.deepEqual(inside(depthMax - 4), []);
  assert.match(inside(depthMax - 3)[0] ?? "", /deeper than 32 levels/);
  const many = ["x: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"];
  for (let i = 1; i < 6; i++) {
    many.push(`y${i}: &a${i} [${Array(10).fill(`*a${i - 1}`).join(", ")}]`);
  }
  assert(
    told(many.join("\n")).some((message) => message.includes(`more than ${valuesMax} values`)),
  );
});

Deno.test("a text that expressions are filled into keeps its length", () => {
  const template = compileTemplate("${{ inputs.half }}${{ inputs.half }}");
  const scope = {
    steps: {},
    execution: { id: "", workflow: "", as_of: null },
    now: "",
    secrets: {},
  };
  const half = "x".repeat(filledLengthMax / 2);
  const filled = template.evaluate({ ...scope, inputs: { half } });
  assert.equal((filled as string).length, filledLengthMax);
  assert.throws(() => template.evaluate({ ...scope, inputs: { half: `${half}x` } }), {
    code: "expression_failed",
  });
});

Deno.test("a folder keeps its number of files", async () => {
  const files = Array.from({ length: filesMax + 1 }, (_, i) => [`w${i}.yaml`, workflowOf(`w${i}`)]);
  await using folder = await workflowFolder(Object.fromEntries(files));
  const { workflows, problems } = await loadWorkflows(folder.path);
  assert.equal(workflows.length, filesMax);
  assert.match(problems[0]?.message ?? "", /the folder has 1001 files, 1000 are read/);
});
