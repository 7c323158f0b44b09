/**
 * A daemon that is killed again and again, without a word, while its schedules fire every second or
 * so. Whatever the instants: no due instant is started twice, none is lost under `catch_up: all`,
 * and everything that was started comes to its end.
 */

import assert from "node:assert/strict";
import { createClient, type Row } from "@libsql/client";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startDaemonProcess } from "../support/daemon_process.ts";
import { eventually } from "../support/eventually.ts";
import { seededRandom } from "../support/random.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const kills = Number(Deno.env.get("CRASH_KILLS") ?? 15);
const seed = Number(Deno.env.get("CRASH_SEED") ?? Date.now() % 1_000_000);
/** After it was ready. */
const killAfterMsMax = 1_000;
const drainMsMax = 60_000;
/** Fewer would show nothing. */
const instantsMin = 5;

const files = {
  "agents/worker.ts": `import { defineAgent, z } from "100ac";
export default defineAgent({
  id: "worker",
  description: "Takes a moment",
  capabilities: {
    work: { description: "Waits", input: z.object({ ms: z.number() }), output: z.null(),
      idempotent: true,
      run: ({ ms }) => new Promise((resolve) => setTimeout(() => resolve(null), ms)) },
  },
});
`,
  "workflows/kills.yaml": `workflows:
${workflow("quick", "{ every: 1s, catch_up: all, catch_up_max: 1000, overlap: queue }", 5)}
${workflow("slow", "{ every: 2s, catch_up: all, catch_up_max: 1000, overlap: queue }", 400)}
${workflow("jittered", "{ every: 2s, jitter: 900ms, catch_up: all, overlap: queue }", 5)}
${workflow("latest", "{ every: 1s, catch_up: latest, overlap: skip }", 300)}
`,
};

/** Each of whose due instants has to be started. */
const complete = { quick: 1_000, slow: 2_000, jittered: 2_000 };

function workflow(name: string, schedule: string, ms: number): string {
  return `  - name: ${name}
    schedule: ${schedule}
    steps: [{ name: work, agent: worker, capability: work, params: { ms: ${ms} } }]`;
}

/** Of a database that no daemon holds any more, or that one holds in this moment. */
async function query(url: string, sql: string): Promise<readonly Row[]> {
  const client = createClient({ url, concurrency: 1 });
  try {
    return (await client.execute(sql)).rows;
  } finally {
    client.close();
  }
}

const name = `schedules of a daemon that is killed ${kills} times fire once each, and all of them`;

// With the seed in its name, a failure tells how to see it again.
Deno.test(`${name} (CRASH_SEED=${seed})`, async () => {
  const random = seededRandom(seed);
  const startedAtMs = Date.now();
  await using folder = await makeTempFolder(files);
  const data = join(folder.path, "data");
  const url = pathToFileURL(join(data, "100ac.db")).href;
  const environment = {
    AC100_DATA_DIR: data,
    AC100_AGENTS_DIR: join(folder.path, "agents"),
    AC100_WORKFLOWS_DIR: join(folder.path, "workflows"),
  };
  for (let killed = 0; killed < kills; killed++) {
    await using daemon = await startDaemonProcess(environment);
    // The instant is what is tried: there is nothing to wait for.
    await new Promise((resolve) => setTimeout(resolve, random() * killAfterMsMax));
    await daemon.end("SIGKILL");
    await assertOnceEach(url, `seed ${seed}, kill ${killed + 1}`);
  }
  await using last = await startDaemonProcess(environment);
  // A quick machine has made its kills before enough instants were due.
  const untilMs = Math.max(Date.now(), startedAtMs + (instantsMin + 2) * complete.slow);
  await eventually(async () => {
    const rows = await query(
      url,
      `SELECT schedule_id FROM workflow_executions WHERE schedule_id <> 'latest'
       GROUP BY 1 HAVING max(due_at) >= ${untilMs}
         AND NOT max(completed_at IS NULL AND due_at < ${untilMs})`,
    );
    return rows.length === Object.keys(complete).length;
  }, { withinMs: drainMsMax });
  assert.equal(await last.end("SIGTERM"), 0);
  await assertOnceEach(url, `seed ${seed}`);
  await assertNoneLost(url, untilMs, `seed ${seed}`);
});

async function assertOnceEach(url: string, when: string): Promise<void> {
  const twice = await query(
    url,
    `SELECT schedule_id, due_at, count(*) AS count FROM workflow_executions
     GROUP BY 1, 2 HAVING count > 1`,
  );
  assert.deepEqual(twice, [], `${when}: started twice`);
  const halves = await query(
    url,
    `SELECT firings.schedule_id, firings.due_at, execution.execution_id, status
     FROM firings FULL JOIN (SELECT execution_id, schedule_id, due_at FROM workflow_executions)
       AS execution USING (schedule_id, due_at)
     WHERE (status = 'fired') IS NOT (execution.execution_id IS NOT NULL)
       OR (status = 'fired' AND firings.execution_id <> execution.execution_id)`,
  );
  assert.deepEqual(halves, [], `${when}: a firing without its execution, or the other way round`);
}

async function assertNoneLost(url: string, untilMs: number, when: string): Promise<void> {
  for (const [name, everyMs] of Object.entries(complete)) {
    const rows = await query(
      url,
      `SELECT due_at, status, error_code FROM workflow_executions
       WHERE schedule_id = '${name}' AND due_at < ${untilMs} ORDER BY due_at`,
    );
    assert.ok(rows.length >= instantsMin, `${when}: only ${rows.length} of ${name}`);
    const [{ created_at: madeAt } = { created_at: 0 }] = await query(
      url,
      `SELECT created_at FROM schedules WHERE schedule_id = '${name}'`,
    );
    const first = (Math.floor(Number(madeAt) / everyMs) + 1) * everyMs;
    const expected = Array.from(
      { length: Math.ceil((untilMs - first) / everyMs) },
      (_, i) => first + i * everyMs,
    );
    assert.deepEqual(rows.map(({ due_at }) => due_at), expected, `${when}: ${name} lost some`);
    // What was cut off again and again is given up in the end, so that no daemon dies of it.
    const open = rows.filter(({ status, error_code }) =>
      status !== "completed" && error_code !== "interrupted"
    );
    assert.deepEqual(open, [], `${when}: ${name} did not end as it should`);
  }
  const [check] = await query(url, "PRAGMA integrity_check");
  assert.equal(check?.integrity_check, "ok", when);
}
