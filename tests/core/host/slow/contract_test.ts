/** A host behaves the same in a thread and in a process: one suite runs on both. */

import assert from "node:assert/strict";
import { bodyMax } from "../../../../core/bus/bulk.ts";
import { eventually } from "../../../support/eventually.ts";
import { makeTempFolder } from "../../../support/temp_folder.ts";
import { Stage } from "../stage.ts";

const agent = `import { AppError, defineAgent, z } from "100ac";
const Any = z.unknown();
const heard = [];
let aborted = "";
export default defineAgent({
  id: "worker_bee",
  description: "For the contract of hosts",
  secrets: ["HONEY"],
  on: { "test.*": (event) => { heard.push(event.topic); } },
  capabilities: {
    echo: { description: "d", input: z.object({ text: z.string() }), output: Any,
      run: ({ text }) => text },
    make: { description: "d", input: z.object({ length: z.int() }), output: Any,
      run: ({ length }) => "x".repeat(length) },
    fail: { description: "d", input: z.object({}), output: Any,
      run: () => { throw new AppError("not_found", "Cannot find it", { details: { at: 3 } }); } },
    wait: { description: "d", input: z.object({}), output: Any, run: (_, ctx) =>
      new Promise((resolve) => ctx.signal.addEventListener("abort", () => {
        aborted = ctx.signal.reason.code;
        resolve(null);
      })) },
    aborted: { description: "d", input: z.object({}), output: Any, run: () => aborted },
    heard: { description: "d", input: z.object({}), output: Any, run: () => heard },
    announce: { description: "d", input: z.object({}), output: Any,
      run: (_, ctx) => { ctx.publish("bee.published", { by: ctx.agent }); return null; } },
    ask: { description: "d", input: z.object({ length: z.int() }), output: Any,
      run: async ({ length }, ctx) =>
        (await ctx.request("worker_bee.make", { length }, z.string())).length },
    secrets: { description: "d", input: z.object({}), output: Any, run: (_, ctx) => ctx.secrets },
    late: { description: "d", input: z.object({}), output: Any,
      run: () => { setTimeout(() => { throw new Error("nobody caught it"); }); return null; } },
    read: { description: "d", input: z.object({}), output: Any,
      run: () => Deno.readTextFile("/etc/hostname") },
    stdout: { description: "d", input: z.object({}), output: Any,
      run: () => { console.log("printed"); return null; } },
    reach: { description: "d", input: z.object({}), output: Any, run: () => [
      typeof BroadcastChannel, typeof postMessage, typeof onmessage] },
  },
});
`;

