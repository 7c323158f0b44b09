/**
 * What durability costs: a workflow of three steps through the engine, with agents that answer
 * at once, beside the same rows written straight to libSQL in the same five turns, both with
 * synchronous=FULL and as many executions to a commit as run at once; and what a transaction for
 * each row would come to. Large executions are in engine_scale.ts.
 */

import { Definitions } from "../../core/engine/definitions.ts";
import { Engine } from "../../core/engine/engine.ts";
import type { ExecutionId } from "../../core/ids.ts";
import { openStandardLog } from "../../core/log.ts";
import type { Store } from "../../core/store/store.ts";
import type { ParsedWorkflow } from "../../core/workflow/definition.ts";
import { parseWorkflows } from "../../core/workflow/form/parse.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { Floor, openBenchStore, result, steps } from "./engine_floor.ts";
import { reportScale } from "./engine_scale.ts";
import { median, quantile, type Report } from "./report.ts";

export const name = "engine";

const concurrencies = [1, 5, 50];
const rounds = 8;
const rowByRowCount = 100;

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
  await reportRowByRow(report);
  await reportScale(report);
}

/** What the engine would be held to without commits that are shared. */
async function reportRowByRow(report: Report): Promise<void> {
  await using folder = await makeTempFolder();
  const floor = await Floor.open(`file:${folder.path}/floor.db`, 1);
  report.add({
    case: "the same rows bare, a transaction each",
    value: await rateOf(rowByRowCount, () => floor.runRowByRow(rowByRowCount)),
    unit: "executions/s",
  });
  floor.close();
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
      definitions: new Definitions(store),
      invoke: () => Promise.resolve(result),
      publish: (event) => {
        if (event.topic === "execution.completed") this.#ended.get(event.execution_id)?.();
      },
      concurrentMax: concurrency,
      log: openStandardLog("warn"),
    });
  }

  static async open(url: string, concurrency: number): Promise<EngineTrial> {
    const trial = new EngineTrial(await openBenchStore(url), concurrency);
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

async function rateOf(count: number, action: () => Promise<void>): Promise<number> {
  const startedAtMs = performance.now();
  await action();
  return count / (performance.now() - startedAtMs) * 1_000;
}
