/**
 * What 10,000 schedules cost: to take up, to hold for a while in which none is due, when 1,000 of
 * them are due at a full minute, and when all are due at once. Beside them croner and node-cron,
 * each in a process of its own, and the rows of the firings and their executions written bare.
 */

import { fileURLToPath } from "node:url";
import { newExecutionId } from "../../core/ids.ts";
import type { SqliteStore } from "../../core/store/sqlite/store.ts";
import { quantile, type Report } from "./report.ts";
import type { Minute } from "./schedule_minute.ts";
import { openTrial } from "./schedule_trial.ts";

export const name = "schedule";

const count = 10_000;
const rounds = 5;
const batch = 1_000;
const minuteMs = 60_000;

export async function run(report: Report): Promise<void> {
  await measureStart(report);
  await measureBurst(report);
  await measureMinutes(report);
}

/** Linear: ten times the schedules in about ten times the time. */
async function measureStart(report: Report): Promise<void> {
  let tenthMs: number | undefined;
  for (const schedules of [count / 10, count]) {
    await using trial = await openTrial({
      rules: Array<string>(schedules).fill("*/5 9-16 * * MON-FRI"),
    });
    const startedAtMs = performance.now();
    await trial.scheduler.sync();
    const tookMs = performance.now() - startedAtMs;
    report.add({
      case: `taking up ${schedules} cron schedules${tenthMs ? " (floor: 1,000 of them)" : ""}`,
      value: tookMs,
      unit: "ms",
      ...(tenthMs !== undefined && { floor: tenthMs }),
    });
    tenthMs = tookMs;
  }
}

/** From the instant that all are due until each one's firing and execution are committed. */
async function measureBurst(report: Report): Promise<void> {
  for (const due of [count / 10, count]) {
    let nowMs = Date.now();
    let startedAtMs = 0;
    let roundMs: number[] = [];
    await using trial = await openTrial({
      rules: Array<string>(due).fill("* * * * *"),
      now: () => nowMs,
      onDurable: () => roundMs.push(performance.now() - startedAtMs),
    });
    await trial.scheduler.sync();
    const latenciesMs: number[] = [];
    const floorsMs: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      nowMs = trial.scheduler.nextAtMs ?? 0;
      roundMs = [];
      startedAtMs = performance.now();
      await trial.scheduler.advance();
      if (roundMs.length !== due) throw new Error("firings are missing");
      const floorMs = await writeBare(trial.store, due, nowMs + minuteMs / 2);
      await trial.endAll();
      // The first round also warms up what the next ones measure.
      if (round > 0) latenciesMs.push(...roundMs);
      if (round > 0) floorsMs.push(floorMs);
    }
    for (const share of [50, 99]) {
      report.add({
        case: `${due} due at once, fired durably, p${share} (floor: rows bare)`,
        value: quantile(latenciesMs, share / 100),
        unit: "ms",
        floor: quantile(floorsMs, 0.5),
      });
    }
  }
}

const bareExecutionSql = `INSERT INTO workflow_executions
    (execution_id, workflow_name, definition_id, status, input_params, created_at, schedule_id,
     due_at)
  SELECT value ->> 0, value ->> 1, definition_id, 'pending', '{}', ?2, value ->> 1, ?2
  FROM json_each(?1), (SELECT definition_id FROM workflow_definitions LIMIT 1)`;
const bareFiringSql = `INSERT INTO firings (schedule_id, due_at, status, execution_id, fired_at)
  SELECT value ->> 1, ?2, 'fired', value ->> 0, ?2 FROM json_each(?1)`;

/** The rows of as many firings, two each, in as large transactions; nothing is asked or told. */
async function writeBare(store: SqliteStore, due: number, dueAtMs: number): Promise<number> {
  const startedAtMs = performance.now();
  for (let from = 0; from < due; from += batch) {
    const rows = Array.from(
      { length: Math.min(batch, due - from) },
      (_, i) => [newExecutionId(), `w_${from + i}`],
    );
    const args = [JSON.stringify(rows), dueAtMs];
    await store.database.write([{ sql: bareExecutionSql, args }, { sql: bareFiringSql, args }]);
  }
  return performance.now() - startedAtMs;
}

/** At a full minute, each in its own process, one after the other; the floors are croner's. */
async function measureMinutes(report: Report): Promise<void> {
  const croner = await measureMinute("croner");
  const nodeCron = await measureMinute("node_cron");
  const own = await measureMinute("own");
  for (const [who, minute] of [["croner", croner], ["node-cron", nodeCron]] as const) {
    add(report, who, minute, undefined);
  }
  add(report, "100ac, durably", own, croner);
}

function add(report: Report, who: string, minute: Minute, floor: Minute | undefined): void {
  const row = (measured: string, unit: string, of: (minute: Minute) => number): void =>
    report.add({
      case: `${count} schedules, ${measured}: ${who}`,
      value: of(minute),
      unit,
      ...(floor && { floor: of(floor) }),
    });
  row("CPU while idle", "%", ({ idlePercent }) => idlePercent);
  row("memory", "MiB", ({ rssBytes }) => rssBytes / 2 ** 20);
  row("1,000 due, late p50", "ms", ({ lateMsP50 }) => lateMsP50);
  row("1,000 due, late p99", "ms", ({ lateMsP99 }) => lateMsP99);
  report.add({
    case: `${count} schedules, missed of 1,000: ${who}`,
    value: minute.wanted - minute.fired,
    unit: "",
  });
}

async function measureMinute(who: string): Promise<Minute> {
  const script = fileURLToPath(new URL("./schedule_minute.ts", import.meta.url));
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", "--no-check", script, who],
    stdout: "piped",
    stderr: "inherit",
  }).output();
  if (code !== 0) throw new Error(`the process of ${who} ended with ${code}`);
  return JSON.parse(new TextDecoder().decode(stdout)) as Minute;
}
