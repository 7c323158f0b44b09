/** Changes in the agents folder take effect without a restart and lose no request. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { eventually } from "../../../support/eventually.ts";
import { makeTempFolder } from "../../../support/temp_folder.ts";
import { Stage } from "../stage.ts";
import { inHost } from "../../../support/in_host.ts";

function agentText(answer: string, extra = ""): string {
  return `import { defineAgent, z } from "100ac";
${extra}
export default defineAgent({
  id: "changing",
  description: "For tests of reloading",
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

const version = (stage: Stage): Promise<unknown> =>
  stage.ask("changing.version").catch((thrown) => `${thrown.code}`);

for (const kind of ["thread", "process"] as const) {
  Deno.test(`a changed agent serves within a second, and no request is lost (${kind})`, async () => {
    await using folder = await makeTempFolder({ "changing.ts": agentText("1") });
    await using stage = await Stage.open({
      agentsFolder: folder.path,
      watch: true,
      isolation: kind,
    });
    assert.equal(await version(stage), 1);
    const slow = stage.ask("changing.version", { ms: 1_500 });
    await folder.write("changing.ts", agentText("2"));
    const startedAtMs = performance.now();
    const answers: unknown[] = [];
    while (answers.at(-1) !== 2) {
      answers.push(await stage.ask("changing.version"));
      assert.ok(performance.now() - startedAtMs < 5_000);
    }
    assert.ok(answers.slice(0, -1).every((answer) => answer === 1), "none failed, none mixed");
    assert.equal(await slow, 1, "what was open ended in the old version");
  });
}

Deno.test("added, renamed and deleted files take effect", async () => {
  await using folder = await makeTempFolder();
  await using stage = await Stage.open({ agentsFolder: folder.path, watch: true });
  assert.equal(await version(stage), "unknown_agent");
  await folder.write("changing.ts", agentText("1"));
  await eventually(async () => await version(stage) === 1);
  await Deno.rename(join(folder.path, "changing.ts"), join(folder.path, "other.ts"));
  await eventually(() => stage.hosts.entry("changing")?.file === "other.ts");
  assert.equal(await version(stage), 1);
  await Deno.remove(join(folder.path, "other.ts"));
  await eventually(async () => await version(stage) === "unknown_agent");
});

Deno.test("a copied file does not take an id, and neither of two copies gets it", async () => {
  await using folder = await makeTempFolder({ "changing.ts": agentText("1") });
  await using stage = await Stage.open({ agentsFolder: folder.path, watch: true });
  assert.equal(await version(stage), 1);
  await folder.write("a_copy.ts", agentText("2"));
  await folder.write("z_copy.ts", agentText("3"));
  await eventually(() => stage.hosts.entry("z_copy.ts")?.status === "failed");
  assert.match(stage.hosts.entry("a_copy.ts")?.reason ?? "", /declared by "a_copy.ts", "changing/);
  assert.equal(await version(stage), 1, "the one that has it serves on");
  assert.match(
    stage.hosts.entry("changing")?.reason ?? "",
    /none of them gets it/,
    "and says so",
  );
  await Deno.remove(join(folder.path, "changing.ts"));
  await eventually(async () => await version(stage) === "unknown_agent");
  await Deno.remove(join(folder.path, "a_copy.ts"));
  await eventually(async () => await version(stage) === 3);
  assert.equal(stage.hosts.entries.length, 1);
  assert.equal(stage.hosts.entry("changing")?.reason, undefined);
});

Deno.test("an atomic save and a changed helper take effect", async () => {
  const text = agentText("word", 'import { word } from "./_lib/word.ts";');
  await using folder = await makeTempFolder({
    "changing.ts": text,
    "_lib/word.ts": 'export const word = "one";',
  });
  await using stage = await Stage.open({ agentsFolder: folder.path, watch: true });
  assert.equal(await version(stage), "one");
  await folder.write("_lib/word.ts", 'export const word = "two";');
  await eventually(async () => await version(stage) === "two");
  await folder.write(".changing.tmp", agentText('"three"'));
  await Deno.rename(join(folder.path, ".changing.tmp"), join(folder.path, "changing.ts"));
  await eventually(async () => await version(stage) === "three");
});

Deno.test("a new version that does not load leaves the old one serving", async (t) => {
  await using folder = await makeTempFolder({
    "changing.ts": agentText("1"),
    "neighbour.ts": agentText("0").replaceAll("changing", "neighbour"),
  });
  await using stage = await Stage.open({ agentsFolder: folder.path, watch: true });
  assert.equal(await version(stage), 1);
  const entry = (): ReturnType<Stage["hosts"]["entry"]> => stage.hosts.entry("changing");

  await t.step("a version that does not parse", async () => {
    await folder.write("changing.ts", "this is no agent");
    await eventually(() => entry()?.reason);
    assert.match(entry()?.reason ?? "", /^Cannot load agent "changing.ts": SyntaxError/);
    assert.equal(await version(stage), 1);
  });
  await t.step("its neighbour can still change", async () => {
    await folder.write("neighbour.ts", agentText("5").replaceAll("changing", "neighbour"));
    await eventually(async () => await stage.ask("neighbour.version") === 5);
    assert.equal(await version(stage), 1);
  });
  await t.step("a fixed version serves", async () => {
    await folder.write("changing.ts", agentText("2"));
    await eventually(async () => await version(stage) === 2);
    assert.equal(entry()?.reason, undefined);
  });
  await t.step("a version that loads in the scan but not in its host", async () => {
    await folder.write(
      "changing.ts",
      agentText("3", `if (${inHost}) throw new Error("not here");`),
    );
    await eventually(() => entry()?.reason);
    assert.match(entry()?.reason ?? "", /not here/);
    assert.equal(await version(stage), 2);
  });
});

Deno.test("reloading an agent by command reads its file again and resets its losses", async () => {
  await using folder = await makeTempFolder({ "changing.ts": agentText("1") });
  await using stage = await Stage.open({ agentsFolder: folder.path });
  assert.equal(await version(stage), 1);
  await folder.write("changing.ts", agentText("2"));
  assert.equal(await version(stage), 1, "nobody watches");
  const entry = stage.hosts.entry("changing");
  assert.ok(entry);
  const before = stage.hosts.hostOf(entry);
  await stage.hosts.refresh(entry);
  assert.equal(await version(stage), 2);
  assert.notEqual(stage.hosts.hostOf(entry), before);
});

Deno.test("a host without requests ends and starts again on the next one", async () => {
  await using folder = await makeTempFolder({ "changing.ts": agentText("1") });
  await using stage = await Stage.open({ agentsFolder: folder.path, idleMs: 100 });
  assert.equal(await version(stage), 1);
  const entry = stage.hosts.entry("changing");
  assert.ok(entry);
  await eventually(() => stage.hosts.hostOf(entry) === undefined);
  assert.equal(await version(stage), 1);
});

Deno.test("when a new version is broken, the old one can still be started", async (t) => {
  const helper = 'import { word } from "./_lib/word.ts";';
  await using folder = await makeTempFolder({
    "changing.ts": agentText("word", helper),
    "_lib/word.ts": 'export const word = "one";',
    "neighbour.ts": agentText("0").replaceAll("changing", "neighbour"),
  });
  await using stage = await Stage.open({ agentsFolder: folder.path, idleMs: 100 });
  const reason = (): string | undefined => stage.hosts.entry("changing")?.reason;
  const isStopped = (): boolean => {
    const entry = stage.hosts.entry("changing");
    return entry !== undefined && stage.hosts.hostOf(entry) === undefined;
  };

  await t.step("a never-started agent with a broken helper", async () => {
    await folder.write("_lib/word.ts", "export const word = ;");
    await stage.hosts.refresh();
    assert.match(reason() ?? "", /SyntaxError/);
    assert.equal(await version(stage), "one");
  });
  await t.step("a stopped agent whose helper is gone", async () => {
    await eventually(isStopped);
    await Deno.remove(join(folder.path, "_lib/word.ts"));
    await stage.hosts.refresh();
    assert.match(reason() ?? "", /Module not found/);
    assert.equal(await version(stage), "one");
  });
  await t.step("an agent in a host that a neighbour's change has renewed", async () => {
    await folder.write("neighbour.ts", agentText("7").replaceAll("changing", "neighbour"));
    await stage.hosts.refresh();
    assert.equal(await stage.ask("neighbour.version"), 7);
    assert.equal(await version(stage), "one");
  });
  await t.step("a fixed version serves", async () => {
    await folder.write("changing.ts", agentText('"two"'));
    await stage.hosts.refresh();
    assert.equal(await version(stage), "two");
    assert.equal(reason(), undefined);
  });
  await t.step(
    "a version that loads in the scan but not in its host, at the first use",
    async () => {
      await eventually(isStopped);
      const text = agentText('"three"', `if (${inHost}) throw new Error("not here");`);
      await folder.write("changing.ts", text);
      await stage.hosts.refresh();
      assert.equal(await version(stage), "two", "the request that found out is answered, too");
      assert.match(reason() ?? "", /not here/);
      assert.equal(await stage.ask("neighbour.version"), 7);
    },
  );
  await t.step("a version that had never served stays failed", async () => {
    await folder.write("new.ts", "export default 1;");
    await stage.hosts.refresh();
    assert.equal(stage.hosts.entry("new.ts")?.status, "failed");
  });
});
