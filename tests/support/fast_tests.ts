/**
 * `deno task test:fast`: the tests of core and agents but those in folders called `slow`, in a few
 * groups side by side. The files of a group are one program: what they import is loaded once for
 * all of them, which is a third of the time. `deno task test` runs every file by itself.
 */

import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { makeTempFolder } from "./temp_folder.ts";

const tests = fileURLToPath(new URL("../", import.meta.url));
const config = fileURLToPath(new URL("../../deno.json", import.meta.url));

const files = ["tidy_test.ts", ...await testsOf("core"), ...await testsOf("agents")];
/** Two more than there are cores: tests wait a lot. */
const groupsCount = navigator.hardwareConcurrency + 2;
const groups = Map.groupBy(files, (file) => files.indexOf(file) % groupsCount);
const programs = [...groups].map(([group, files]): [string, string] => {
  const lines = files.map((file) => `import "${pathToFileURL(join(tests, file))}";\n`);
  return [`group_${group}_test.ts`, lines.join("")];
});
await using folder = await makeTempFolder(Object.fromEntries(programs));
const flags = ["--no-prompt", "-A", "--no-check", "--parallel", `--config=${config}`];
const { code } = await new Deno.Command(Deno.execPath(), {
  env: { DENO_JOBS: String(groupsCount) },
  args: ["test", ...flags, ...Deno.args, folder.path],
}).spawn().status;
Deno.exitCode = code;

/** Test files under a folder, from the folder of all tests. */
async function testsOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(tests, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory && name !== "slow") found.push(...await testsOf(path));
    else if (name.endsWith("_test.ts")) found.push(path);
  }
  return found.sort();
}
