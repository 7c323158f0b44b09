/** Which files of a folder are agents. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { findAgentFiles } from "../../../../core/host/files/find.ts";
import { makeTempFolder } from "../../../support/temp_folder.ts";

async function namesIn(folder: string): Promise<string[]> {
  return (await findAgentFiles(folder)).files.map(({ name }) => name);
}

Deno.test("agents are the .ts files of a folder and its subfolders, sorted by name", async () => {
  await using folder = await makeTempFolder({
    "b.ts": "",
    "data/history.ts": "",
    "a.ts": "",
    "data/deep/er.ts": "",
    "notes.md": "",
    "script.js": "",
  });
  assert.deepEqual(await namesIn(folder.path), [
    "a.ts",
    "b.ts",
    "data/deep/er.ts",
    "data/history.ts",
  ]);
  const { files: [first] } = await findAgentFiles(folder.path);
  assert.deepEqual(first, { name: "a.ts", path: join(folder.path, "a.ts") });
});

Deno.test("helpers and dotfiles are not agents", async () => {
  await using folder = await makeTempFolder({
    "agent.ts": "",
    "_helper.ts": "",
    "_lib/formula.ts": "",
    "data/_shared.ts": "",
    ".hidden.ts": "",
    ".git/hook.ts": "",
  });
  assert.deepEqual(await namesIn(folder.path), ["agent.ts"]);
});

Deno.test("a link counts as an agent only if its target is inside the folder", async () => {
  await using outside = await makeTempFolder({ "secret.ts": "", "more/secret.ts": "" });
  await using folder = await makeTempFolder({ "agent.ts": "" });
  const link = (to: string, name: string) => Deno.symlink(to, join(folder.path, name));
  await link(join(outside.path, "secret.ts"), "out.ts");
  await link(join(outside.path, "more"), "out");
  await link(join(folder.path, "nowhere.ts"), "dead.ts");
  await link(join(folder.path, "agent.ts"), "alias.ts");
  assert.deepEqual(await namesIn(folder.path), ["agent.ts", "alias.ts"]);
});

Deno.test("a folder whose name starts like the agents folder's is outside of it", async () => {
  await using parent = await makeTempFolder({ "agents/a.ts": "", "agents_old/b.ts": "" });
  await Deno.symlink(join(parent.path, "agents_old/b.ts"), join(parent.path, "agents/b.ts"));
  assert.deepEqual(await namesIn(join(parent.path, "agents")), ["a.ts"]);
});

Deno.test("a folder reached through a link is read like any other", async () => {
  await using folder = await makeTempFolder({ "agents/a.ts": "" });
  await Deno.symlink(join(folder.path, "agents"), join(folder.path, "link"));
  const { files: [file] } = await findAgentFiles(join(folder.path, "link"));
  assert.deepEqual(file, { name: "a.ts", path: join(folder.path, "agents/a.ts") });
});

Deno.test("a missing folder is refused with the name of the setting", async () => {
  await using folder = await makeTempFolder({ "file.ts": "" });
  for (const name of ["nowhere", "file.ts"]) {
    await assert.rejects(findAgentFiles(join(folder.path, name)), {
      code: "invalid_config",
      message: new RegExp(`^Cannot read the agents folder ".*/${name}": .*; set AC100_AGENTS_DIR$`),
    });
  }
});

Deno.test("an empty folder has no agents", async () => {
  await using folder = await makeTempFolder();
  assert.deepEqual(await namesIn(folder.path), []);
});

Deno.test("links that leave the folder are named, whatever they lead to", async () => {
  await using folder = await makeTempFolder({ "agents/a.ts": "", "agents/_lib/b.ts": "", "o": "" });
  const agents = join(folder.path, "agents");
  await Deno.symlink(join(folder.path, "o"), join(agents, "file.ts"));
  await Deno.symlink("/proc", join(agents, "_lib", "folder"));
  await Deno.symlink(join(agents, "loop"), join(agents, "loop"));
  await Deno.symlink("/etc/passwd/x", join(agents, ".hidden"));
  await Deno.symlink(join(agents, "a.ts"), join(agents, "inside.ts"));
  const { files, linksOut } = await findAgentFiles(agents);
  assert.deepEqual(files.map(({ name }) => name), ["a.ts", "inside.ts"]);
  const root = await Deno.realPath(agents);
  assert.deepEqual(
    linksOut.map((path) => path.slice(root.length + 1)).sort(),
    [".hidden", "_lib/folder", "file.ts", "loop"],
  );
  await Deno.symlink("/etc", join(agents, "a,b"));
  await assert.rejects(findAgentFiles(agents), {
    code: "invalid_config",
    message: /the link "a,b" leads out of it, and its path has a comma/,
  });
});
