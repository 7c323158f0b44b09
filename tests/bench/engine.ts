/**
 * What durability costs: a workflow of three steps through the engine, with agents that answer
 * at once, beside the same rows written straight to libSQL in the same five turns, both with
 * synchronous=FULL and as many executions to a commit as run at once.
 */

import { Definitions } from "../../core/engine/definitions.ts";
import { Engine } from "../../core/engine/engine.ts";
import { type ExecutionId, newExecutionId } from "../../core/ids.ts";
import { createLog } from "../../core/log.ts";
import type { Write } from "../../core/store/commits.ts";
import { write } from "../../core/store/commits.ts";
import type { Database } from "../../core/store/database.ts";
import {
  beginStep,
  claimExecution,
  completeStep,
  createExecution,
  finishExecution,
  leaseMs,
  saveDefinition,
} from "../../core/store/executions.ts";
import { openStore, type Store } from "../../core/store/store.ts";
import type { ParsedWorkflow } from "../../core/workflow/definition.ts";
import { parseWorkflows } from "../../core/workflow/parse.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import type { Report } from "./report.ts";

export const name = "engine";

const concurrencies = [1, 5, 50];
const rounds = 8;
/** Executions of a round, by each side. */
const roundSize = (concurrency: number): number => concurrency === 1 ? 100 : concurrency * 40;

const steps = ["validate", "fetch", "sanitize"];
const result = JSON.stringify({ symbols: ["AAPL", "MSFT", "GOOGL"], valid: true });

/** Reports executions a second, and each one's time from its start to its end. */
export async function run(report: Report): Promise<void> {
  for (const concurrency of concurrencies) {
    await using folder = await makeTempFolder();
    const floorStore = await open(`${folder.path}/floor.db`);
    const engineStore = await open(`${folder.path}/engine.db`);
    const floor = new Floor(floorStore.database, concurrency);
    const trial = await EngineTrial.open(engineStore, concurrency);
    const count = roundSize(concurrency);
    await floor.run(count);
    await trial.run(count);
    trial.latenciesMs.length = 0;
    let floorMs = 0;
    let engineMs = 0;
    // Side by side, so that what else the machine does meets both.
    for (let round = 0; round < rounds; round++) {
      floorMs += await timed(() => floor.run(count));
      engineMs += await timed(() => trial.run(count));
    }
    await trial.engine.close(1_000);
    await engineStore.close();
    await floorStore.close();
    const all = count * rounds;
    const at = `${concurrency} at once`;
    report.add({
      case: `durable 3-step workflow, ${at}`,
      value: all / engineMs * 1_000,
      unit: "executions/s",
      floor: all / floorMs * 1_000,
    });
    const latencies = trial.latenciesMs.sort((a, b) => a - b);
    report.add({ case: `${at}, p50`, value: quantile(latencies, 0.5), unit: "ms" });
    report.add({ case: `${at}, p99`, value: quantile(latencies, 0.99), unit: "ms" });
  }
}

/** The five turns of `concurrency` executions in lockstep, one transaction for each turn. */
class Floor {
  readonly #database: Database;
  readonly #concurrency: number;
  readonly #owner = "floor";

  constructor(database: Database, concurrency: number) {
    this.#database = database;
    this.#concurrency = concurrency;
  }

  async run(count: number): Promise<void> {
    for (let done = 0; done < count; done += this.#concurrency) {
      const ids = Array.from({ length: this.#concurrency }, newExecutionId);
      await this.#commit(ids.map((id) => [this.#create(id)]), this.#definition());
      await this.#commit(ids.map((id) => [this.#claim(id), this.#begin(id, 0)]));
      await this.#commit(ids.map((id) => [this.#complete(id, 0), this.#begin(id, 1)]));
      await this.#commit(ids.map((id) => [this.#complete(id, 1), this.#begin(id, 2)]));
      await this.#commit(ids.map((id) => [this.#complete(id, 2), this.#finish(id)]));
    }
  }

  /** Each verb once over its rows, as the commit queue does it. */
  async #commit(calls: readonly (readonly Write[])[], ...first: Write[]): Promise<void> {
    const byVerb = new Map<string, { sql: string; rows: unknown[] }>();
    for (const { verb, row } of [...first, ...calls.flat()]) {
      const entry = byVerb.get(verb.name) ?? { sql: verb.sql, rows: [] };
      entry.rows.push(row);
      byVerb.set(verb.name, entry);
    }
    await this.#database.write(
      [...byVerb.values()].map(({ sql, rows }) => ({ sql, args: [JSON.stringify(rows)] })),
    );
  }

