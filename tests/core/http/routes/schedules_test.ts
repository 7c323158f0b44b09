/** Schedules through a whole daemon: fired, shown, steered, and kept over a restart. */

import assert from "node:assert/strict";
import type { QueueView, ScheduleExplanation, ScheduleView } from "../../../../core/http/api.ts";
import { eventually } from "../../../support/eventually.ts";
import { makeTempFolder } from "../../../support/temp_folder.ts";
import { startTestDaemon, type TestDaemon } from "../../../support/test_daemon.ts";

const file = `name: ticking
schedule:
  - { every: 1s, overlap: queue }
  - { at: "XNYS.close + 15m", catch_up: none }
steps: [{ name: hello, agent: test_agent, capability: echo, params: { message: hi } }]
`;

async function ask<Answer>(
  daemon: TestDaemon,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly answer: Answer }> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await daemon.api(path, { method, ...sent });
  return { status: response.status, answer: await response.json() as Answer };
}

Deno.test("a daemon fires its schedules, shows why, and keeps a pause over a restart", async () => {
  await using folder = await makeTempFolder({ "ticking.yaml": file });
  await using data = await makeTempFolder();
  const environment = { AC100_WORKFLOWS_DIR: folder.path, AC100_DATA_DIR: data.path };
  {
    await using daemon = await startTestDaemon(environment);
    const fired = await eventually(async () => {
      const { answer } = await ask<ScheduleExplanation>(daemon, "GET", "/schedules/ticking");
      return answer.firings.filter(({ status }) => status === "fired").length >= 2 && answer;
    }, { withinMs: 10_000 });
    assert.equal(fired.rule, "every 1s");
    assert.equal(fired.next.length, 10);
    const { answer: close } = await ask<ScheduleExplanation>(daemon, "GET", "/schedules/ticking.2");
    assert.equal(close.timezone, "America/New_York");
    assert.match(close.next[0]?.why ?? "", /^XNYS closes at (16:00|13:00, a half-day)$/);
    assert.match(close.next[0]?.local ?? "", /\[America\/New_York\]$/);

    const paused = await ask<ScheduleExplanation>(daemon, "POST", "/schedules/ticking/pause");
    assert.equal(paused.answer.paused, true);
    assert.equal(paused.answer.next_at, null);
    const triggered = await ask(daemon, "POST", "/schedules/ticking.2/trigger");
    assert.equal(triggered.status, 202);
    await eventually(async () => {
      const { answer } = await ask<ScheduleExplanation>(daemon, "GET", "/schedules/ticking.2");
      return answer.firings[0]?.status === "fired" && answer.firings[0].cause === "trigger";
    });
    const span = { from: "2026-07-01", to: "2026-07-07" };
    const filled = await ask(daemon, "POST", "/schedules/ticking.2/backfill", span);
    assert.deepEqual(filled.answer, { schedule: "ticking.2", instants: 3, entered: 3 });
    for (const wrong of [{}, { from: "x", to: "y" }, { from: "2026-07-07", to: "2026-07-01" }]) {
      const { status } = await ask(daemon, "POST", "/schedules/ticking.2/backfill", wrong);
      assert.equal(status, 400);
    }
    assert.equal((await ask(daemon, "GET", "/schedules/none")).status, 404);
    const { answer: queue } = await ask<QueueView>(daemon, "GET", "/queue");
    assert.equal(queue.waiting, queue.lanes.reduce((sum, { waiting }) => sum + waiting, 0));
  }
  await using daemon = await startTestDaemon(environment);
  const { answer } = await ask<{ schedules: ScheduleView[] }>(daemon, "GET", "/schedules");
  assert.deepEqual(answer.schedules.map(({ schedule, paused }) => [schedule, paused]), [
    ["ticking", true],
    ["ticking.2", false],
  ]);
  await ask(daemon, "POST", "/schedules/ticking/resume");
  const before = Date.now();
  await eventually(async () => {
    const { answer } = await ask<ScheduleExplanation>(daemon, "GET", "/schedules/ticking");
    return answer.firings.some(({ due_at }) => Date.parse(due_at) > before);
  }, { withinMs: 10_000 });
});

Deno.test("a schedule is set over the wire, written into its file, and taken up at once", async () => {
  const plain = "# why\nname: plain\nsteps:\n" +
    "  - { name: hello, agent: test_agent, capability: echo, params: { message: hi } }\n";
  await using folder = await makeTempFolder({ "plain.yaml": plain });
  await using daemon = await startTestDaemon({ AC100_WORKFLOWS_DIR: folder.path });
  for (const every of ["1h", "1s"]) {
    const set = await ask<ScheduleExplanation>(daemon, "PUT", "/schedules/plain", { every });
    assert.equal(set.status, 200);
    assert.equal(set.answer.rule, `every ${every}`);
    assert.equal(
      await Deno.readTextFile(`${folder.path}/plain.yaml`),
      plain.replace("name:", `schedule: { every: "${every}" }\nname:`),
    );
  }
  await eventually(async () => {
    const { answer } = await ask<ScheduleExplanation>(daemon, "GET", "/schedules/plain");
    return answer.firings.some(({ status }) => status === "fired");
  }, { withinMs: 10_000 });
  const wrong = await ask<{ detail: string }>(daemon, "PUT", "/schedules/plain", { every: "0s" });
  assert.equal(wrong.status, 422);
  assert.match(wrong.answer.detail, /"every" must be at least 1s/);
  for (const body of [undefined, "5m"]) {
    assert.equal((await ask(daemon, "PUT", "/schedules/plain", body)).status, 400);
  }
  assert.equal((await ask(daemon, "PUT", "/schedules/none", { every: "1h" })).status, 404);
});

Deno.test("a start by hand takes a priority, within bounds", async () => {
  await using daemon = await startTestDaemon();
  const start = (priority: string): ReturnType<typeof ask> =>
    ask(daemon, "POST", `/workflows/simple_test/executions?priority=${priority}`);
  const { status } = await start("-100");
  assert.equal(status, 202);
  for (const priority of ["101", "-101", "high", "1.5", ""]) {
    assert.equal((await start(priority)).status, 400, priority);
  }
});
