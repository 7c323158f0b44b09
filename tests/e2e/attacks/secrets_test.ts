/** A secret is searched wherever a daemon and its agents leave something. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { runDaemonProcess, startDaemonProcess, token } from "../../support/daemon_process.ts";
import { eventually } from "../../support/eventually.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const secret = "correct-horse-battery-staple";
/** Where nobody listens. */
const nowhere = "http://127.0.0.1:9";

/** Leaves its secret wherever it can. */
const leaker = `import { AppError, defineAgent, z } from "100ac";
import process from "node:process";
import { writeSync } from "node:fs";

const Nothing = z.object({});
const fields = ["key"];

export default defineAgent({
  id: "leaker",
  description: "Leaves its secret everywhere",
  secrets: ["KEY"],
  collections: { kept: { key: fields, schema: z.object({ key: z.string(), value: z.string() }) } },
  capabilities: {
    leak: {
      description: "Leaves it and answers with it",
      input: z.object({ given: z.string().optional() }),
      output: z.unknown(),
      run: async (_, ctx) => {
        const { KEY } = ctx.secrets;
        ctx.log.info("logged " + KEY, { field: KEY, [KEY]: 1 });
        console.log("printed", KEY);
        console.dir({ KEY });
        console.table([{ KEY }]);
        process.stdout.write("written " + KEY + "\\n");
        writeSync(2, "descriptor " + KEY + "\\n");
        ctx.publish("leaker.leaked", { KEY });
        await ctx.cache.set(KEY, { value: KEY }, 60_000);
        await ctx.collections.kept.put({ key: KEY, value: KEY });
        setTimeout(() => { throw new Error("late " + KEY); });
        Promise.reject(new Error("rejected " + KEY));
        return { KEY, list: [KEY], [KEY]: true };
      },
    },
    fail: {
      description: "Fails with it",
      input: Nothing,
      output: Nothing,
      run: (_, ctx) => {
        throw new AppError("bad_answer", "failed with " + ctx.secrets.KEY, {
          details: { key: ctx.secrets.KEY },
        });
      },
    },
    recall: {
      description: "What it cached",
      input: Nothing,
      output: z.unknown(),
      run: (_, ctx) => ctx.cache.get(ctx.secrets.KEY, z.unknown()),
    },
  },
});
`;

const workflow = (name: string, capability: string, more = ""): string =>
  `name: ${name}
secrets: [KEY]
steps:
  - { name: one, agent: leaker, capability: ${capability}, on_error: continue${more} }
`;

const files = {
  "agents/leaker.ts": leaker,
  "workflows/leak.yaml": workflow("leak", "leak", ', params: { given: "${{ secrets.KEY }}" }'),
  "workflows/fail.yaml": workflow("fail", "fail"),
};

Deno.test("a secret is found nowhere but where it was given", async (t) => {
  await using folder = await makeTempFolder(files);
  const data = join(folder.path, "data");
  const places: Record<string, string> = {};
  {
    await using daemon = await startDaemonProcess({
      AC100_DATA_DIR: data,
      AC100_AGENTS_DIR: join(folder.path, "agents"),
      AC100_WORKFLOWS_DIR: join(folder.path, "workflows"),
      AC100_SECRET_KEY: secret,
      AC100_LOG: "debug",
    });
    const follow = await daemon.api("/events");
    const followed = readAll(follow);
    const ids: string[] = [];
    for (const name of ["leak", "fail"]) {
      const started = await daemon.api(`/workflows/${name}/executions`, { method: "POST" });
      const { execution_id: id } = await started.json();
      ids.push(id);
      places[`stream of ${name}`] = await (await daemon.api(`/executions/${id}/events`)).text();
    }
    await eventually(() => /rejected/.test(daemon.log) && /late/.test(daemon.log));
    const [leak = "", fail = ""] = ids;
    const paths = [
      ...["/agents", "/agents/leaker", "/system", "/executions", "/workflows", "/schedules"],
      ...["/workflows/leak", "/workflows/leak/statistics", "/market/findings", "/market/sources"],
      ...[`/executions/${leak}`, `/executions/${fail}`, `/executions/${leak}/steps/one/result`],
    ];
    for (const path of paths) places[path] = await (await daemon.api(path)).text();
    for (const path of ["/metrics", "/health", "/ready", "/"]) {
      const headers = { authorization: `Bearer ${token}` };
      places[path] = await (await fetch(`${daemon.url}${path}`, { headers })).text();
    }
    places["log"] = daemon.log;
    Object.assign(places, await placesOfProcesses(daemon.pid));
    assert.equal(await daemon.end("SIGTERM"), 0);
    places["/events"] = await followed;
  }
  for await (const { name, isFile } of Deno.readDir(data)) {
    if (!isFile || name === "token") continue;
    places[`file ${name}`] = new TextDecoder().decode(await Deno.readFile(join(data, name)));
  }
  for (const url of ["libsql", "https", "http"].map((scheme) => nowhere.replace("http", scheme))) {
    const { stderr } = await runDaemonProcess({
      AC100_DATA_DIR: join(folder.path, "other"),
      AC100_DATABASE_URL: `${url}?authToken=${secret}`,
    });
    assert.notEqual(stderr, "");
    places[`start on ${url}`] = stderr;
  }
  const { stderr } = await runDaemonProcess({ AC100_DATABASE_URL: `mysql://me:${secret}@there/x` });
  places["start on a wrong URL"] = stderr;

  assert.ok(Object.keys(places).length >= 30, Object.keys(places).join());
  for (const [place, text] of Object.entries(places)) {
    await t.step(place, () => assert.ok(!text.includes(secret), around(text)));
  }
  await t.step("what was masked is there", () => {
    assert.match(places["log"] ?? "", /logged \*\*\*/);
    assert.match(places["log"] ?? "", /descriptor \*\*\*/);
    assert.match(places[`/events`] ?? "", /leaker\.leaked/);
  });
});

async function readAll(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (thrown) {
    return String(thrown); // the daemon has stopped
  }
}

/** The command lines of all processes below `parent`, and the environments of its children. */
async function placesOfProcesses(parent: number): Promise<Record<string, string>> {
  const places: Record<string, string> = {};
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = await Deno.readTextFile(`/proc/${name}/stat`);
      if (Number(stat.split(") ")[1]?.split(" ")[1]) !== parent) continue;
      places[`arguments of a child ${name}`] = await Deno.readTextFile(`/proc/${name}/cmdline`);
      places[`environment of a child ${name}`] = await Deno.readTextFile(`/proc/${name}/environ`);
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown; // it has ended
    }
  }
  return places;
}

function around(text: string): string {
  const at = text.indexOf(secret);
  return text.slice(Math.max(0, at - 100), at + 60);
}
