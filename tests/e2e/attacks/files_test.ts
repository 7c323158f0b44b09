/** Files that are not what they seem: links, loops, pipes, hostile texts, and those that vanish. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { runDaemonProcess, startDaemonProcess } from "../../support/daemon_process.ts";
import { eventually } from "../../support/eventually.ts";
import { makeTempFolder, type TempFolder } from "../../support/temp_folder.ts";
import { startTestDaemon } from "../../support/test_daemon.ts";

function agentText(id: string, before = "", answer = "42"): string {
  return `import { defineAgent, z } from "100ac";
${before}
export default defineAgent({
  id: "${id}",
  description: "d",
  capabilities: {
    answer: {
      description: "d",
      input: z.object({}),
      output: z.unknown(),
      run: async () => ${answer},
    },
  },
});
`;
}

/** Links and a pipe of which none is an agent. */
async function addOddEntries(folder: TempFolder, target: string): Promise<void> {
  const agents = join(folder.path, "agents");
  for (
    const [name, to] of [
      ["leak.txt", target],
      ["leak.ts", target],
      ["loop.ts", join(agents, "loop.ts")],
      ["nowhere.ts", join(folder.path, "nowhere")],
      ["under_a_file.ts", "/etc/passwd/x"],
      ["processes", "/proc"],
    ] as const
  ) {
    await Deno.symlink(to, join(agents, name));
  }
  await new Deno.Command("mkfifo", { args: [join(agents, "pipe.ts")] }).output();
}

Deno.test("an odd entry of the agents folder harms nobody, and leads nowhere", async () => {
  const reads = (name: string): string =>
    `Deno.readTextFile(new URL("./${name}", import.meta.url))` +
    `.catch((thrown) => String(thrown.name))`;
  await using folder = await makeTempFolder({
    "outside.txt": "of the user",
    "agents/a.ts": agentText("a"),
    "agents/reader.ts": agentText("reader", "", reads("leak.txt")),
    "agents/early.ts": agentText("early", `const found = await ${reads("leak.txt")};`, "found"),
  });
  await addOddEntries(folder, join(folder.path, "outside.txt"));
  await using daemon = await startTestDaemon({
    AC100_AGENTS_DIR: join(folder.path, "agents"),
    AC100_ISOLATION: "auto",
  });
  assert.equal(await daemon.ask("a.answer", {}), 42);
  for (const id of ["reader", "early"]) {
    assert.equal(await daemon.ask(`${id}.answer`, {}), "NotCapable", id);
  }
  await folder.write("agents/b.ts", agentText("b"));
  await eventually(async () => await daemon.ask("b.answer", {}).catch(() => undefined) === 42);
});

Deno.test("a file that is written all the time keeps no change from taking effect", async () => {
  await using folder = await makeTempFolder({ "a.ts": agentText("a") });
  await using daemon = await startTestDaemon({ AC100_AGENTS_DIR: folder.path });
  let count = 0;
  const writing = setInterval(() => void folder.write("notes.txt", String(count++)), 40);
  try {
    await folder.write("b.ts", agentText("b"));
    const isThere = () => daemon.ask("b.answer", {}).catch(() => undefined);
    await eventually(async () => await isThere() === 42, { withinMs: 10_000 });
  } finally {
    clearInterval(writing);
  }
});

Deno.test("a text that a parser takes for ever is given up, and the others load", async () => {
  const nested = `export const x = ${"a ? (b) : c => ".repeat(30)} d;\n`;
  await using folder = await makeTempFolder({ "a.ts": agentText("a"), "nested.ts": nested });
  await using daemon = await startTestDaemon({ AC100_AGENTS_DIR: folder.path });
  assert.equal(await daemon.ask("a.answer", {}), 42);
});

function daemonOn(folder: TempFolder): Record<string, string> {
  return {
    AC100_DATA_DIR: join(folder.path, "data"),
    AC100_AGENTS_DIR: join(folder.path, "agents"),
    AC100_WORKFLOWS_DIR: join(folder.path, "workflows"),
  };
}

const oneStep = {
  "agents/a.ts": agentText("a"),
  "workflows/one.yaml": "name: one\nsteps: [{ name: one, agent: a, capability: answer }]\n",
};

for (
  const [what, move] of [
    ["moved", (data: string) => Deno.rename(data, `${data}_away`)],
    ["deleted", (data: string) => Deno.remove(data, { recursive: true })],
  ] as const
) {
  Deno.test(`a daemon whose data folder is ${what} acknowledges nothing more, and ends`, async () => {
    await using folder = await makeTempFolder(oneStep);
    await using daemon = await startDaemonProcess(daemonOn(folder));
    await (await daemon.api("/workflows/one/executions", { method: "POST" })).json();
    await move(join(folder.path, "data"));
    const started = await daemon.api("/workflows/one/executions", { method: "POST" })
      .then(async (response) => {
        await response.body?.cancel();
        return response.status;
      }, () => 0);
    assert.notEqual(started, 202);
    assert.notEqual(started, 201);
    assert.equal(await daemon.code, 1);
    assert.match(daemon.log, /was moved, deleted or replaced while the daemon ran/);
  });
}

Deno.test("a daemon whose lock file is removed makes way before another one acknowledges", async () => {
  await using folder = await makeTempFolder(oneStep);
  await using daemon = await startDaemonProcess(daemonOn(folder));
  await Deno.remove(join(folder.path, "data", "100ac.db.lock"));
  assert.equal(await daemon.code, 1);
});

Deno.test("database and token are for their owner alone", async () => {
  await using folder = await makeTempFolder({ ...oneStep, "data/.keep": "" });
  const data = join(folder.path, "data");
  await Deno.chmod(data, 0o755);
  {
    await using daemon = await startDaemonProcess(daemonOn(folder));
    await (await daemon.api("/workflows/one/executions", { method: "POST" })).json();
    for await (const { name, isFile } of Deno.readDir(data)) {
      if (!isFile || name === ".keep") continue;
      const { mode } = await Deno.stat(join(data, name));
      assert.equal((mode ?? 0) & 0o077, 0, name);
    }
    assert.equal(await daemon.end("SIGTERM"), 0);
  }
  await Deno.writeTextFile(join(data, "token"), "a-token-that-somebody-else-wrote\n");
  await Deno.chmod(join(data, "token"), 0o666);
  const { code, stderr } = await runDaemonProcess({ ...daemonOn(folder), AC100_TOKEN: "" });
  assert.equal(code, 2);
  assert.match(stderr, /Cannot use token file ".*": others may read it; remove it, or make it pri/);
});
