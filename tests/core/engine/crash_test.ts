/**
 * A real process, killed again and again. At any instant: what was acknowledged is stored, what was
 * completed is not repeated, and every execution ends.
 */

import assert from "node:assert/strict";
import { createClient, type Row } from "@libsql/client";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startScript } from "../../support/child_script.ts";
import { seededRandom } from "../../support/random.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const killsMin = 8;
/** On a slow machine it is killed more often, until this many have started. */
const startedMin = 50;
const killsMax = 60;
/** From the start of the process: before it has the store, while it opens it, while it runs. */
const killAfterMsMax = 400;

async function query(url: string, sql: string): Promise<readonly Row[]> {
  const client = createClient({ url, concurrency: 1 });
  try {
    return (await client.execute(sql)).rows;
  } finally {
    client.close();
  }
}

/** The log lines that agents wrote, one for each completed step. */
async function completedRuns(url: string): Promise<string[]> {
  const rows = await query(
    url,
    `SELECT text, step_name FROM workflow_step_executions AS step
     JOIN workflow_executions USING (execution_id) JOIN workflow_definitions USING (definition_id)
     WHERE step.status = 'completed'`,
  );
  return rows.map(({ text, step_name }) => {
    const { steps } = JSON.parse(String(text));
    const { params } = steps.find(({ name }: { name: string }) => name === step_name);
    return `ran ${params.run}`;
  });
}

Deno.test("an engine killed at any instant loses nothing and repeats nothing", async () => {
  const seed = Date.now() % 1_000_000;
  const random = seededRandom(seed);
  await using folder = await makeTempFolder({ "log": "" });
  const url = pathToFileURL(join(folder.path, "test.db")).href;
  const logPath = join(folder.path, "log");
  const logLines = (): string[] => Deno.readTextFileSync(logPath).split("\n").filter(Boolean);

  const startedCount = (): number =>
    logLines().filter((line) => line.startsWith("started ")).length;

  for (let killed = 0; killed < killsMin || startedCount() < startedMin; killed++) {
    assert.ok(killed < killsMax, `seed ${seed}: only ${startedCount()} were started`);
    const before = logLines().length;
    const completed = before === 0 ? [] : await completedRuns(url);
    await using process = await startScript("engine_process.ts", ["start", url, logPath]);
    // The instant is the thing under test, so there is nothing to wait for.
    await new Promise((resolve) => setTimeout(resolve, random() * killAfterMsMax));
    await process.kill();
    const since = new Set(logLines().slice(before));
    const again = completed.filter((run) => since.has(run));
    assert.deepEqual(again, [], `seed ${seed}: done again after their completion was stored`);
  }
  const before = logLines().length;
  const completed = await completedRuns(url);
  await using drain = await startScript("engine_process.ts", ["drain", url, logPath]);
  assert.equal(await drain.end(), 0, `seed ${seed}: the last engine did not come to its end`);
  const since = new Set(logLines().slice(before));
  assert.deepEqual(completed.filter((run) => since.has(run)), [], `seed ${seed}`);
  await assertWhole(url, logLines(), `seed ${seed}`);
});

async function assertWhole(url: string, log: readonly string[], seed: string): Promise<void> {
  const executions = await query(url, "SELECT execution_id, status FROM workflow_executions");
  const statuses = new Map(executions.map((row) => [row.execution_id, row.status]));
  const open = [...statuses.values()].filter((status) => status !== "completed");
  assert.deepEqual(open, [], `${seed}: everything was to be completed`);
  const started = log.filter((line) => line.startsWith("started "))
    .map((line) => line.slice("started ".length));
  assert.deepEqual(started.filter((id) => !statuses.has(id)), [], `${seed}: acknowledged, gone`);

  const steps = await query(
    url,
    `SELECT execution_id, step_index, group_concat(status, ' ') AS statuses
     FROM (SELECT * FROM workflow_step_executions ORDER BY attempt)
     GROUP BY execution_id, step_index`,
  );
  assert.equal(steps.length, statuses.size * 3, `${seed}: every step of every execution`);
  for (const { statuses } of steps) {
    // Interrupted at most as often as allowed, then completed, with nothing after it.
    assert.match(String(statuses), /^(cancelled )*completed$/, seed);
  }
  const runs = log.filter((line) => line.startsWith("ran ")).length;
  const attempts = steps.flatMap(({ statuses }) => String(statuses).split(" ")).length;
  assert.ok(runs >= steps.length && runs <= attempts, `${seed}: no run without its attempt's row`);
  const [check] = await query(url, "PRAGMA integrity_check");
  assert.equal(check?.integrity_check, "ok", seed);
}