  #definition(): Write {
    return write(saveDefinition, {
      definition_id: "floor",
      name: workflow.name,
      text: workflow.text,
      at: Date.now(),
    });
  }

  #create(execution_id: ExecutionId): Write {
    return write(createExecution, {
      execution_id,
      name: workflow.name,
      definition_id: "floor",
      input: "{}",
      at: Date.now(),
    });
  }

  #claim(execution_id: ExecutionId): Write {
    const at = Date.now();
    return write(claimExecution, { execution_id, owner: this.#owner, at, expires: at + leaseMs });
  }

  #begin(execution_id: ExecutionId, index: number): Write {
    return write(beginStep, {
      execution_id,
      name: steps[index] ?? "",
      index,
      attempt: 1,
      owner: this.#owner,
      at: Date.now(),
    });
  }

  #complete(execution_id: ExecutionId, index: number): Write {
    return write(completeStep, {
      execution_id,
      index,
      attempt: 1,
      owner: this.#owner,
      status: "completed",
      at: Date.now(),
      result,
      error_code: null,
      error_message: null,
    });
  }

  #finish(execution_id: ExecutionId): Write {
    return write(finishExecution, {
      execution_id,
      owner: this.#owner,
      status: "completed",
      at: Date.now(),
      result: null,
      error_code: null,
      error_message: null,
    });
  }
}

/** An engine whose callers each wait for their execution's end before they start the next. */
class EngineTrial {
  readonly latenciesMs: number[] = [];
  readonly engine: Engine;
  readonly #concurrency: number;
  readonly #ended = new Map<ExecutionId, () => void>();

  private constructor(store: Store, concurrency: number) {
    this.#concurrency = concurrency;
    this.engine = new Engine({
      store,
      definitions: new Definitions(store.executions),
      invoke: () => Promise.resolve(result),
      publish: (event) => {
        if (event.topic === "execution.completed") this.#ended.get(event.execution_id)?.();
      },
      concurrentMax: concurrency,
      log: createLog({ threshold: "off", write: () => undefined, pretty: false }),
    });
  }

  static async open(store: Store, concurrency: number): Promise<EngineTrial> {
    const trial = new EngineTrial(store, concurrency);
    await trial.engine.open();
    return trial;
  }

  async run(count: number): Promise<void> {
    let left = count;
    const caller = async (): Promise<void> => {
      while (left-- > 0) {
        const startedAtMs = performance.now();
        const { executionId } = await this.engine.start(workflow);
        await new Promise<void>((resolve) => this.#ended.set(executionId, resolve));
        this.#ended.delete(executionId);
        this.latenciesMs.push(performance.now() - startedAtMs);
      }
    };
    await Promise.all(Array.from({ length: this.#concurrency }, caller));
  }
}

const workflow = parseWorkflow();

function parseWorkflow(): ParsedWorkflow {
  const { workflows: [parsed] } = parseWorkflows(
    [
      "name: bench",
      "steps:",
      ...steps.map((step) => `  - { name: ${step}, agent: bench, capability: ${step} }`),
    ].join("\n"),
    "bench.yaml",
  );
  if (parsed === undefined) throw new Error("the bench's own workflow is wrong");
  return parsed;
}

function open(path: string): Promise<Store> {
  return openStore({
    url: `file:${path}`,
    migrationsFolder: new URL("../../migrations", import.meta.url).pathname,
    onFatal: (error) => {
      throw error;
    },
  });
}

async function timed(action: () => Promise<void>): Promise<number> {
  const startedAtMs = performance.now();
  await action();
  return performance.now() - startedAtMs;
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
