/**
 * What 10,000 schedules cost: to take up, to hold for a while in which none is due, and to fire all
 * at once. Beside it, as many idle jobs of croner, and the rows of the firings and their executions
 * written bare, in as large batches.
 */

import { cpuUsage } from "node:process";
import { Cron } from "croner";
import { Definitions } from "../../core/engine/definitions.ts";
import { Engine } from "../../core/engine/engine.ts";
import { executionIdOf } from "../../core/ids.ts";
import { openStandardLog } from "../../core/log.ts";
import { Scheduler } from "../../core/schedule/scheduler.ts";
import { Ticker } from "../../core/schedule/ticker.ts";
import { type Write, write } from "../../core/store/commits.ts";
import { createExecution, saveDefinition } from "../../core/store/execution_verbs.ts";
import { enterFiring, noteExecution, settleFiring } from "../../core/store/schedules.ts";
import { openStore, type Store } from "../../core/store/store.ts";
import type { ParsedWorkflow } from "../../core/workflow/definition.ts";
import { parseWorkflows } from "../../core/workflow/parse.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { migrationsFolder } from "../support/temp_store.ts";
import { quantile, type Report } from "./report.ts";

export const name = "schedule";

const count = 10_000;
const idleMs = 10_000;
/** Until what was begun before has come to rest. */
const settleMs = 5_000;
const rounds = 5;
const batch = 1_000;
const minuteMs = 60_000;
const log = openStandardLog("warn");

export async function run(report: Report): Promise<void> {
  await measureStart(report);
  await measureIdle(report);
  await measureBurst(report);
}

/** Linear: ten times the schedules in about ten times the time. */
async function measureStart(report: Report): Promise<void> {
  let tenthMs: number | undefined;
  for (const schedules of [count / 10, count]) {
    await using trial = await open(schedules, "*/5 9-16 * * MON-FRI");
    const startedAtMs = performance.now();
    await trial.scheduler.open();
    const tookMs = performance.now() - startedAtMs;
    report.add({
      case: `taking up ${schedules} cron schedules`,
      value: tookMs,
      unit: "ms",
      ...(tenthMs !== undefined && { floor: tenthMs }),
    });
    tenthMs = tookMs;
  }
}

async function measureIdle(report: Report): Promise<void> {
  const own = await ownShare();
  // Afterwards: collecting what croner leaves takes longer than the measure.
  const rssBefore = Deno.memoryUsage().rss;
  const jobs = Array.from({ length: count }, () => new Cron("0 0 1 1 *", () => undefined));
  const croner = await cpuShare();
  const cronerRss = Deno.memoryUsage().rss - rssBefore;
  for (const job of jobs) job.stop();
  report.add({
    case: `CPU with ${count} schedules, none due (floor: croner's jobs)`,
    value: own,
    unit: "%",
    floor: croner,
  });
  report.add({ case: `memory of ${count} croner jobs`, value: cronerRss / 2 ** 20, unit: "MiB" });
}

async function ownShare(): Promise<number> {
  await using trial = await open(count, "0 0 1 1 *");
  const ticker = new Ticker({ scheduler: trial.scheduler, log, fingerprint: () => unchanged });
  await ticker.open();
  const share = await cpuShare();
  await ticker.close();
  return share;
}

const unchanged = Promise.resolve("");

async function cpuShare(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const before = cpuUsage();
  const startedAtMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  const { user, system } = cpuUsage(before);
  return (user + system) / 1_000 / (performance.now() - startedAtMs) * 100;
}

/** From the instant that all are due until each one's firing and execution are committed. */
async function measureBurst(report: Report): Promise<void> {
  for (const due of [count / 10, count]) {
    const latenciesMs: number[] = [];
    const floorsMs: number[] = [];
    await using trial = await open(due, "* * * * *");
    await trial.scheduler.open();
    for (let round = 0; round < rounds; round++) {
      trial.nowMs = trial.scheduler.nextAtMs ?? 0;
      trial.startedAtMs = performance.now();
      trial.latenciesMs.length = 0;
      await trial.scheduler.advance();
      if (trial.latenciesMs.length !== due) throw new Error("firings are missing");
      floorsMs.push(await writeBare(trial.store, due, round));
      // The first round also warms up what the next ones measure.
      if (round > 0) latenciesMs.push(...trial.latenciesMs);
    }
    for (const share of [50, 99]) {
      report.add({
        case: `${due} due at once, fired durably, p${share}`,
        value: quantile(latenciesMs, share / 100),
        unit: "ms",
        floor: quantile(floorsMs, 0.5),
      });
    }
  }
}

