/** The workflows folder, on real files. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { findWorkflow, loadWorkflows } from "../../../../core/workflow/folder/files.ts";
import { workflowFolder, workflowOf } from "../folder.ts";

Deno.test("loadWorkflows() reads *.yaml and *.yml in the order of their names", async () => {
  await using folder = await workflowFolder({
    "b.yml": workflowOf("second"),
    "a.yaml": `workflows:\n- ${workflowOf("first").replaceAll("\n", "\n  ").trimEnd()}\n`,
    "c.yaml": `${workflowOf("third")}enabled: false\n`,
    ".hidden.yaml": "no workflow",
    "notes.txt": "no workflow",
    "d.yaml~": "no workflow",
  });
  const { workflows, problems } = await loadWorkflows(folder.path);
  assert.deepEqual(problems, []);
  assert.deepEqual(workflows.map(({ name, enabled, file }) => [name, enabled, file]), [
    ["first", true, join(folder.path, "a.yaml")],
    ["second", true, join(folder.path, "b.yml")],
    ["third", false, join(folder.path, "c.yaml")],
  ]);
});

Deno.test("a file with a problem serves nothing, the others load", async () => {
  await using folder = await workflowFolder({
    "a.yaml": `workflows:\n  - { name: fine, steps: [{ name: s, agent: a, capability: c }] }\n` +
      "  - { name: broken }\n",
    "b.yaml": workflowOf("other"),
  });
  const { workflows, problems } = await loadWorkflows(folder.path);
  assert.deepEqual(workflows.map(({ name }) => name), ["other"]);
  assert.deepEqual(problems.map(({ file, line, message }) => [file, line, message]), [
    [join(folder.path, "a.yaml"), 3, '"steps" is missing'],
  ]);
});

Deno.test("a name that an earlier file has is refused, and both places are told", async () => {
  await using folder = await workflowFolder({
    "a.yaml": `# first\n${workflowOf("twice")}`,
    "b.yaml": `workflows:\n  - { name: twice, steps: [{ name: s, agent: a, capability: c }] }\n` +
      "  - { name: once, steps: [{ name: s, agent: a, capability: c }] }\n",
  });
  const { workflows, problems } = await loadWorkflows(folder.path);
  assert.deepEqual(workflows.map(({ name, file }) => [name, file]), [
    ["twice", join(folder.path, "a.yaml")],
  ]);
  const [problem, ...others] = problems;
  assert.deepEqual(others, []);
  assert.deepEqual([problem?.file, problem?.line, problem?.column], [
    join(folder.path, "b.yaml"),
    2,
    13,
  ]);
  const first = `${join(folder.path, "a.yaml")}:2:7`;
  assert.equal(problem?.message, `the workflow "twice" is in ${first} already; rename one`);
});

Deno.test("what can't be read is a problem, not an end", async () => {
  await using folder = await workflowFolder({
    "a.yaml": new Uint8Array([0xff, 0xfe, 0x00]),
    "b.yaml": new Uint8Array(5_000_000),
    "c.yaml": workflowOf("fine"),
  });
  await Deno.mkdir(join(folder.path, "d.yaml"));
  await Deno.symlink(join(folder.path, "nowhere"), join(folder.path, "e.yaml"));
  const { workflows, problems } = await loadWorkflows(folder.path);
  assert.deepEqual(workflows.map(({ name }) => name), ["fine"]);
  const told = problems.map(({ file, message }) => `${file.slice(-6)} ${message}`);
  assert.equal(told.length, 4);
  assert.match(told[0] ?? "", /^a\.yaml Cannot read .* it is not UTF-8; save it as UTF-8$/);
  assert.match(told[1] ?? "", /^b\.yaml Cannot read .* it has 5000000 bytes; split it$/);
  assert.match(told[2] ?? "", /^d\.yaml Cannot read .* it is no file; remove it$/);
  assert.match(told[3] ?? "", /^e\.yaml .*No such file/);
});

Deno.test("a missing folder is one problem", async () => {
  const { workflows, problems } = await loadWorkflows("/nonexistent/workflows");
  assert.deepEqual(workflows, []);
  assert.equal(problems.length, 1);
  assert.match(
    problems[0]?.message ?? "",
    /^Cannot read workflows folder ".*": .*; check the path$/,
  );
});

Deno.test("findWorkflow() finds by name, or says which name or file to look at", async () => {
  await using folder = await workflowFolder({
    "a.yaml": workflowOf("simple_test"),
    "b.yaml": "name: broken",
  });
  const loaded = await loadWorkflows(folder.path);
  assert.equal(findWorkflow(loaded, "simple_test").name, "simple_test");
  assert.throws(() => findWorkflow(loaded, "simple_tset"), {
    code: "unknown_workflow",
    message: 'Cannot find workflow "simple_tset": no file has it; did you mean "simple_test"?',
  });
  assert.throws(() => findWorkflow(loaded, "broken"), {
    message: `Cannot find workflow "broken": no file has it; ` +
      `correct ${join(folder.path, "b.yaml")}, it may be in there`,
  });
  assert.throws(() => findWorkflow({ workflows: [], problems: [] }, "x"), {
    message: 'Cannot find workflow "x": no file has it; list the workflows to see their names',
  });
});
