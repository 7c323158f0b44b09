/**
 * What durability costs: a workflow of three steps through the engine, with agents that answer
 * at once, beside the same rows written straight to libSQL in the same five turns, both with
 * synchronous=FULL and as many executions to a commit as run at once.
 */

import { setImmediate as endOfTurn } from "node:timers/promises";
import { type Client, createClient } from "@libsql/client";
import { Definitions } from "../../core/engine/definitions.ts";
import { Engine } from "../../core/engine/engine.ts";
import { type ExecutionId, newExecutionId } from "../../core/ids.ts";
import { openStandardLog } from "../../core/log.ts";
import { type Write, write } from "../../core/store/commits.ts";
import {
  beginStep,
  claimExecution,
  completeStep,
  createExecution,
  finishExecution,
  leaseMs,
  saveDefinition,
} from "../../core/store/execution_verbs.ts";
import { openStore, type Store } from "../../core/store/store.ts";
import type { ParsedWorkflow } from "../../core/workflow/definition.ts";
import { parseWorkflows } from "../../core/workflow/parse.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { migrationsFolder } from "../support/temp_store.ts";
import { median, quantile, type Report } from "./report.ts";

export const name = "engine";

const concurrencies = [1, 5, 50];
const rounds = 8;

const steps = ["validate", "fetch", "sanitize"];
const result = JSON.stringify({ symbols: ["AAPL", "MSFT", "GOOGL"], valid: true });

/** Reports executions a second, and each one's time from its start to its end. */
export async function run(report: Report): Promise<void> {
  for (const concurrency of concurrencies) {
    await using folder = await makeTempFolder();
    const floor = await Floor.open(`file:${folder.path}/floor.db`, concurrency);
    const trial = await EngineTrial.open(`file:${folder.path}/engine.db`, concurrency);
    const count = concurrency === 1 ? 100 : concurrency * 40;
    await floor.run(count);
    await trial.run(count);
    floor.latenciesMs.length = trial.latenciesMs.length = 0;
    const rates: { readonly engine: number; readonly floor: number }[] = [];
    // Side by side, so that what else the machine does meets both.
    for (let round = 0; round < rounds; round++) {
      rates.push({
        floor: await rateOf(count, () => floor.run(count)),
        engine: await rateOf(count, () => trial.run(count)),
      });
    }
    await trial.close();
    floor.close();
    const at = `${concurrency} at once`;
    report.add({
      case: `durable 3-step workflow, ${at}`,
      value: median(rates.map(({ engine }) => engine)),
      unit: "executions/s",
      floor: median(rates.map(({ floor }) => floor)),
    });
    for (const share of [50, 99]) {
      report.add({
        case: `its time p${share}, ${at}`,
        value: quantile(trial.latenciesMs, share / 100),
        unit: "ms",
        floor: quantile(floor.latenciesMs, share / 100),
      });
    }
  }
}

/**
 * The five turns of `concurrency` executions in lockstep, one transaction for each turn, by the
 * client alone. Between two the event loop gets its turn, as in any program that lives: the client
 * leaves its statements to be freed there.
 */
class Floor {
  readonly latenciesMs: number[] = [];
  readonly #client: Client;
  readonly #concurrency: number;
  readonly #owner = "floor";

  private constructor(client: Client, concurrency: number) {
    this.#client = client;
    this.#concurrency = concurrency;
  }

  static async open(url: string, concurrency: number): Promise<Floor> {
    await (await open(url)).close();
    const client = createClient({ url, concurrency: 1, intMode: "number" });
    await client.execute("PRAGMA synchronous = FULL");
    await client.execute("PRAGMA foreign_keys = ON");
    return new Floor(client, concurrency);
  }

  close(): void {
    this.#client.close();
  }

  async run(count: number): Promise<void> {
    for (let done = 0; done < count; done += this.#concurrency) {
      const startedAtMs = performance.now();
      const ids = Array.from({ length: this.#concurrency }, newExecutionId);
      await this.#commit([this.#definition(), ...ids.map((id) => this.#create(id))]);
      await this.#commit(ids.flatMap((id) => [this.#claim(id), this.#begin(id, 0)]));
      await this.#commit(ids.flatMap((id) => [this.#complete(id, 0), this.#begin(id, 1)]));
      await this.#commit(ids.flatMap((id) => [this.#complete(id, 1), this.#begin(id, 2)]));
      await this.#commit(ids.flatMap((id) => [this.#complete(id, 2), this.#finish(id)]));
      this.latenciesMs.push(performance.now() - startedAtMs);
    }
  }

  /** Each verb once over its rows, as the commit queue does it. */
  async #commit(writes: readonly Write[]): Promise<void> {
    const byVerb = new Map<string, { sql: string; rows: unknown[] }>();
    for (const { verb, row } of writes) {
      const entry = byVerb.get(verb.name) ?? { sql: verb.sql, rows: [] };
      entry.rows.push(row);
      byVerb.set(verb.name, entry);
    }
    await endOfTurn();
    await this.#client.batch(
      [...byVerb.values()].map(({ sql, rows }) => ({ sql, args: [JSON.stringify(rows)] })),
      "write",
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
      item: -1,
      attempt: 1,
      owner: this.#owner,
      at: Date.now(),
    });
  }

  #complete(execution_id: ExecutionId, index: number): Write {
    return write(completeStep, {
      execution_id,
      index,
      item: -1,
      attempt: 1,
      owner: this.#owner,
      status: "completed",
      at: Date.now(),
      result,
      result_ref: null,
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
  readonly #store: Store;
  readonly #engine: Engine;
  readonly #concurrency: number;
  readonly #ended = new Map<ExecutionId, () => void>();

  private constructor(store: Store, concurrency: number) {
    this.#store = store;
    this.#concurrency = concurrency;
    this.#engine = new Engine({
      store,
      definitions: new Definitions(store.executions),
      invoke: () => Promise.resolve(result),
      publish: (event) => {
        if (event.topic === "execution.completed") this.#ended.get(event.execution_id)?.();
      },
      concurrentMax: concurrency,
      log: openStandardLog("warn"),
    });
  }

  static async open(url: string, concurrency: number): Promise<EngineTrial> {
    const trial = new EngineTrial(await open(url), concurrency);
    await trial.#engine.open();
    return trial;
  }

  async close(): Promise<void> {
    await this.#engine.close(1_000);
    await this.#store.close();
  }

  async run(count: number): Promise<void> {
    let left = count;
    const caller = async (): Promise<void> => {
      while (left-- > 0) {
        const startedAtMs = performance.now();
        const { executionId } = await this.#engine.start(workflow);
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

function open(url: string): Promise<Store> {
  return openStore({
    url,
    migrationsFolder,
    onFatal: (error) => {
      throw error;
    },
  });
}

async function rateOf(count: number, action: () => Promise<void>): Promise<number> {
  const startedAtMs = performance.now();
  await action();
  return count / (performance.now() - startedAtMs) * 1_000;
}