/** The rows of as many firings, batch by batch in the same three commits. */
async function writeBare(store: Store, due: number, round: number): Promise<number> {
  const startedAtMs = performance.now();
  for (let from = 0; from < due; from += batch) {
    const rows = Array.from({ length: Math.min(batch, due - from) }, (_, i) => {
      const schedule_id = `w_${from + i}`;
      const due_at = round;
      const id = executionIdOf(`bare ${schedule_id} ${round}`, Date.now());
      return { schedule_id, due_at, id };
    });
    const commit = async (writes: (row: typeof rows[number]) => Write[]): Promise<void> => {
      await store.commits.commit(rows.flatMap(writes));
    };
    await commit(({ schedule_id, due_at }) => [
      write(enterFiring, {
        schedule_id,
        due_at,
        cause: "backfill",
        status: "due",
        reason: null,
        owner: "bare",
        expires: due_at,
      }),
    ]);
    await commit(({ schedule_id, id }) => [
      write(saveDefinition, { definition_id: "bare", name: schedule_id, text: "", at: 0 }),
      write(createExecution, {
        execution_id: id,
        name: schedule_id,
        definition_id: "bare",
        input: "{}",
        at: 0,
      }),
    ]);
    await commit(({ schedule_id, due_at, id }) => [
      write(settleFiring, {
        schedule_id,
        due_at,
        owner: "bare",
        status: "fired",
        execution_id: id,
        reason: null,
        at: 0,
      }),
      write(noteExecution, { schedule_id, execution_id: id }),
    ]);
  }
  const tookMs = performance.now() - startedAtMs;
  // What is open would hold back the next round.
  await store.database.write([{ sql: "UPDATE schedules SET last_execution_id = NULL", args: [] }]);
  return tookMs;
}

interface Trial extends AsyncDisposable {
  readonly scheduler: Scheduler;
  readonly store: Store;
  readonly latenciesMs: number[];
  startedAtMs: number;
  nowMs: number;
}

async function open(schedules: number, cron: string): Promise<Trial> {
  const folder = await makeTempFolder();
  const store = await openStore({
    url: `file:${folder.path}/schedule.db`,
    migrationsFolder,
    onFatal: (error) => {
      throw error;
    },
  });
  // Never opened: it stores executions, and takes none of them.
  const engine = new Engine({
    store,
    definitions: new Definitions(store.executions),
    invoke: () => Promise.reject(new Error("nothing is to be run")),
    publish: () => undefined,
    concurrentMax: 0,
    log,
  });
  const workflows = workflowsOf(schedules, cron);
  const byName = new Map(workflows.map((workflow) => [workflow.name, workflow]));
  const trial: Trial = {
    store,
    latenciesMs: [],
    startedAtMs: 0,
    nowMs: Date.now(),
    scheduler: new Scheduler({
      store,
      workflows: () => Promise.resolve(workflows),
      start: async (name, { idempotencyKey, dueAtMs }) => {
        const workflow = byName.get(name);
        if (!workflow) throw new Error(`no workflow ${name}`);
        const row = await engine.start(workflow, { id: executionIdOf(idempotencyKey, dueAtMs) });
        trial.latenciesMs.push(performance.now() - trial.startedAtMs);
        return row;
      },
      publish: () => undefined,
      log,
      now: () => trial.nowMs,
    }),
    [Symbol.asyncDispose]: async () => {
      await engine.close(minuteMs);
      await store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
  return trial;
}

function workflowsOf(schedules: number, cron: string): readonly ParsedWorkflow[] {
  const steps = [{ name: "one", agent: "bench", capability: "work" }];
  return Array.from({ length: schedules }, (_, i) => {
    const form = { name: `w_${i}`, schedule: { cron, timezone: "America/New_York" }, steps };
    const { workflows: [workflow] } = parseWorkflows(JSON.stringify(form), "bench.yaml");
    if (!workflow) throw new Error("the bench's own workflow is wrong");
    return workflow;
  });
}
