/** Daemons on folders that overlap, hold foreign files or are links: no file is lost. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { makeTempFolder, type TempFolder } from "../../support/temp_folder.ts";
import { startTestDaemon } from "../../support/test_daemon.ts";

const agentText = (answer: number): string =>
  `import { defineAgent, z } from "100ac";
export default defineAgent({
  id: "one",
  description: "Says one thing",
  capabilities: {
    say: { description: "d", input: z.object({}), output: z.number(), run: () => ${answer} },
  },
});
`;

/** The user's files: agents, notes beside them, and names that look like a daemon's. */
const ofTheUser = {
  "agents/one.ts": agentText(1),
  "agents/_lib/notes.md": "notes",
  "agents/ideas.txt": "ideas",
  [`agents/${"a".repeat(64)}/_kept.ts`]: "export const kept = true;",
};

/** The paths of all files below a folder whose content has changed. */
async function lostIn(folder: string, files: Readonly<Record<string, string>>): Promise<string[]> {
  const texts = await Promise.all(
    Object.keys(files).map((path) => Deno.readTextFile(join(folder, path)).catch(() => undefined)),
  );
  return Object.entries(files).flatMap(([path, text], at) => text === texts[at] ? [] : [path]);
}

/** Starts a daemon twice, since each start removes old copies; returns its agent's answer. */
async function liveTwice({ path }: TempFolder, dataFolder: string): Promise<unknown> {
  const environment = {
    AC100_DATA_DIR: dataFolder,
    AC100_AGENTS_DIR: join(path, "agents"),
    AC100_WORKFLOWS_DIR: path,
  };
  {
    await using _first = await startTestDaemon(environment);
  }
  await using second = await startTestDaemon(environment);
  return await second.ask("one.say", {});
}

Deno.test("a data folder that holds the agents folder loses no file", async () => {
  await using folder = await makeTempFolder(ofTheUser);
  assert.equal(await liveTwice(folder, folder.path), 1);
  assert.deepEqual(await lostIn(folder.path, ofTheUser), []);
});

Deno.test("a link from the data folder to the agents folder loses no file", async () => {
  await using folder = await makeTempFolder({ ...ofTheUser, "data/note.txt": "" });
  await Deno.symlink("../agents", join(folder.path, "data/agents"));
  assert.equal(await liveTwice(folder, join(folder.path, "data")), 1);
  assert.deepEqual(await lostIn(folder.path, ofTheUser), []);
});

Deno.test("only old copies of agents are removed from the data folder", async () => {
  const others = {
    "data/agents/notes.txt": "beside the copies of an earlier release",
    [`data/agents/${"a".repeat(64)}/one.ts`]: "a copy of an earlier release",
    "data/kept_versions/README.md": "notes",
    "data/kept_versions/backup/one.ts": "a copy that the user made",
    [`data/kept_versions/${"a".repeat(64)}`]: "a file, where copies are folders",
    "elsewhere/mine.txt": "what a link leads to",
  };
  await using folder = await makeTempFolder({
    ...ofTheUser,
    ...others,
    [`data/kept_versions/${"b".repeat(64)}/one.ts`]: "an old version",
    [`data/kept_versions/${"c".repeat(64)}.partial/one.ts`]: "what a crash left of one",
  });
  const kept = join(folder.path, "data/kept_versions");
  await Deno.symlink(join(folder.path, "elsewhere"), join(kept, "d".repeat(64)));
  assert.equal(await liveTwice(folder, join(folder.path, "data")), 1);
  assert.deepEqual(await lostIn(folder.path, { ...ofTheUser, ...others }), []);
  const names = (await Array.fromAsync(Deno.readDir(kept))).map(({ name }) => name);
  const [copy = "", ...more] = names.filter((name) => !/^(README\.md|backup|a+|d+)$/.test(name));
  assert.equal(await Deno.readTextFile(join(kept, copy, "one.ts")), agentText(1));
  assert.deepEqual([names.length, more], [5, []]);
});

Deno.test("folders that must not nest are refused before anything is written", async (t) => {
  await using folder = await makeTempFolder({ "agents/one.ts": agentText(1), "note.txt": "" });
  const at = (name: string): string => join(folder.path, name);
  await Deno.symlink("agents", at("link"));
  const refuses = async (
    environment: Readonly<Record<string, string>>,
    message: RegExp,
  ): Promise<void> => {
    const settings = {
      AC100_DATA_DIR: at("data"),
      AC100_AGENTS_DIR: at("agents"),
      AC100_WORKFLOWS_DIR: folder.path,
      ...environment,
    };
    await assert.rejects(startTestDaemon(settings), { code: "invalid_config", message });
    const names = (await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name);
    assert.deepEqual(names.sort(), ["agents", "link", "note.txt"]);
    assert.equal((await Array.fromAsync(Deno.readDir(at("agents")))).length, 1);
  };
  const inAgents = /^Cannot use data folder "[^"]+": it is in the agents folder .*AC100_DATA_DIR/;
  await t.step("the data folder is the agents folder", async () => {
    await refuses({ AC100_DATA_DIR: at("agents") }, inAgents);
  });
  await t.step("a link would place it there once created", async () => {
    await refuses({ AC100_DATA_DIR: at("link/data") }, inAgents);
  });
  await t.step("the agents folder is reached through a link", async () => {
    await refuses({ AC100_DATA_DIR: at("agents/data"), AC100_AGENTS_DIR: at("link") }, inAgents);
  });
  for (const [setting, thing] of [["AGENTS", "agents folder"], ["WORKFLOWS", "workflows folder"]]) {
    await t.step(`the ${thing} is where old copies are removed`, async () => {
      const name = `AC100_${setting}_DIR`;
      const message = new RegExp(
        `^Cannot use ${thing} ".*": it is in ".*/kept_versions", .*${name}`,
      );
      await refuses({ [name]: at("data/kept_versions/mine") }, message);
    });
  }
});

Deno.test("a link in place of the folder of kept copies is refused", async () => {
  await using folder = await makeTempFolder({ ...ofTheUser, "data/note.txt": "" });
  await Deno.symlink("../agents", join(folder.path, "data/kept_versions"));
  await assert.rejects(liveTwice(folder, join(folder.path, "data")), {
    code: "invalid_config",
    message: /^Cannot use folder of kept copies ".*": it is a link; remove the link$/,
  });
  assert.deepEqual(await lostIn(folder.path, ofTheUser), []);
});

Deno.test("a file named like the token's that holds no token is left unchanged", async (t) => {
  for (const text of ["my PIN: 1234\n", "1234", `two lines of\n${"x".repeat(20)}\n`]) {
    await t.step(JSON.stringify(text), async () => {
      await using folder = await makeTempFolder({ token: text, "agents/one.ts": agentText(1) });
      await assert.rejects(liveTwice(folder, folder.path), {
        code: "invalid_config",
        message: /^Cannot use token file ".*token": it does not hold 16 to 256 .*AC100_DATA_DIR/,
      });
      assert.equal(await Deno.readTextFile(join(folder.path, "token")), text);
    });
  }
});

Deno.test("a token file that a crash left empty is filled", async () => {
  await using folder = await makeTempFolder({ token: "", "agents/one.ts": agentText(1) });
  assert.equal(await liveTwice(folder, folder.path), 1);
  assert.match(await Deno.readTextFile(join(folder.path, "token")), /^[\w-]{43}\n$/);
});
