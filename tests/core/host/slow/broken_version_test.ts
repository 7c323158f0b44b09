/** Versions that break their host, and the fallback to the version before, also after a restart. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { AgentEntry } from "../../../../core/host/agents/entry.ts";
import { eventually } from "../../../support/eventually.ts";
import { makeTempFolder, type TempFolder } from "../../../support/temp_folder.ts";
import { Stage, type StageOptions } from "../stage.ts";
import { inHost } from "../../../support/in_host.ts";

function agentText(answer: string, before = "", more = ""): string {
  return `import { defineAgent, z } from "100ac";
${before}
export default defineAgent({
  id: "changing",
  description: "For tests of versions",
  ${more}
  capabilities: {
    version: { description: "d", input: z.object({ ms: z.number().default(0) }),
      output: z.unknown(),
      run: async ({ ms }) => {
        await new Promise((go) => setTimeout(go, ms));
        return ${answer};
      } },
  },
});
`;
}

/** Runs in a host but not in the scan. */
const onlyInHost = (text: string): string => `if (${inHost}) { ${text} }`;

const endings = [
  { how: "exits", isProcess: false, text: "Deno.exit(1);" },
  // A loop in a thread cannot be stopped, so it must end by itself.
  {
    how: "loops",
    isProcess: false,
    text: "const untilMs = Date.now() + 2_500; while (Date.now() < untilMs);",
  },
  { how: "exits", isProcess: true, text: "Deno.exit(1);" },
  { how: "loops", isProcess: true, text: "for (;;);" },
  {
    how: "fills the memory",
    isProcess: true,
    text: "for (const all = [];;) all.push(Array.from({ length: 100_000 }, Math.random));",
  },
];

for (const { how, isProcess, text } of endings) {
  const kind = isProcess ? "process" : "thread";

  Deno.test(`a new version that ${how} while loading loses no request (${kind})`, async () => {
    await using folder = await makeTempFolder({ "changing.ts": agentText("1") });
    await using stage = await Stage.open({
      agentsFolder: folder.path,
      isolation: isProcess ? "process" : "thread",
      heapMb: 64,
      // Longer than a good version takes to load on a busy machine.
      startMsMax: 1_500,
    });
    assert.equal(await stage.ask("changing.version"), 1);
    const open = stage.ask("changing.version", { ms: 500 });
    await folder.write("changing.ts", agentText("2", onlyInHost(text)));
    const refreshed = { is: false };
    const refreshing = stage.hosts.refresh().finally(() => refreshed.is = true);
    const answers: unknown[] = [];
    while (!refreshed.is) answers.push(await stage.ask("changing.version", { ms: 1 }));
    await refreshing;
    assert.ok(answers.length > 0);
    assert.deepEqual(answers.filter((answer) => answer !== 1), []);
    assert.equal(await open, 1, "what was open has been answered");
    assert.equal(await stage.ask("changing.version"), 1, "the old version serves on");
    assert.ok(entryOf(stage).reason, "and gives the reason");
    await folder.write("changing.ts", agentText("3"));
    await stage.hosts.refresh();
    assert.equal(await stage.ask("changing.version"), 3);
  });
}

/** A stage like a daemon after a restart: it has the copies that the one before it kept. */
function restart(folder: TempFolder, options: StageOptions = {}): Promise<Stage> {
  const agentsFolder = join(folder.path, "agents");
  return Stage.open({ agentsFolder, keptFolder: join(folder.path, "kept"), ...options });
}

/** Leaves a broken file behind, with a copy of a version that works. */
async function breakLast(good: string, options: StageOptions = {}): Promise<TempFolder> {
  const folder = await makeTempFolder({
    "agents/changing.ts": good,
    "agents/_lib/word.ts": 'export const word = "kept";',
  });
  await using stage = await restart(folder, options);
  await folder.write("agents/changing.ts", "this is no agent");
  await folder.write("agents/_lib/word.ts", 'export const word = "changed";');
  await stage.hosts.refresh();
  assert.equal(await stage.ask("changing.version"), "kept");
  return folder;
}

const helped = agentText("word", 'import { word } from "./_lib/word.ts";');

Deno.test("after a restart the last working version of a broken file serves", async (t) => {
  await using folder = await breakLast(helped);
  await t.step("it runs with the helper it had", async () => {
    await using stage = await restart(folder);
    assert.equal(await stage.ask("changing.version"), "kept");
    const { reason } = entryOf(stage);
    assert.match(reason ?? "", /^Cannot load agent "changing\.ts": SyntaxError/);
  });
  await t.step("it serves again while the file stays broken", async () => {
    await using stage = await restart(folder);
    assert.equal(await stage.ask("changing.version"), "kept");
    await folder.write("agents/changing.ts", helped);
    await stage.hosts.refresh();
    assert.equal(await stage.ask("changing.version"), "changed");
    assert.equal(entryOf(stage).reason, undefined);
  });
  await t.step("once the file is fixed, the copy is removed", async () => {
    await using stage = await restart(folder);
    assert.equal(await stage.ask("changing.version"), "changed");
    await stage.hosts.refresh();
    const copies = await Array.fromAsync(Deno.readDir(join(folder.path, "kept")));
    assert.deepEqual(copies.map(({ name }) => name), [entryOf(stage).hash]);
  });
});

Deno.test("after a restart the previous version replaces one that no host can load", async () => {
  await using folder = await breakLast(helped);
  const text = agentText('"new"', onlyInHost('throw new Error("not here");'));
  await folder.write("agents/changing.ts", text);
  await using stage = await restart(folder);
  assert.equal(await stage.ask("changing.version"), "kept");
  assert.match(entryOf(stage).reason ?? "", /not here/);
});

Deno.test("a copy that was changed or may no longer run does not serve", async (t) => {
  await t.step("a copy that was changed", async () => {
    await using folder = await breakLast(helped);
    for await (const { name } of Deno.readDir(join(folder.path, "kept"))) {
      await folder.write(`kept/${name}/_lib/word.ts`, 'export const word = "forged";');
    }
    await using stage = await restart(folder);
    assert.equal((await stage.failure("changing.ts.version")).code, "unknown_agent");
    assert.equal(stage.hosts.entry("changing.ts")?.status, "failed");
  });
  await t.step("a copy whose secret is no longer set", async () => {
    const more = 'secrets: ["KEY"],';
    const good = agentText("word", 'import { word } from "./_lib/word.ts";', more);
    await using folder = await breakLast(good, { secrets: { KEY: "swordfish" } });
    await using stage = await restart(folder);
    assert.equal(stage.hosts.entry("changing"), undefined);
    assert.equal(stage.hosts.entry("changing.ts")?.status, "failed");
  });
});

Deno.test("a broken file does not serve under an id that another file has taken", async () => {
  await using folder = await makeTempFolder({ "changing.ts": agentText("1") });
  await using stage = await Stage.open({ agentsFolder: folder.path });
  assert.equal(await stage.ask("changing.version"), 1);
  await folder.write("changing.ts", "this is no agent");
  await folder.write("renamed.ts", agentText("2"));
  await stage.hosts.refresh();
  await eventually(() => entryOf(stage).file === "renamed.ts");
  assert.equal(await stage.ask("changing.version"), 2);
  assert.equal(stage.hosts.entry("changing.ts")?.status, "failed");
});

function entryOf(stage: Stage): AgentEntry {
  const entry = stage.hosts.entry("changing");
  assert.ok(entry);
  return entry;
}
