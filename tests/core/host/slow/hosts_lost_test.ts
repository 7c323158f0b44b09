/** Hosts that end, hang or never start: open requests fail, and the next request works. */

import assert from "node:assert/strict";
import { eventually } from "../../../support/eventually.ts";
import { makeTempFolder } from "../../../support/temp_folder.ts";
import { Stage } from "../stage.ts";
import { inHost } from "../../../support/in_host.ts";

const watchdogMs = 500;

function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

Deno.test("Deno.exit in an agent fails its request and ends nothing else", async () => {
  await using stage = await Stage.open({ watchdogMs });
  const { code, message } = await stage.failure("rogue.exit");
  assert.equal(code, "agent_error");
  assert.match(message, /^Cannot exit: other agents share its host/);
  await stage.ask("rogue.echo", { message: "still here" });
  const entry = stage.hosts.entry("rogue");
  assert.equal(entry && stage.hosts.hostOf(entry), "host-1");
});

Deno.test("an agent that holds its thread before its first await is interrupted", async () => {
  await using stage = await Stage.open({ watchdogMs: 2_000, budgetMs: 100 });
  const { code, message } = await stage.failure("rogue.spin", { ms: 60_000 });
  assert.equal(code, "budget_exceeded");
  assert.match(message, /held its host's thread for over 0\.1 s without an await/);
  const entry = stage.hosts.entry("rogue");
  assert.equal(entry && stage.hosts.hostOf(entry), "host-1", "its host lives");
});

Deno.test("an agent that hangs moves to a process, its neighbours to a fresh host", async () => {
  await using stage = await Stage.open({ watchdogMs });
  const waiting = stage.failure("rogue.wait");
  await eventually(() => stage.events.includes("rogue.waiting rogue null"));
  const startedAtMs = performance.now();
  // ends by itself, because a busy thread cannot be stopped
  const [waited, lost] = await Promise.all([waiting, stage.failure("rogue.hang", { ms: 2_000 })]);
  assert.ok(performance.now() - startedAtMs < 2_000, "reported by the watchdog");
  for (const failure of [waited, lost]) {
    assert.deepEqual(failure, {
      code: "host_wedged",
      message: `Cannot reach host "host-1": it has not answered for 0.5 s; ` +
        `its agents start again on their next use`,
    });
  }
  const [rogue, listener] = ["rogue", "listener"].map((id) => stage.hosts.entry(id));
  assert.ok(rogue && listener);
  await stage.ask("rogue.echo", { message: "again" });
  assert.equal(stage.hosts.isolationOf(rogue), "process");
  assert.equal(rogue.openCount, 0);
  assert.equal(stage.hosts.wedgedThreads, 1);
  await stage.ask("listener.heard");
  assert.equal(stage.hosts.isolationOf(listener), "thread");
  assert.notEqual(stage.hosts.hostOf(listener), stage.hosts.hostOf(rogue));
});

Deno.test("an agent that is busy for less than the watchdog's limit keeps its host", async () => {
  await using stage = await Stage.open({ watchdogMs: 1_000 });
  await stage.ask("rogue.spin", { ms: 500 });
  const entry = stage.hosts.entry("rogue");
  assert.equal(entry && stage.hosts.hostOf(entry), "host-1");
});

Deno.test("a daemon that was itself busy does not blame its hosts", async () => {
  await using stage = await Stage.open({ watchdogMs });
  await stage.ask("rogue.echo", { message: "hi" });
  block(2 * watchdogMs);
  const untilMs = performance.now() + watchdogMs / 2;
  await eventually(() => performance.now() > untilMs);
  const entry = stage.hosts.entry("rogue");
  assert.equal(entry && stage.hosts.hostOf(entry), "host-1");
});

Deno.test("agents with subscriptions receive events again without a request", async () => {
  await using stage = await Stage.open({ watchdogMs });
  await stage.failure("rogue.hang", { ms: 1_500 });
  const hostOfListener = (): string | undefined => {
    const entry = stage.hosts.entry("listener");
    return entry && stage.hosts.hostOf(entry);
  };
  await eventually(() => hostOfListener() === "host-2");
  assert.equal(await stage.hosts.ping(5_000), 1);
  stage.bus.publish("test.published", `"news"`);
  await eventually(async () => {
    const heard = await stage.ask("listener.heard") as { topic: string }[];
    return heard.length === 1;
  });
});

Deno.test("a host that does not start fails the requests that wait for it", async () => {
  const hang = `if (${inHost}) {
    const untilMs = performance.now() + 2_000;
    while (performance.now() < untilMs);
  }`;
  await using folder = await makeTempFolder({ "slow.ts": hang + agentText("slow") });
  await using stage = await Stage.open({ agentsFolder: folder.path, startMsMax: 300 });
  const failures = await Promise.all([stage.failure("slow.one"), stage.failure("slow.one")]);
  for (const { code, message } of failures) {
    assert.equal(code, "host_wedged");
    assert.match(message, /^Cannot reach host "host-1": it did not load its agents within 0\.3 s/);
  }
});

Deno.test("a request waits for its host no longer than its caller does", async () => {
  const slow = `if (${inHost}) await new Promise((go) => setTimeout(go, 1_000));`;
  await using folder = await makeTempFolder({ "slow.ts": slow + agentText("slow") });
  await using stage = await Stage.open({ agentsFolder: folder.path });
  const late = stage.failure("slow.one", {}, { timeoutMs: 50 });
  const cancelled = stage.failure("slow.one", {}, { signal: AbortSignal.timeout(50) });
  assert.equal((await late).code, "deadline_exceeded");
  assert.equal((await cancelled).code, "cancelled");
  assert.equal(await stage.ask("slow.one"), 1, "who waits longer is answered");
});

Deno.test("close() ends open requests, and no host starts afterwards", async () => {
  const stage = await Stage.open();
  const waiting = stage.failure("rogue.wait");
  await eventually(() => stage.events.includes("rogue.waiting rogue null"));
  await stage[Symbol.asyncDispose]();
  assert.equal((await waiting).code, "host_gone");
  assert.equal((await stage.failure("granted.reach")).code, "host_gone");
});

function agentText(id: string): string {
  return `import { defineAgent, z } from "100ac";
export default defineAgent({
  id: "${id}",
  description: "For tests",
  capabilities: {
    one: { description: "d", input: z.object({}), output: z.number(), run: () => 1 },
  },
});
`;
}

for (const kind of ["thread", "process"] as const) {
  Deno.test(`an agent that loops during its import spares its neighbours (${kind})`, async () => {
    const agentText = (id: string, before: string): string =>
      `import { defineAgent, z } from "100ac";
${before}
export default defineAgent({
  id: "${id}",
  description: "d",
  capabilities: {
    answer: { description: "d", input: z.object({}), output: z.int(), run: () => 42 },
  },
});
`;
    // Not in the scan. The loop ends by itself, because a busy thread cannot be stopped.
    const loop = `const untilMs = Date.now() + 2_500; while (${inHost} && Date.now() < untilMs);`;
    await using folder = await makeTempFolder({
      "a.ts": agentText("a", ""),
      "stuck.ts": agentText("stuck", loop),
      "z.ts": agentText("z", ""),
    });
    await using stage = await Stage.open({
      agentsFolder: folder.path,
      isolation: kind,
      startMsMax: 1_500,
    });
    const [first, second] = await Promise.all([
      stage.failure("a.answer"),
      stage.failure("z.answer"),
    ]);
    for (const { code, message } of [first, second]) {
      assert.equal(code, "host_wedged");
      assert.match(message, /it did not load its agents within 1\.5 s/);
    }
    for (const id of ["a", "z"]) {
      assert.equal(await stage.ask(`${id}.answer`), 42, "the next request is answered");
      const entry = stage.hosts.entry(id);
      assert.equal(entry?.isApart, false);
    }
    assert.equal(stage.hosts.entry("stuck")?.isApart, true);
    assert.equal(stage.hosts.wedgedThreads, kind === "process" ? 0 : 1);
  });
}
