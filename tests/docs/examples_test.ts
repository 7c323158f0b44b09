/** Runs the examples of the pages against a daemon on the simulated market. */

import assert from "node:assert/strict";
import { parse } from "yaml";
import { adviseOn } from "../../core/workflow/check/advice.ts";
import { parseWorkflows } from "../../core/workflow/form/parse.ts";
import { type Block, readPage, readPages, root } from "../support/pages.ts";
import { copyOfFolder, makeTempFolder } from "../support/temp_folder.ts";
import { startTestDaemon, type TestDaemon } from "../support/test_daemon.ts";

const blocks = (await readPages()).flatMap((page) => page.blocks);
const agents = blocks.filter(({ language, text }) =>
  language === "ts" && text.includes("export default defineAgent(")
);
const yaml = blocks.filter(({ language }) => language === "yaml");
const workflows = yaml.filter(({ text }) => "steps" in parse(text));
const settings = yaml.filter((block) => !workflows.includes(block));

/** The agents folder with the agents of the pages in it. */
function folderOfAgents(more: Readonly<Record<string, string>> = {}) {
  const files = agents.map(({ text }) => [`${idOf(text)}.ts`, text]);
  return copyOfFolder(`${root}agents`, { ...Object.fromEntries(files), ...more });
}

function idOf(agent: string): string {
  return /^ {2}id: "(\w+)"/m.exec(agent)?.[1] ?? "";
}

Deno.test("every agent and every workflow of the pages runs", async (t) => {
  await using agentsFolder = await folderOfAgents();
  await using workflowsFolder = await makeTempFolder();
  await using daemon = await startTestDaemon({
    AC100_AGENTS_DIR: agentsFolder.path,
    AC100_WORKFLOWS_DIR: workflowsFolder.path,
    AC100_SECRET_DESK_TOKEN: "the token of the desk",
  });
  assert.ok(agents.length >= 2 && workflows.length >= 5);
  for (const { place, text } of agents) {
    await t.step(`${place} loads`, async () => {
      const agent = await (await daemon.api(`/agents/${idOf(text)}`)).json();
      assert.deepEqual([agent.status, agent.reason], ["idle", null]);
    });
  }
  await t.step("the agent of the README answers", async () => {
    const answer = await daemon.ask("position_sizer.size", { symbol: "AAPL", budget: 1_000 });
    assert.ok((answer as { shares: number }).shares > 0);
  });
  for (const block of workflows) {
    await t.step(`${block.place} completes`, () => completes(daemon, block));
  }
});

async function completes(daemon: TestDaemon, { place, text }: Block): Promise<void> {
  const { workflows: [workflow], problems } = parseWorkflows(text, place);
  assert.deepEqual(problems, []);
  assert.ok(workflow);
  assert.deepEqual(adviseOn(workflow), []);
  const saved = await daemon.api(`/workflows/${workflow.name}`, { method: "PUT", body: text });
  assert.equal(saved.status, 201, await saved.text());
  const { status, error } = await daemon.run(workflow.name);
  assert.deepEqual([status, error], ["completed", null]);
}

Deno.test("the agents.yaml of each page is in force", async (t) => {
  assert.ok(settings.length >= 2);
  for (const { place, text } of settings) {
    await t.step(place, async () => {
      await using folder = await folderOfAgents({ "agents.yaml": text });
      await using daemon = await startTestDaemon({
        AC100_AGENTS_DIR: folder.path,
        AC100_MARKET_DATA: "",
      });
      const { problems } = await (await daemon.api("/agents")).json();
      assert.deepEqual(problems, []);
      const files = await Promise.all(
        Object.keys(parse(text)).map(async (id) =>
          (await (await daemon.api(`/agents/${id}`)).json()).file
        ),
      );
      const named = Object.values<{ file: string }>(parse(text)).map(({ file }) => file);
      assert.deepEqual(files, named);
    });
  }
});

Deno.test("the page on workflows shows the workflow of the folder as it is", async () => {
  const file = await Deno.readTextFile(`${root}workflows/watchlist_risk.yaml`);
  const { blocks } = await readPage("docs/workflows.md");
  assert.ok(blocks.some(({ text }) => text === file));
});

Deno.test("every JSON of the pages parses", () => {
  const json = blocks.filter(({ language }) => language === "json");
  for (const { place, text } of json) assert.doesNotThrow(() => JSON.parse(text), place);
});
