/**
 * A process of its own in which one scheduler has 10,000 cron schedules: `own`, `croner` or
 * `node_cron`. Prints as JSON what it costs while none is due, and how late those come that are due
 * at the next full minute. The own one commits each firing with its execution; the others call.
 */

import { cpuUsage } from "node:process";
import { Cron } from "croner";
import cron from "node-cron";
import { Ticker } from "../../core/schedule/ticker.ts";
import { quantile } from "./report.ts";
import { log, openTrial } from "./schedule_trial.ts";

const count = 10_000;
const dueCount = 1_000;
const settleMs = 5_000;
const idleMs = 10_000;
const minuteMs = 60_000;
/** After the minute, until what has not fired is called missed. */
const afterMs = 5_000;
const timezone = "America/New_York";

/** What one scheduler does; the benchmark reads it. */
export interface Minute {
  readonly idlePercent: number;
  readonly rssBytes: number;
  readonly lateMsP50: number;
  readonly lateMsP99: number;
  readonly fired: number;
  readonly wanted: number;
}

/** Starts schedules by these rules; each firing is told. Gives how they are stopped. */
type Start = (rules: readonly string[], fired: () => void) => Promise<() => Promise<void>>;

const starts: Readonly<Record<string, Start>> = {
  own: async (rules, fired) => {
    const trial = await openTrial({ rules, onDurable: fired });
    const unchanged = Promise.resolve("");
    const ticker = new Ticker({ scheduler: trial.scheduler, log, fingerprint: () => unchanged });
    await ticker.open();
    return async () => {
      await ticker.close();
      await trial[Symbol.asyncDispose]();
    };
  },
  croner: (rules, fired) => {
    const jobs = rules.map((rule) => new Cron(rule, { timezone }, fired));
    return Promise.resolve(() => Promise.resolve(jobs.forEach((job) => job.stop())));
  },
  node_cron: (rules, fired) => {
    const jobs = rules.map((rule) => cron.schedule(rule, fired, { timezone }));
    return Promise.resolve(async () => {
      for (const job of jobs) await job.stop();
    });
  },
};

if (import.meta.main) {
  const start = starts[Deno.args[0] ?? ""];
  if (!start) throw new Error(`choose of ${Object.keys(starts).join(", ")}`);
  const minute = await measure(start);
  await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(minute)}\n`));
  Deno.exit(0);
}

async function measure(start: Start): Promise<Minute> {
  // The minute must not come while they are made ready, nor while the idle ones are measured.
  const dueAtMs = (Math.floor((Date.now() + settleMs + idleMs + minuteMs / 2) / minuteMs) + 1) *
    minuteMs;
  const due = Temporal.Instant.fromEpochMilliseconds(dueAtMs).toZonedDateTimeISO(timezone);
  const lateMs: number[] = [];
  const rules = Array.from(
    { length: count },
    (_, i) => i < dueCount ? `${due.minute} ${due.hour} * * *` : "0 0 1 1 *",
  );
  const stop = await start(rules, () => lateMs.push(Date.now() - dueAtMs));
  await pause(settleMs);
  const idlePercent = await cpuShare();
  const rssBytes = Deno.memoryUsage().rss;
  await pause(dueAtMs + afterMs - Date.now());
  await stop();
  return {
    idlePercent,
    rssBytes,
    lateMsP50: quantile(lateMs, 0.5),
    lateMsP99: quantile(lateMs, 0.99),
    fired: lateMs.length,
    wanted: dueCount,
  };
}

async function cpuShare(): Promise<number> {
  const before = cpuUsage();
  const startedAtMs = performance.now();
  await pause(idleMs);
  const { user, system } = cpuUsage(before);
  return (user + system) / 1_000 / (performance.now() - startedAtMs) * 100;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
