/** A change in agents.yaml takes effect without a restart, for the agents it concerns. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { eventually } from "../../support/eventually.ts";
import { makeTempFolder, type TempFolder } from "../../support/temp_folder.ts";
import { Stage } from "./stage.ts";

function agentText(id: string, extra = ""): string {
  return `import { defineAgent, z } from "100ac";
export default defineAgent({
  id: "${id}",
  description: "Says its mood",
  ${extra}
  config: z.object({ mood: z.string().refine((mood) => mood !== "sour").default("calm") }),
  capabilities: {
    mood: { description: "d", input: z.object({ ms: z.number().default(0) }), output: z.string(),
      run: async ({ ms }, ctx) => {
        await new Promise((go) => setTimeout(go, ms));
        return ctx.config.mood;
      } },
  },
});
`;
}

interface Desk extends AsyncDisposable {
  readonly stage: Stage;
  /** Writes agents.yaml as editors do: by a rename. */
  save(text: string): Promise<void>;
  mood(id?: string): Promise<unknown>;
  hostOf(id: string): string | undefined;
}

/** Two agents that share a host, and one with its own permissions. */
async function openDesk(files: Readonly<Record<string, string>> = {}): Promise<Desk> {
  const folder: TempFolder = await makeTempFolder({
    "one.ts": agentText("one", `permissions: { env: ["HOME"] },`),
    "near.ts": agentText("near", `permissions: { env: ["HOME"] },`),
    "far.ts": agentText("far"),
    ...files,
  });
  const stage = await Stage.open({ agentsFolder: folder.path, watch: true });
  return {
    stage,
    save: async (text) => {
      await folder.write(".agents.yaml.tmp", text);
      await Deno.rename(join(folder.path, ".agents.yaml.tmp"), join(folder.path, "agents.yaml"));
    },
    mood: (id = "one") => stage.ask(`${id}.mood`),
    hostOf: (id) => {
      const entry = stage.hosts.entry(id);
      return entry && stage.hosts.hostOf(entry);
    },
    [Symbol.asyncDispose]: async () => {
      await stage[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a new value takes effect within a second and disturbs no other host", async () => {
  await using desk = await openDesk();
  assert.deepEqual([await desk.mood(), await desk.mood("far")], ["calm", "calm"]);
  const [near, far] = [desk.hostOf("near"), desk.hostOf("far")];
  const slow = desk.stage.ask("one.mood", { ms: 1_000 });
  const neighbour = desk.stage.ask("near.mood", { ms: 1_000 });
  await desk.save("one: { file: one.ts, config: { mood: wild } }");
  const answers: unknown[] = [];
  await eventually(async () => answers[answers.push(await desk.mood()) - 1] === "wild");
  assert.deepEqual([...new Set(answers)], ["calm", "wild"].slice(answers[0] === "calm" ? 0 : 1));
  assert.equal(await slow, "calm", "what was open ended as it began");
  assert.equal(await neighbour, "calm", "and so did its neighbour's");
  assert.equal(desk.hostOf("far"), far, "another host knows nothing of it");
  assert.notEqual(desk.hostOf("near"), near, "who shares the host moves along");
  assert.equal(await desk.mood("near"), "calm");
});

Deno.test("moved lines and comments start no host", async () => {
  await using desk = await openDesk({
    "agents.yaml": "one: { file: one.ts, config: { mood: wild } }",
  });
  assert.equal(await desk.mood(), "wild");
  const host = desk.hostOf("one");
  const from = () => desk.stage.hosts.entry("one")?.settled?.fields[0]?.from;
  assert.equal(from(), "agents.yaml:1");
  await desk.save("# moved\n\none:\n  file: one.ts\n  config:\n    mood: wild\n");
  await eventually(() => from() === "agents.yaml:6");
  assert.equal(desk.hostOf("one"), host);
});

Deno.test("a broken agents.yaml changes nothing and is reported with its line", async () => {
  await using desk = await openDesk({
    "agents.yaml": "one: { file: one.ts, config: { mood: wild } }",
  });
  assert.equal(await desk.mood(), "wild");
  const host = desk.hostOf("one");
  await desk.save("one: { file: one.ts, config: { mood: mad } }\nfra: {}");
  await eventually(() => desk.stage.hosts.settingsProblems.length > 0);
  const [problem] = desk.stage.hosts.settingsProblems;
  assert.deepEqual([problem?.line, problem?.column], [2, 1]);
  assert.match(problem?.message ?? "", /there is no agent "fra"; /);
  assert.deepEqual([await desk.mood(), desk.hostOf("one")], ["wild", host]);
  const [line] = desk.stage.log.filter(({ message }) => message.startsWith("agents.yaml has"));
  assert.match(String(line?.["reasons"]), /agents\.yaml:2:1: there is no agent "fra"/);
  await desk.save("one: { file: one.ts, config: { mood: mad } }");
  await eventually(async () => await desk.mood() === "mad");
  assert.deepEqual(desk.stage.hosts.settingsProblems, []);
});

Deno.test("values that only the agent's own schema refuses are rolled back", async () => {
  await using desk = await openDesk();
  assert.equal(await desk.mood(), "calm");
  await desk.save("one: { file: one.ts, config: { mood: sour } }");
  await eventually(() => desk.stage.hosts.entry("one")?.reason);
  assert.match(desk.stage.hosts.entry("one")?.reason ?? "", /Cannot configure agent "one": mood/);
  assert.equal(await desk.mood(), "calm");
  await desk.save("one: { file: one.ts, config: { mood: sweet } }");
  await eventually(async () => await desk.mood() === "sweet");
  assert.equal(desk.stage.hosts.entry("one")?.reason, undefined);
});

Deno.test("a new version that refuses its settings leaves the old one serving", async () => {
  const yaml = "one: { file: one.ts, config: { mood: wild } }";
  await using folder = await makeTempFolder({ "one.ts": agentText("one"), "agents.yaml": yaml });
  await using stage = await Stage.open({ agentsFolder: folder.path, watch: true });
  assert.equal(await stage.ask("one.mood"), "wild");
  await folder.write("one.ts", agentText("one").replaceAll("mood:", "temper:"));
  await eventually(() => stage.hosts.entry("one")?.reason);
  assert.match(stage.hosts.entry("one")?.reason ?? "", /unknown key "mood".* known: temper/);
  assert.equal(await stage.ask("one.mood"), "wild");
  assert.equal(stage.hosts.settingsProblems.length, 1, "and agents.yaml needs a new key");
  await folder.write("agents.yaml", yaml.replace("mood", "temper"));
  await eventually(() => stage.hosts.settingsProblems.length === 0);
  await eventually(() => stage.hosts.entry("one")?.reason === undefined);
});

Deno.test("changed isolation or grants move only that agent", async () => {
  await using desk = await openDesk();
  await Promise.all([desk.mood(), desk.mood("near"), desk.mood("far")]);
  const lives = (id: string) => {
    const entry = desk.stage.hosts.entry(id);
    return entry && desk.stage.hosts.isolationOf(entry);
  };
  await desk.save("one: { file: one.ts, isolation: alone }");
  await eventually(() => lives("one") === "process");
  assert.equal(await desk.mood(), "calm");
  assert.equal(lives("near"), "thread");
  await desk.save("one: { file: one.ts, grants: { env: [] } }");
  await eventually(() => lives("one") === "thread");
  assert.equal(await desk.mood(), "calm");
  assert.deepEqual(desk.stage.hosts.entry("one")?.grants, {});
  assert.deepEqual(desk.stage.hosts.entry("near")?.grants, { env: ["HOME"] });
  assert.equal(await desk.mood("near"), "calm");
  assert.equal(await desk.mood("far"), "calm");
  assert.equal(desk.stage.hosts.entry("far")?.errors, 0);
});

Deno.test("a plugin gets neither the id nor the grants of a shipped agent", async () => {
  const thief = agentText("csv", `permissions: { env: ["HOME"] },`);
  await using folder = await makeTempFolder({ "a_thief.ts": thief, "sources/csv.ts": thief });
  await using stage = await Stage.open({
    agentsFolder: folder.path,
    watch: true,
    operator: { shipped: { csv: { file: "sources/csv.ts", hash: "1", variables: [] } } },
  });
  assert.equal(stage.hosts.entry("csv")?.file, "sources/csv.ts");
  assert.match(stage.hosts.entry("a_thief.ts")?.reason ?? "", /"csv" belongs to "sources\/csv.ts"/);
  await Deno.remove(join(folder.path, "sources/csv.ts"));
  await eventually(() => stage.hosts.entry("csv") === undefined);
  assert.equal(stage.hosts.entry("a_thief.ts")?.status, "failed", "even while it is away");
});
