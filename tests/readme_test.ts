/** Holds the README to the project: its workflows are read, its agent runs, its tables whole. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkWorkflow } from "../core/workflow/check.ts";
import { parseWorkflows } from "../core/workflow/parse.ts";
import { scheduleKeyNames } from "../core/workflow/schedule.ts";
import { makeTempFolder } from "./support/temp_folder.ts";
import { startTestDaemon } from "./support/test_daemon.ts";

const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));

function blocks(language: string): string[] {
  const fences = readme.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, "gm"));
  return [...fences].map(([, text = ""]) => text);
}

Deno.test("every workflow of the README is one that would start", async () => {
  await using daemon = await startTestDaemon();
  const capabilities = daemon.daemon.plane.hosts.capabilities();
  const texts = blocks("yaml");
  assert.ok(texts.length > 0);
  for (const text of texts) {
    const { workflows, problems } = parseWorkflows(text, "README.md");
    assert.deepEqual(problems, []);
    assert.deepEqual(workflows.flatMap((workflow) => checkWorkflow(workflow, capabilities)), []);
  }
});

Deno.test("the agent of the README answers when it is dropped into the agents folder", async () => {
  const [text = ""] = blocks("ts");
  await using folder = await makeTempFolder();
  await copyFolder(fileURLToPath(new URL("../agents", import.meta.url)), folder.path);
  await Deno.writeTextFile(join(folder.path, "position_sizer.ts"), text);
  await using daemon = await startTestDaemon({ AC100_AGENTS_DIR: folder.path });
  const answer = await daemon.ask("position_sizer.size", { symbol: "AAPL", budget: 1_000 });
  assert.ok((answer as { shares: number }).shares > 0);
});

async function copyFolder(from: string, to: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (!isDirectory) await Deno.copyFile(join(from, name), join(to, name));
    else {
      await Deno.mkdir(join(to, name));
      await copyFolder(join(from, name), join(to, name));
    }
  }
}

Deno.test("the README lists every setting and every package", async () => {
  const config = await Deno.readTextFile(new URL("../core/config.ts", import.meta.url));
  const settings = new Set(config.match(/AC100_[A-Z_]+[A-Z](?=:)/g));
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
