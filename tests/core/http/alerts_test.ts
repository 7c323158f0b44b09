/** Alerts through a whole daemon: to an agent that hears them, and over the stream of events. */

import assert from "node:assert/strict";
import { serverEvents } from "../../../core/cli/ask/event_stream.ts";
import type { ToldEvent } from "../../../core/http/api.ts";
import { eventually } from "../../support/eventually.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { startTestDaemon } from "../../support/test_daemon.ts";

const agents = {
  "agents/alerter.ts": `import { defineAgent, z } from "100ac";
const heard: unknown[] = [];
export default defineAgent({
  id: "alerter",
  description: "Keeps what it is alerted of",
  capabilities: {
    heard: { description: "All of it", input: z.object({}), output: z.array(z.unknown()),
      run: () => Promise.resolve(heard) },
    fail: { description: "Fails", input: z.object({}), output: z.null(),
      run: () => Promise.reject(new Error("the disk is full")) },
  },
  on: {
    "execution.failed": ({ topic, body }) => void heard.push({ topic, ...body as object }),
    "firing.skipped": ({ topic, body }) => void heard.push({ topic, ...body as object }),
  },
});
`,
};

const workflow = {
  "workflows/doomed.yaml": `name: doomed
inputs: { symbol: { type: string, default: AAPL } }
schedule: { every: 1h, inputs: { symbol: MSFT } }
steps:
  - { name: fetch, agent: alerter, capability: fail, retry: { attempts: 2, backoff: 10ms } }
`,
  "workflows/demanding.yaml": `name: demanding
secrets: [NOT_SET]
schedule: { every: 1h }
steps: [{ name: one, agent: alerter, capability: heard }]
`,
};

type Heard = Readonly<Record<string, unknown>>;

Deno.test("a failed execution and a skipped firing say what an alert needs", async () => {
  await using folder = await makeTempFolder({ ...agents, ...workflow });
  await using daemon = await startTestDaemon({
    AC100_AGENTS_DIR: `${folder.path}/agents`,
    AC100_WORKFLOWS_DIR: `${folder.path}/workflows`,
  });
  const leaving = new AbortController();
  const stream = await daemon.api("/events?topic=execution.failed&topic=firing.*", {
    signal: leaving.signal,
  });
  assert.equal(stream.headers.get("content-type"), "text/event-stream");
  const streamed: ToldEvent[] = [];
  const reading = (async () => {
    assert.ok(stream.body);
    for await (const { data } of serverEvents(stream.body, { signal: leaving.signal })) {
      streamed.push(JSON.parse(data) as ToldEvent);
    }
  })().catch((thrown) => assert.ok(leaving.signal.aborted, String(thrown)));
  for (const name of ["doomed", "demanding"]) {
    const response = await daemon.api(`/schedules/${name}/trigger`, { method: "POST" });
    assert.equal((await response.json()).schedule, name);
  }
  const heard = await eventually(async () => {
    const heard = await daemon.ask("alerter.heard", {}) as Heard[];
    return heard.length >= 2 && heard;
  }, { withinMs: 15_000 });

  const failed = heard.find(({ topic }) => topic === "execution.failed");
  const { execution_id: id, due_at: dueAt, ...facts } = failed ?? {};
  assert.match(String(dueAt), /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(facts, {
    topic: "execution.failed",
    workflow: "doomed",
    schedule: "doomed",
    error: {
      code: "agent_error",
      message: 'Step "fetch" failed: Cannot finish request "alerter.fail": the disk is full',
    },
    step: "fetch",
    capability: "alerter.fail",
    attempts: 2,
    inputs: { symbol: "MSFT" },
    see: `100ac execution show ${id}`,
  });
  const skipped = heard.find(({ topic }) => topic === "firing.skipped");
  const { due_at: _, late_seconds: late, reason, ...rest } = skipped ?? {};
  assert.equal(typeof late, "number");
  assert.match(
    String(reason),
    /^invalid_config: Cannot start workflow "demanding": it names "NOT_SET"/,
  );
  assert.deepEqual(rest, {
    topic: "firing.skipped",
    schedule: "demanding",
    workflow: "demanding",
    cause: "trigger",
    many: false,
    see: "100ac schedule explain demanding",
  });
  await eventually(() => streamed.length >= 2);
  assert.deepEqual(streamed.map(({ topic, from }) => `${from} ${topic}`).sort(), [
    "daemon execution.failed",
    "daemon firing.skipped",
  ]);
  leaving.abort();
  await reading;
});

Deno.test("a stream of events refuses what is no topic", async () => {
  await using daemon = await startTestDaemon();
  for (const topic of ["", "Execution", "a..b", "*.failed"]) {
    const response = await daemon.api(`/events?topic=${topic}`);
    assert.equal(response.status, 400);
    assert.match((await response.json()).detail, /ask like \?topic=execution\.failed/);
  }
});
