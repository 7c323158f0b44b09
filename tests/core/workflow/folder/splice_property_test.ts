/** Replacing a workflow touches nothing else of its file. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { ParsedWorkflow } from "../../../../core/workflow/definition.ts";
import { parseWorkflows } from "../../../../core/workflow/form/parse.ts";
import { workflowText } from "../../../../core/workflow/folder/print.ts";
import { spliceWorkflow } from "../../../../core/workflow/folder/splice.ts";
import { anyWorkflow } from "../workflow_arbitrary.ts";

function asItem(text: string, indent: number): string {
  const pad = " ".repeat(indent);
  const lines = text.trimEnd().split("\n").map((line) => line === "" ? "" : `${pad}  ${line}`);
  return `${pad}- ${lines.join("\n").trimStart()}\n`;
}

function only(text: string): ParsedWorkflow {
  const { workflows: [workflow], problems } = parseWorkflows(text, "");
  assert.deepEqual(problems, []);
  assert(workflow);
  return workflow;
}

Deno.test("any workflow can take any other's place in a list, and nothing around it moves", () => {
  const list = fc.uniqueArray(anyWorkflow, {
    minLength: 1,
    maxLength: 3,
    selector: ({ name }) => name,
  });
  fc.assert(fc.property(list, anyWorkflow, fc.nat(4), fc.nat(), (workflows, other, indent, at) => {
    const index = at % workflows.length;
    const items = workflows.map((workflow, i) =>
      `${" ".repeat(indent)}# comment ${i}\n${asItem(workflowText(workflow), indent)}`
    );
    const before = `# top\nworkflows:\n${items.join("\n")}# bottom\n`;
    const name = workflows[index]?.name ?? "";
    const replacement = only(`# new\n${workflowText({ ...other, name })}`);
    const after = spliceWorkflow(before, "", replacement);

    const start = before.indexOf(items[index] ?? "");
    const end = start + (items[index] ?? "").length;
    const from = start + `${" ".repeat(indent)}# comment 0\n`.length + indent + 2;
    assert.equal(after.slice(0, from), before.slice(0, from));
    assert(after.endsWith(before.slice(end)));
    assert(after.includes("# new\n"));
    const names = parseWorkflows(after, "").workflows.map(({ name }) => name);
    assert.deepEqual(names, workflows.map(({ name }) => name));
  }));
});
