/** Saving into the workflows folder, on real files. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Workflow } from "../../../../core/workflow/definition.ts";
import { loadWorkflows } from "../../../../core/workflow/folder/files.ts";
import { restoreWorkflow } from "../../../../core/workflow/form/parse.ts";
import { saveWorkflow } from "../../../../core/workflow/folder/save.ts";
import { workflowFolder, workflowOf } from "../folder.ts";

const list = `# the desk's workflows
workflows:
  # in the morning
  - name: opening   # keep
    description: |
      Two
      lines

    steps:
      - { name: s, agent: a, capability: c }

  # in the evening
  - name: closing
    steps:
    - name: s
      agent: a        # why: see below
      capability: c
# the end`;

Deno.test("saveWorkflow() puts a new workflow into a file of its name", async () => {
  await using folder = await workflowFolder();
  const saved = await saveWorkflow(folder.path, workflowOf("fresh").trimEnd());
  assert.equal(saved.file, join(folder.path, "fresh.yaml"));
  assert.equal(await folder.read("fresh.yaml"), workflowOf("fresh"));
  assert.deepEqual(await folder.names(), ["fresh.yaml"], "no temporary file stays");
});

Deno.test("saveWorkflow() of a workflow as data can be loaded again", async () => {
  await using folder = await workflowFolder();
  const workflow: Workflow = restoreWorkflow(workflowOf("data", '"a: # b"'));
  await saveWorkflow(folder.path, workflow);
  const { workflows: [loaded], problems } = await loadWorkflows(folder.path);
  assert.deepEqual(problems, []);
  assert(loaded);
  assert.deepEqual(restoreWorkflow(loaded.text), workflow);
});

Deno.test("replacing one workflow of a list leaves every other byte as it was", async () => {
  for (const lineEnd of ["\n", "\r\n"]) {
    const before = `\uFEFF${list.replaceAll("\n", lineEnd)}`;
    await using folder = await workflowFolder({ "desk.yaml": before });
    const changed = workflowOf("opening", "changed") + "    # to the point\n";
    const saved = await saveWorkflow(folder.path, changed, { name: "opening" });
    assert.equal(saved.description, "changed");

    const after = new TextDecoder("utf-8", { ignoreBOM: true })
      .decode(await Deno.readFile(join(folder.path, "desk.yaml")));
    const start = before.indexOf("name: opening");
    const rest = before.slice(before.indexOf(`${lineEnd}  # in the evening`));
    assert.equal(after.slice(0, start), before.slice(0, start));
    assert(after.endsWith(rest), after);
    assert.deepEqual(after.slice(start, -rest.length).split(lineEnd), [
      "name: opening",
      "    description: changed",
      "    steps:",
      "      - { name: s, agent: a, capability: c }",
      "        # to the point",
      "",
    ]);
  }
});

Deno.test("the last workflow of a file without a line end can be replaced", async () => {
  await using folder = await workflowFolder({ "desk.yaml": list });
  await saveWorkflow(folder.path, `# why it changed\n${workflowOf("closing", "changed")}`);
  assert.equal(
    await folder.read("desk.yaml"),
    list.slice(0, list.indexOf("name: closing")) +
      "# why it changed\n    name: closing\n    description: changed\n    steps:\n" +
      "      - { name: s, agent: a, capability: c }\n# the end",
  );
});

Deno.test("saving back what was loaded changes nothing", async () => {
  await using folder = await workflowFolder({ "desk.yaml": list, "one.yaml": workflowOf("one") });
  for (const { text } of (await loadWorkflows(folder.path)).workflows) {
    await saveWorkflow(folder.path, text);
  }
  assert.equal(await folder.read("desk.yaml"), list);
  assert.equal(await folder.read("one.yaml"), workflowOf("one"));
});

Deno.test("a file of one workflow is replaced by text, or by data below its comments", async () => {
  const text = `# why\n${workflowOf("one")}# end\n`;
  await using folder = await workflowFolder({ "other_name.yaml": text });
  const workflow = restoreWorkflow(workflowOf("one", "changed"));
  await saveWorkflow(folder.path, workflow);
  assert.equal(
    await folder.read("other_name.yaml"),
    "# why\nname: one\ndescription: changed\nsteps:\n" +
      "  - name: s\n    agent: a\n    capability: c\n# end\n",
  );
  await saveWorkflow(folder.path, `# new\n${workflowOf("one")}`);
  assert.equal(await folder.read("other_name.yaml"), `# new\n${workflowOf("one")}`);
  assert.deepEqual(await folder.names(), ["other_name.yaml"]);
});

Deno.test("a file keeps its permissions", async () => {
  await using folder = await workflowFolder({ "one.yaml": workflowOf("one") });
  await Deno.chmod(join(folder.path, "one.yaml"), 0o640);
  await saveWorkflow(folder.path, workflowOf("one", "changed"));
  const { mode } = await Deno.stat(join(folder.path, "one.yaml"));
  assert.equal((mode ?? 0) & 0o777, 0o640);
});

Deno.test("what is wrong is refused whole, before anything is written", async () => {
  await using folder = await workflowFolder({ "one.yaml": workflowOf("one") });
  const refused = async (text: string, message: RegExp, name?: string): Promise<void> => {
    const options = name === undefined ? {} : { name };
    await assert.rejects(saveWorkflow(folder.path, text, options), {
      code: "invalid_workflow",
      message,
    });
  };
  await refused("name: one\nstep: []", /^Cannot save the workflow: 2 problems \(workflow:1:1: /);
  await refused("workflows: []", /the text holds 0 workflows; save one at a time$/);
  await refused(list, /the text holds 2 workflows; save one at a time$/);
  await refused(workflowOf("two"), /^Cannot save workflow "one": the text names it "two"/, "one");
  await refused(workflowOf("../up"), /must match \[a-z_\]/);
  await refused(workflowOf("a/b"), /must match \[a-z_\]/);
  assert.deepEqual(await folder.names(), ["one.yaml"]);
  assert.equal(await folder.read("one.yaml"), workflowOf("one"));
});

Deno.test("a file that can't take the workflow is left alone", async () => {
  const flow = "workflows: [{ name: one, steps: [{ name: s, agent: a, capability: c }] }]\n";
  await using outside = await workflowFolder({ "linked.yaml": workflowOf("linked") });
  await using folder = await workflowFolder({ "flow.yaml": flow, "broken.yaml": "name: broken" });
  await Deno.symlink(join(outside.path, "linked.yaml"), join(folder.path, "linked.yaml"));
  await Deno.symlink("of_a_disk_that_is_away.yaml", join(folder.path, "away.yaml"));
  const refused = async (name: string, message: RegExp): Promise<void> => {
    await assert.rejects(saveWorkflow(folder.path, workflowOf(name)), {
      code: "conflict",
      message,
    });
  };
  await refused("one", /the file would read differently; write its list without brackets/);
  await refused("broken", /there is such a file; correct or remove it$/);
  await refused("away", /there is such a file; correct or remove it$/);
  await refused("linked", /it is a link out of the folder; change the file it leads to$/);
  assert.equal(await folder.read("flow.yaml"), flow);
  assert.equal(await folder.read("broken.yaml"), "name: broken");
  assert.equal(await outside.read("linked.yaml"), workflowOf("linked"));
  const link = await Deno.readLink(join(folder.path, "away.yaml"));
  assert.equal(link, "of_a_disk_that_is_away.yaml");
  assert.deepEqual(await folder.names(), ["away.yaml", "broken.yaml", "flow.yaml", "linked.yaml"]);
});

Deno.test("of saves at once into one file, none undoes another", async () => {
  await using folder = await workflowFolder({ "desk.yaml": list });
  const saves = await Promise.allSettled([
    saveWorkflow(folder.path, workflowOf("opening", "changed")),
    saveWorkflow(folder.path, workflowOf("closing", "changed")),
  ]);
  const { workflows } = await loadWorkflows(folder.path);
  const changed = workflows.filter(({ description }) => description === "changed").length;
  assert.equal(changed, saves.filter(({ status }) => status === "fulfilled").length);
  assert(changed >= 1);
  for (const save of saves) {
    if (save.status === "rejected") assert.equal(save.reason.code, "conflict");
  }
});

Deno.test("a folder that can't be written is an error with the reason", async () => {
  await assert.rejects(saveWorkflow("/nonexistent/workflows", workflowOf("one")), {
    code: "internal",
    message: /^Cannot save workflow "one" to "\/nonexistent\/.*No such file.*; check the folder$/,
  });
});
