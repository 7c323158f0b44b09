/** Holds the README to the project: its workflows and its agent run, its tables are whole. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { adviseOn } from "../core/workflow/check/advice.ts";
import { keptLengthMax, resultLengthMax } from "../core/engine/decide/evaluate.ts";
import { expressionDepthMax, expressionLengthMax } from "../core/workflow/expression/cel.ts";
import { itemsMax, runningMax } from "../core/workflow/definition.ts";
import {
  compileTemplate,
  filledLengthMax,
  timeMsMax,
} from "../core/workflow/expression/expression.ts";
import { filesMax } from "../core/workflow/folder/files.ts";
import { descriptionLengthMax, nameLengthMax, stepsMax } from "../core/workflow/form/form.ts";
import { problemsMax } from "../core/yaml/source_text.ts";
import { depthMax, valuesMax } from "../core/yaml/json.ts";
import { textLengthMax, tokensMax } from "../core/yaml/syntax.ts";
import { parseWorkflows } from "../core/workflow/form/parse.ts";
import { scheduleKeyNames } from "../core/workflow/form/schedule.ts";
import { shippedVariables } from "../core/shipped.ts";
import { copyOfFolder, makeTempFolder } from "./support/temp_folder.ts";
import { startTestDaemon } from "./support/test_daemon.ts";
import { keyRows } from "./support/workflow_tables.ts";

const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));

function blocks(language: string): string[] {
  const fences = readme.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, "gm"));
  return [...fences].map(([, text = ""]) => text);
}

/** The cells of every table whose header is `head`. */
function tables(...head: readonly string[]): readonly (readonly string[])[][] {
  const lines = readme.split("\n").map((line) =>
    line.startsWith("|") ? line.split("|").slice(1, -1).map((cell) => cell.trim()) : undefined
  );
  return lines.flatMap((cells, index) => {
    if (cells?.join() !== head.join()) return [];
    const end = lines.indexOf(undefined, index);
    return [lines.slice(index + 2, end).flatMap((row) => row ? [row] : [])];
  });
}

Deno.test("every workflow of the README runs to its end on the simulated market", async (t) => {
  await using folder = await makeTempFolder();
  await using daemon = await startTestDaemon({
    AC100_WORKFLOWS_DIR: folder.path,
    AC100_SECRET_DESK_TOKEN: "the token of the desk",
  });
  const texts = blocks("yaml");
  assert.ok(texts.length >= 4);
  for (const text of texts) {
    const { workflows: [workflow], problems } = parseWorkflows(text, "README.md");
    assert.deepEqual(problems, []);
    assert.ok(workflow);
    await t.step(workflow.name, async () => {
      assert.deepEqual(adviseOn(workflow), []);
      const saved = await daemon.api(`/workflows/${workflow.name}`, { method: "PUT", body: text });
      assert.equal(saved.status, 201, await saved.text());
      const { status, error } = await daemon.run(workflow.name);
      assert.deepEqual([status, error], ["completed", null]);
    });
  }
});

Deno.test("the README shows the workflow of the folder as it is", async () => {
  const file = new URL("../workflows/watchlist_risk.yaml", import.meta.url);
  assert.ok(blocks("yaml").includes(await Deno.readTextFile(file)));
});

Deno.test("the table of bounds has those that are enforced", () => {
  const [rows = []] = tables("bound", "value");
  const values = rows.map(([, value]) => value).join(" ");
  const bounds = [
    ...[textLengthMax, tokensMax, valuesMax, depthMax, problemsMax, filesMax],
    ...[nameLengthMax, descriptionLengthMax, stepsMax, itemsMax],
    ...[expressionLengthMax, expressionDepthMax, timeMsMax, filledLengthMax],
    ...[keptLengthMax, resultLengthMax, runningMax],
  ];
  for (const bound of bounds) {
    const text = bound.toLocaleString("en");
    assert.match(values, new RegExp(`(?<![\\d,])${text}(?![\\d,])`), text);
  }
});

Deno.test("the tables of keys are the language's, with its defaults and meanings", () => {
  const shown = tables("key", "default", "meaning").map((rows) =>
    rows.flatMap(([keys = "", ...rest]) => keys.split(", ").map((key) => [key, ...rest]))
  );
  const parts = ["workflow", "step", "for_each", "retry", "input", "concurrency", "schedule"];
  assert.equal(shown.length, parts.length);
  parts.forEach((part, index) => {
    const byKey = (a: readonly string[], b: readonly string[]) => a.join() < b.join() ? -1 : 1;
    assert.deepEqual(
      shown[index]?.toSorted(byKey),
      keyRows(part).map((row) => [...row]).toSorted(byKey),
      part,
    );
  });
});

Deno.test("the expressions of the README give what it says", () => {
  const [rows = []] = tables("expression", "with", "gives");
  assert.ok(rows.length > 8);
  for (const [expression = "", inputs = "", gives = ""] of rows) {
    const [source, given, wanted] = [expression, inputs, gives].map((cell) =>
      cell.replaceAll("`", "")
    );
    const value = compileTemplate(`\${{ ${source} }}`).evaluate({
      inputs: JSON.parse(given || "{}"),
      steps: {},
      execution: { id: "", workflow: "", as_of: null },
      now: "2026-01-16T10:30:00.000Z",
      secrets: {},
    });
    assert.equal(`${source}: ${JSON.stringify(value)}`, `${source}: ${wanted}`);
  }
});

Deno.test("the agent of the README answers when it is dropped into the agents folder", async () => {
  const [text = ""] = blocks("ts");
  const agents = fileURLToPath(new URL("../agents", import.meta.url));
  await using folder = await copyOfFolder(agents, { "position_sizer.ts": text });
  await using daemon = await startTestDaemon({ AC100_AGENTS_DIR: folder.path });
  const answer = await daemon.ask("position_sizer.size", { symbol: "AAPL", budget: 1_000 });
  assert.ok((answer as { shares: number }).shares > 0);
});

Deno.test("the README lists every setting and every package", async () => {
  const config = await Deno.readTextFile(new URL("../core/config.ts", import.meta.url));
  const settings = new Set(config.match(/AC100_[A-Z_]+[A-Z](?=:)/g));
  for (const name of shippedVariables) settings.add(name);
  settings.forEach((name) => assert.ok(readme.includes(`\`${name}\``), `${name} is missing`));
  const { imports } = JSON.parse(
    await Deno.readTextFile(new URL("../deno.json", import.meta.url)),
  ) as { imports: Record<string, string> };
  for (const name of Object.keys(imports).filter((name) => !name.startsWith("100ac"))) {
    assert.ok(readme.includes(`\`${name}\``), `${name} is missing`);
  }
});

Deno.test("the README's table of schedules has every key, and no other", () => {
  const [, section = ""] = readme.split("\n## Schedules\n");
  const cells = [...section.split("\n## ")[0]?.matchAll(/^\| (`.+?) +\|/gm) ?? []];
  const keys = cells.flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, key]) => key)
  );
  assert.deepEqual(keys.toSorted(), scheduleKeyNames.toSorted());
});
