/** An agent's content: files are read as data, whatever they are. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { readContent, writeContent } from "../../../../core/host/files/content.ts";
import { makeTempFolder } from "../../../support/temp_folder.ts";

Deno.test("an agent's content is its file and every file it imports from the folder", async () => {
  await using folder = await makeTempFolder({
    "agent.ts": `import "./_lib/one.ts"; const two = await import( "./_lib/two.ts" );`,
    "_lib/one.ts": `export * from './three.ts';`,
    "_lib/two.ts": "",
    "_lib/three.ts": `import "../agent.ts"; import "node:fs";`,
    "_lib/other.ts": "",
  });
  const read = () => readContent(folder.path, join(folder.path, "agent.ts"));
  const before = await read();
  assert.deepEqual([...before.files.keys()].sort(), [
    "_lib/one.ts",
    "_lib/three.ts",
    "_lib/two.ts",
    "agent.ts",
  ]);
  await folder.write("_lib/other.ts", "// nobody's");
  assert.equal((await read()).hash, before.hash);
  await folder.write("_lib/three.ts", "// changed");
  assert.notEqual((await read()).hash, before.hash);
});

Deno.test("folders, devices, huge files and endless whitespace cost nothing", async () => {
  await using folder = await makeTempFolder({
    "agent.ts": `import "./sub"; import "./_zero"; import "./_large.ts"; import "./_gone.ts";
import "${"../".repeat(20)}dev/zero";\n// import${" ".repeat(200_000)}x`,
    "sub/x.ts": "",
    "_large.ts": "",
  });
  await Deno.symlink("/dev/zero", join(folder.path, "_zero"));
  await Deno.truncate(join(folder.path, "_large.ts"), 8 * 1024 ** 3);
  const { files } = await readContent(folder.path, join(folder.path, "agent.ts"));
  assert.deepEqual([...files.keys()], ["agent.ts"]);
});

Deno.test("content copied elsewhere keeps its hash", async () => {
  await using folder = await makeTempFolder({
    "data/agent.ts": `import "../_lib/one.ts";`,
    "_lib/one.ts": "export const one = 1;",
  });
  await using copy = await makeTempFolder();
  const content = await readContent(folder.path, join(folder.path, "data/agent.ts"));
  await writeContent(content, copy.path);
  assert.deepEqual(await readContent(copy.path, join(copy.path, "data/agent.ts")), content);
});