for (const kind of ["thread", "process"] as const) {
  Deno.test(`a host in a ${kind} keeps the contract of hosts`, async (t) => {
    await using folder = await makeTempFolder({ "bee.ts": agent });
    await using stage = await Stage.open({
      agentsFolder: folder.path,
      isolation: kind,
      secrets: { HONEY: "sweet", OTHER: "hidden" },
    });
    const entry = stage.hosts.entry("worker_bee");
    assert.ok(entry);
    assert.equal(stage.hosts.isolationOf(entry), kind);

    await t.step("answers requests, many at once, each once", async () => {
      const answers = await Promise.all(
        Array.from({ length: 2_000 }, (_, n) => stage.ask("worker_bee.echo", { text: `${n}` })),
      );
      assert.deepEqual(answers, Array.from({ length: 2_000 }, (_, n) => `${n}`));
    });
    await t.step("carries large bodies both ways, with small ones beside them", async () => {
      const text = "y".repeat(5_000_000);
      const [large, made, small] = await Promise.all([
        stage.ask("worker_bee.echo", { text }),
        stage.ask("worker_bee.make", { length: 20_000_000 }),
        stage.ask("worker_bee.echo", { text: "small" }),
      ]);
      assert.ok(large === text);
      assert.equal((made as string).length, 20_000_000);
      assert.equal(small, "small");
    });
    await t.step("refuses an answer over the largest body and survives", async () => {
      // With its quotes it is two characters too long.
      const { code, message } = await stage.failure("worker_bee.make", { length: bodyMax });
      assert.equal(code, "invalid_output");
      assert.match(message, new RegExp(`its output has ${bodyMax + 2} characters`));
    });
    await t.step("keeps code, message and details of an error", async () => {
      assert.deepEqual(await stage.failure("worker_bee.fail"), {
        code: "not_found",
        message: "Cannot find it",
        details: { at: 3 },
      });
    });
    await t.step("aborts the agent's signal at the deadline and on cancel", async () => {
      assert.equal(
        (await stage.failure("worker_bee.wait", {}, { timeoutMs: 50 })).code,
        "deadline_exceeded",
      );
      await eventually(async () => await stage.ask("worker_bee.aborted") === "deadline_exceeded");
      const cancel = new AbortController();
      const waiting = stage.failure("worker_bee.wait", {}, { signal: cancel.signal });
      await stage.ask("worker_bee.echo", { text: "meanwhile" });
      cancel.abort();
      assert.equal((await waiting).code, "cancelled");
      await eventually(async () => await stage.ask("worker_bee.aborted") === "cancelled");
    });
    await t.step("receives events and publishes them", async () => {
      stage.bus.publish("test.one", "null");
      stage.bus.publish("test.two", "null");
      await eventually(async () => {
        const heard = await stage.ask("worker_bee.heard") as string[];
        return heard.join() === "test.one,test.two";
      });
      await stage.ask("worker_bee.announce");
      await eventually(() => stage.events.includes('bee.published worker_bee {"by":"worker_bee"}'));
    });
    await t.step("asks other agents through the daemon", async () => {
      assert.equal(await stage.ask("worker_bee.ask", { length: 1_000_000 }), 1_000_000);
    });
    await t.step("gives an agent the secrets it names and no others", async () => {
      assert.deepEqual(await stage.ask("worker_bee.secrets"), { HONEY: "sweet" });
    });
    await t.step("survives uncaught errors and counts them", async () => {
      const before = entry.errors;
      await stage.ask("worker_bee.late");
      await eventually(() => entry.errors === before + 1);
      assert.equal(await stage.ask("worker_bee.echo", { text: "alive" }), "alive");
    });
    await t.step("grants only what was asked for", async () => {
      const { code, message } = await stage.failure("worker_bee.read");
      assert.equal(code, "agent_error");
      assert.match(message, /Requires read access to "\/etc\/hostname"/);
    });
    await t.step("writes what an agent prints to the log", async () => {
      await stage.ask("worker_bee.stdout");
      await eventually(() => stage.log.some(({ message }) => message === "printed"));
    });
    await t.step("gives agents no access to its channel or port", async () => {
      assert.deepEqual(await stage.ask("worker_bee.reach"), [
        "undefined",
        "undefined",
        "undefined",
      ]);
    });
  });
}

Deno.test("an overflowing heap or an endless loop ends only the process", async (t) => {
  const killer = `import { defineAgent, z } from "100ac";
export default defineAgent({
  id: "killer",
  description: "Tries to take the daemon with it",
  isolation: "process",
  capabilities: Object.fromEntries(Object.entries({
    memory: () => { const all = []; for (;;) all.push(new Array(100_000).fill(Math.random())); },
    hang: async () => { await null; for (;;); },
    ok: () => 1,
  }).map(([name, run]) =>
    [name, { description: "d", input: z.object({}), output: z.unknown(), run }])),
});
`;
  await using folder = await makeTempFolder({ "killer.ts": killer });
  await using stage = await Stage.open({
    agentsFolder: folder.path,
    heapMb: 96,
    watchdogMs: 3_000, // a nearly full heap spends long in garbage collection
    budgetMs: 30_000,
  });
  await t.step("a heap that overflows", async () => {
    const { code, message } = await stage.failure("killer.memory", {}, { timeoutMs: 30_000 });
    assert.equal(code, "host_gone");
    assert.match(message, /its process ran out of memory/);
    assert.equal(await stage.ask("killer.ok"), 1);
  });
  await t.step("a loop that never ends", async () => {
    assert.equal((await stage.failure("killer.hang")).code, "host_wedged");
    assert.equal(await eventually(() => stage.ask("killer.ok").catch(() => undefined)), 1);
    assert.equal(stage.hosts.wedgedThreads, 0);
  });
});
