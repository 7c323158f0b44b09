/**
 * What history costs: the same executions through an engine over an empty database and over ones
 * that hold ever more ended executions, side by side; then the looks at a workflow of that size.
 * `BENCH_HISTORY` sets how many the largest holds.
 */

import { Definitions } from "../../core/engine/definitions.ts";
import { Engine } from "../../core/engine/engine.ts";
import type { ExecutionId } from "../../core/ids.ts";
import { openStandardLog } from "../../core/log.ts";
import { openStore } from "../../core/store/sqlite/open.ts";
import type { SqliteStore } from "../../core/store/sqlite/store.ts";
import { parseWorkflows } from "../../core/workflow/form/parse.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { migrationsFolder } from "../support/temp_store.ts";
import { median, type Report } from "./report.ts";

export const name = "history";

const storedMax = Number(Deno.env.get("BENCH_HISTORY") ?? 200_000);
const fillAtOnce = 20_000;
const rounds = 9;
const executionsPerRound = 1_000;
const concurrency = 50;
const looks = 5;

/** Reports the cost of an execution beside history, and of looking at history. */
export async function run(report: Report): Promise<void> {
  await using folder = await makeTempFolder();
  const empty = await HistoryTrial.open(`file:${folder.path}/empty.db`);
  const full = await HistoryTrial.open(`file:${folder.path}/full.db`);
  for (const stored of [storedMax / 10, storedMax]) {
    await full.fillTo(stored);
    const costs: { readonly empty: number; readonly full: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      costs.push({ empty: await empty.run(), full: await full.run() });
    }
    report.add({
      case: `an execution beside ${stored.toLocaleString("en")} ended ones`,
      value: median(costs.map(({ full }) => full)),
      unit: "ms",
      floor: median(costs.map(({ empty }) => empty)),
    });
  }
  await reportLooks(report, full.store);
  await empty.close();
  await full.close();
}

async function reportLooks(report: Report, store: SqliteStore): Promise<void> {
  const middle = (await store.read({ read: "executions", limit: 1 }))[0]?.executionId;
  const cases: Readonly<Record<string, () => Promise<unknown>>> = {
    "statistics, on the reader's thread": () =>
      store.read({ read: "statistics", workflowName: "history" }),
    "a page of history": () =>
      store.read({ read: "executions", workflowName: "history", before: middle, limit: 20 }),
    "a page of a status that is rare": () =>
      store.read({ read: "executions", status: "cancelled", limit: 20 }),
    "a look for work": () =>
      store.read({ read: "claimable", nowMs: Date.now(), limit: concurrency }),
  };
  for (const [what, look] of Object.entries(cases)) {
    const times: number[] = [];
    await look();
    for (let time = 0; time < looks; time++) times.push(await timeOf(look));
    report.add({
      case: `${what}, of ${storedMax.toLocaleString("en")}`,
      value: median(times),
      unit: "ms",
    });
  }
}

/** An engine that carries out a workflow of three steps whose agent answers at once. */
class HistoryTrial {
  readonly store: SqliteStore;
  readonly #engine: Engine;
  readonly #ended = new Map<ExecutionId, () => void>();
  #filled = 0;

  private constructor(store: SqliteStore) {
    this.store = store;
    this.#engine = new Engine({
      store,
      definitions: new Definitions(store),
      invoke: () => Promise.resolve('{"ok":true}'),
      publish: (event) => {
        if (event.topic === "execution.completed") this.#ended.get(event.execution_id)?.();
      },
      concurrentMax: concurrency,
      log: openStandardLog("warn"),
    });
  }

  static async open(url: string): Promise<HistoryTrial> {
    const onFatal = (error: Error): never => {
      throw error;
    };
    const trial = new HistoryTrial(await openStore({ url, migrationsFolder, onFatal }));
    await trial.#engine.open();
    await trial.run();
    return trial;
  }

  async close(): Promise<void> {
    await this.#engine.close(1_000);
    await this.store.close();
  }

  /** Ended executions of the past, made by the database itself. */
  async fillTo(count: number): Promise<void> {
    for (; this.#filled < count; this.#filled += fillAtOnce) {
      const args = [this.#filled, Math.min(fillAtOnce, count - this.#filled)];
      await this.store.database.write(fillSql.map((sql) => ({ sql, args })));
    }
  }

  /** Milliseconds that an execution takes, of many at once. */
  async run(): Promise<number> {
    let left = executionsPerRound;
    const caller = async (): Promise<void> => {
      while (left-- > 0) {
        const { executionId } = await this.#engine.start(workflow);
        await new Promise<void>((resolve) => this.#ended.set(executionId, resolve));
        this.#ended.delete(executionId);
      }
    };
    return await timeOf(() => Promise.all(Array.from({ length: concurrency }, caller))) /
      executionsPerRound;
  }
}

const numbers = `WITH RECURSIVE numbers (n) AS (
  SELECT ?1 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?1 + ?2)`;
const instant = "(1700000000000 + n * 10)";
const id = `printf('%08x-%04x-7000-8000-%012x', ${instant} >> 16, ${instant} & 65535, n)`;
const fillSql = [
  `${numbers} INSERT INTO workflow_executions (execution_id, workflow_name, definition_id, status,
     input_params, created_at, started_at, completed_at, duration_ms)
   SELECT ${id}, 'history', (SELECT definition_id FROM workflow_definitions),
     iif(n % 50 = 0, 'failed', 'completed'), '{}', ${instant}, ${instant} + 1,
     ${instant} + 1 + n * 7919 % 5000, n * 7919 % 5000
   FROM numbers`,
  `${numbers} INSERT INTO workflow_step_executions (execution_id, step_name, step_index, attempt,
     status, started_at, completed_at, result)
   SELECT ${id}, 'step_' || step.value, step.value, 1, 'completed', ${instant} + 1,
     ${instant} + 2 + n % 1000, '{"ok":true}'
   FROM numbers, json_each('[0, 1, 2]') AS step`,
];

const { workflows: [parsed] } = parseWorkflows(
  "name: history\nsteps:\n" + ["one", "two", "three"]
    .map((step) => `  - { name: ${step}, agent: bench, capability: ${step} }\n`).join(""),
  "history.yaml",
);

if (!parsed) throw new Error("the bench's own workflow is wrong");
const workflow = parsed;

async function timeOf(action: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await action();
  return performance.now() - startedAtMs;
}
