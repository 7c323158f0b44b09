/** A schedule set in a file: the key is written or replaced, and all else stays as it was. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { loadWorkflows } from "../../../../core/workflow/folder/files.ts";
import { setSchedule } from "../../../../core/workflow/folder/set_schedule.ts";
import { makeTempFolder } from "../../../support/temp_folder.ts";

const steps = "steps: [{ name: s, agent: x, capability: y }]";

async function afterSetting(text: string, schedule: unknown, name = "a"): Promise<string> {
  await using folder = await makeTempFolder({ "file.yaml": text });
  const { workflows } = await loadWorkflows(folder.path);
  const workflow = workflows.find((workflow) => workflow.name === name);
  assert.ok(workflow);
  await setSchedule(folder.path, workflow, schedule);
  return await Deno.readTextFile(join(folder.path, "file.yaml"));
}

Deno.test("setSchedule() adds the key above the name, with its comments kept", async () => {
  const text = `# why\nname: a # who\n# what\n${steps}\n`;
  assert.equal(
    await afterSetting(text, { every: "5m" }),
    `# why\nschedule: { every: "5m" }\nname: a # who\n# what\n${steps}\n`,
  );
});

Deno.test("setSchedule() replaces a schedule, in a line or in a block, in a list too", async () => {
  const text = `workflows:
  # first
  - name: a
    schedule: { every: 1h } # often
    ${steps}
  - name: b
    schedule:
      - every: 1h
      - cron: "0 9 * * *"
    # before the steps
    ${steps}
`;
  const once = await afterSetting(text, { cron: "0 9 * * *", timezone: "Europe/London" });
  assert.equal(
    once,
    text.replace("{ every: 1h }", '{ cron: "0 9 * * *", timezone: "Europe/London" }'),
  );
  const list = await afterSetting(text, [{ every: "30s" }, { at: "XNYS.open" }], "b");
  const before = `      - every: 1h\n      - cron: "0 9 * * *"\n`;
  assert.equal(
    list,
    text.replace(before, '      [{ every: "30s" }, { at: "XNYS.open" }]\n'),
  );
});

Deno.test("setSchedule() works on a file of JSON", async () => {
  const text = `{ "name": "a", "steps": [{ "name": "s", "agent": "x", "capability": "y" }] }\n`;
  const after = await afterSetting(text, { every: "5m" });
  assert.equal(after, text.replace('"a",', '"a", schedule: { every: "5m" },'));
});

Deno.test("setSchedule() writes nothing when the schedule is none", async () => {
  await using folder = await makeTempFolder({ "file.yaml": `name: a\n${steps}\n` });
  const { workflows: [workflow] } = await loadWorkflows(folder.path);
  assert.ok(workflow);
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [{ every: "0s" }, /at least 1s/],
    [{ every: "5m", cron: "0 9 * * *" }, /needs one of/],
    [{ cron: "0 0 31 2 *" }, /never comes due/],
    [{}, /needs one of/],
    [{ every: "5m", evry: 1 }, /evry/],
  ];
  for (const [schedule, words] of wrong) {
    await assert.rejects(setSchedule(folder.path, workflow, schedule), (thrown: Error) => {
      assert.match(thrown.message, words);
      return true;
    });
  }
  assert.equal(await Deno.readTextFile(join(folder.path, "file.yaml")), `name: a\n${steps}\n`);
});
