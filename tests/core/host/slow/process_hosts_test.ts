/** Few process hosts live at a time, and none longer than it is used. */

import assert from "node:assert/strict";
import { eventually } from "../../../support/eventually.ts";
import { makeTempFolder } from "../../../support/temp_folder.ts";
import { Stage } from "../stage.ts";

/** Every agent has a host of its own. */
function agentText(id: string, on = ""): string {
  return `import { defineAgent, z } from "100ac";
export default defineAgent({
  id: "${id}",
  description: "d",
  isolation: "alone",
  capabilities: {
    wait: {
      description: "d",
      input: z.object({ ms: z.int().default(0) }),
      output: z.int(),
      run: async ({ ms }) => {
        await new Promise((resolve) => setTimeout(resolve, ms));
        return Deno.pid;
      },
    },
  },
  ${on}
});
`;
}

function open(files: Readonly<Record<string, string>>, hostsMax: number, idleMs = 60_000) {
  return makeTempFolder(files).then(async (folder) => ({
    stage: await Stage.open({ agentsFolder: folder.path, hostsMax, idleMs }),
    folder,
  }));
}

const three = { "a.ts": agentText("a"), "b.ts": agentText("b"), "c.ts": agentText("c") };

function placesOf(stage: Stage): (string | undefined)[] {
  return stage.hosts.entries.map((entry) => stage.hosts.hostOf(entry));
}

Deno.test("the host used longest ago makes room for another, and starts again", async () => {
  const { stage, folder } = await open(three, 2);
  await using _folder = folder;
  await using _stage = stage;
  const first = await stage.ask("a.wait");
  const second = await stage.ask("b.wait");
  assert.equal(await stage.ask("a.wait"), first);
  await stage.ask("c.wait");
  assert.deepEqual(placesOf(stage).map((place) => place !== undefined), [true, false, true]);
  assert.notEqual(await stage.ask("b.wait"), second);
});

Deno.test("while all hosts are busy, a request waits until one is not", async () => {
  const { stage, folder } = await open(three, 2);
  await using _folder = folder;
  await using _stage = stage;
  const ends: string[] = [];
  const asked = (["a", "b"] as const).map((id) =>
    stage.ask(`${id}.wait`, { ms: 600 }).then(() => ends.push(id))
  );
  await eventually(() => placesOf(stage).filter((place) => place !== undefined).length === 2);
  const late = await stage.failure("c.wait", {}, { timeoutMs: 50 });
  assert.equal(late.code, "deadline_exceeded");
  await stage.ask("c.wait").then(() => ends.push("c"));
  await Promise.all(asked);
  assert.notEqual(ends[0], "c");
});

Deno.test("a host that hears events makes no room, and is not waited for", async () => {
  const hears = `on: { "market.*": () => undefined },`;
  const { stage, folder } = await open({ ...three, "a.ts": agentText("a", hears) }, 1);
  await using _folder = folder;
  await using _stage = stage;
  await stage.ask("a.wait");
  const { code, message } = await stage.failure("b.wait");
  assert.equal(code, "agent_unavailable");
  assert.match(message, /1 hosts run, and all of them hear events; raise AC100_HOSTS_MAX$/);
});

Deno.test("a host that nobody asks ends", async () => {
  const { stage, folder } = await open(three, 2, 200);
  await using _folder = folder;
  await using _stage = stage;
  const pid = await stage.ask("a.wait");
  await eventually(() => placesOf(stage).every((place) => place === undefined));
  assert.notEqual(await stage.ask("a.wait"), pid);
});

Deno.test("memory outside V8's heap is bounded, too", async () => {
  const filler = `import { defineAgent, z } from "100ac";
export default defineAgent({
  id: "filler",
  description: "d",
  isolation: "process",
  capabilities: {
    fill: { description: "d", input: z.object({}), output: z.int(), run: () => {
      const all = [];
      try {
        for (; all.length < 300; ) all.push(new Uint8Array(10_000_000).fill(1));
      } catch {
        // No more is to be had.
      }
      return all.length * 10;
    } },
  },
});
`;
  await using folder = await makeTempFolder({ "filler.ts": filler });
  await using stage = await Stage.open({ agentsFolder: folder.path, heapMb: 64, budgetMs: 20_000 });
  const megabytes = await stage.ask("filler.fill", {}, { timeoutMs: 30_000 });
  assert.ok(Number(megabytes) > 50 && Number(megabytes) < 600, `${megabytes} MB`);
});

Deno.test("a process host ends with the process that started it, even in a loop", async () => {
  const loop = `import { defineAgent, z } from "100ac";
export default defineAgent({
  id: "looper",
  description: "d",
  isolation: "process",
  capabilities: {
    loop: { description: "d", input: z.object({}), output: z.int(),
      run: async (_, ctx) => {
        ctx.publish("looper.pid", Deno.pid);
        await new Promise((resolve) => setTimeout(resolve, 50));
        for (;;);
      } },
  },
});
`;
  await using folder = await makeTempFolder({ "agents/looper.ts": loop, "data/.keep": "" });
  const script = `
    import { Stage } from "${new URL("../stage.ts", import.meta.url)}";
    const stage = await Stage.open({ agentsFolder: ${JSON.stringify(`${folder.path}/agents`)} });
    stage.bus.subscribe("looper.pid", ({ body }) => console.log(body));
    await stage.ask("looper.loop").catch(() => undefined);
  `;
  await folder.write("owner.ts", script);
  const config = new URL("../../../../deno.json", import.meta.url).pathname;
  const owner = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `--config=${config}`, `${folder.path}/owner.ts`],
    stdout: "piped",
  }).spawn();
  const reader = owner.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const pid = Number((await reader.read()).value);
  assert.ok(pid > 0);
  owner.kill("SIGKILL");
  await owner.status;
  await reader.cancel();
  await eventually(() => !isAlive(pid));
});

/** Whether a process of this number runs; one that nobody has waited for does not. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}
