/**
 * A plugin in a process writes to its host's pipe itself. Whatever it writes, it speaks only for
 * itself, the daemon keeps its memory, and agents elsewhere are served.
 */

import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import {
  forgedBody,
  forgedControl,
  forgedFrame,
  type ForgedRecord,
  forgerText,
} from "../../support/pipe_forger.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { startTestDaemon, type TestDaemon } from "../../support/test_daemon.ts";

const healthyText = `import { defineAgent, z } from "100ac";
let heard = 0;
export default defineAgent({
  id: "healthy",
  description: "Answers",
  permissions: { env: ["HOME"] },
  capabilities: {
    answer: { description: "d", input: z.object({}), output: z.int(), run: () => 42 },
    kept: {
      description: "d",
      input: z.object({}),
      output: z.unknown(),
      run: (_, ctx) => ctx.cache.get("kept", z.unknown()),
    },
    heard: { description: "d", input: z.object({}), output: z.int(), run: () => heard },
  },
  on: { "execution.*": () => void heard++ },
});
`;

const request = {
  ...{ kind: "request", id: 1_000_000, address: "cache.set", caller: "healthy", timeoutMs: 1_000 },
  input: JSON.stringify({ key: "kept", value: "forged", ttl_ms: 60_000 }),
};
const event = { seq: 1, topic: "execution.completed", from: "forger", body: `"forged"` };
const failed = (id: unknown) => [{ id, error: { code: "agent_error", message: "forged" } }];
const line = { kind: "log", level: "info", agent: "forger", message: "m", fields: {} };

/** Each ends the host that writes it. */
const violations: Readonly<Record<string, readonly ForgedRecord[]>> = {
  "a request of another agent": [forgedFrame({ messages: [request] })],
  "a request of the daemon": [forgedFrame({ messages: [{ ...request, caller: "daemon" }] })],
  "an address of 5 MB": [
    forgedFrame({ messages: [{ ...request, caller: "forger", address: "a".repeat(5_000_000) }] }),
  ],
  "an event of the daemon": [forgedFrame({ events: [{ ...event, from: "daemon" }] })],
  "an event under a reserved topic": [forgedFrame({ events: [event] })],
  "an event whose body is null": [
    forgedFrame({ events: [{ ...event, topic: "my.topic", body: null as unknown as string }] }),
  ],
  "a frame that is none": [{ kind: 0, text: "[]" }],
  "ready a second time, naming another's agent": [
    forgedControl({ kind: "ready", failed: failed("healthy") }),
  ],
  "a report of failed agents that is no list": [forgedControl({ kind: "ready", failed: 5 })],
  "a log line of another agent": [forgedControl({ ...line, agent: "healthy" })],
  "a report of no kind": [forgedControl(null)],
  "a report that is not JSON": [{ kind: 1, text: "{" }],
  "a record of an unknown kind": [{ kind: 9, text: "" }],
  "a fault of 70 MB": [
    forgedControl({ kind: "fault", agent: "forger", message: "$" }, { filledTo: 70_000_000 }),
  ],
};

async function attacked(): Promise<{ readonly daemon: TestDaemon } & AsyncDisposable> {
  const folder = await makeTempFolder({ "forger.ts": forgerText, "healthy.ts": healthyText });
  const daemon = await startTestDaemon({ AC100_AGENTS_DIR: folder.path });
  return {
    daemon,
    [Symbol.asyncDispose]: async () => {
      await daemon[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The code of a question's error; "" when it was answered. A host that was lost starts again. */
async function codeOf(daemon: TestDaemon, address: string, input: unknown): Promise<string> {
  return await eventually(async () => {
    const code = await daemon.ask(address, input).then(() => "", (thrown) => thrown.code);
    const isWaiting = daemon.log.at(-1)?.includes("the next one starts in");
    return isWaiting ? undefined : { code };
  }).then(({ code }) => code);
}

Deno.test("what no honest host writes ends the host that wrote it, and nothing else", async (t) => {
  for (const [what, records] of Object.entries(violations)) {
    await t.step(what, async () => {
      await using stage = await attacked();
      const { daemon } = stage;
      assert.equal(await daemon.ask("healthy.answer", {}), 42);
      assert.equal(await codeOf(daemon, "forger.write", { records }), "host_gone");
      assert.equal(await daemon.ask("healthy.answer", {}), 42);
      assert.equal(await daemon.ask("healthy.kept", {}), null);
      assert.equal(await daemon.ask("healthy.heard", {}), 0);
      const { status } = await (await daemon.api("/agents/healthy")).json();
      assert.equal(status, "idle");
      assert.equal(await daemon.ask("forger.keep", {}), null);
    });
  }
});

Deno.test("what is printed past the console is logged, and does not end the host", async () => {
  await using stage = await attacked();
  const { daemon } = stage;
  assert.equal(await daemon.ask("forger.print", {}), "printed");
  const names = ["process.stdout", "Deno.stdout", "descriptor 1", "descriptor 2"];
  const methods = ["log", "debug", "error", "dir", "table", "trace"];
  for (const name of [...names, ...methods.map((name) => `console.${name}`)]) {
    await eventually(() => daemon.log.some((line) => line.includes(`"line of ${name}`)));
  }
  assert.equal(await daemon.ask("forger.keep", {}), null);
});

Deno.test("floods through the pipe are bounded on the daemon's side", async (t) => {
  await using stage = await attacked();
  const { daemon } = stage;
  const megabytes = (): number => Deno.memoryUsage().rss / 1e6;
  const before = megabytes();

  await t.step("bodies that nobody asked for are dropped", async () => {
    const records = Array.from(
      { length: 40 },
      (_, at) => forgedBody(`${at + 1}\n$`, { filledTo: 4_000_000 }),
    );
    // Each is one record, which may have 8 MB.
    assert.equal(await daemon.ask("forger.write", { records }), "written");
    assert.equal(await daemon.ask("healthy.answer", {}), 42);
  });

  await t.step("more requests than a host may have open are refused", async () => {
    const own = { ...request, caller: "forger", address: "forger.keep", input: "{}" };
    const records = Array.from({ length: 20 }, (_, at) => {
      const messages = Array.from(
        { length: 1_000 },
        (_, n) => ({ ...own, id: 1_000 * at + n + 1e6 }),
      );
      return forgedFrame({ messages });
    });
    const written = daemon.ask("forger.write", { records }).catch(() => "ended");
    assert.equal(await daemon.ask("healthy.answer", {}), 42);
    await written;
  });

  await t.step("log lines beyond a host's share are dropped", async () => {
    const records = [forgedControl({ ...line, message: "$" }, { filledTo: 60_000, times: 2_700 })];
    const linesBefore = daemon.log.length;
    assert.equal(await daemon.ask("forger.write", { records }), "written");
    assert.ok(daemon.log.length - linesBefore < 2_000);
    assert.ok(daemon.log.every((line) => line.length < 20_000));
    assert.equal(await daemon.ask("healthy.answer", {}), 42);
  });

  assert.ok(megabytes() - before < 1_000, `grew by ${megabytes() - before} MB`);
});
