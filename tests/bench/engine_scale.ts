/**
 * Executions that are large themselves: a thousand steps side by side or one after the other, ten
 * thousand items; beside the same rows written bare. What one attempt costs must not grow with
 * their number.
 */

import { Definitions } from "../../core/engine/definitions.ts";
import { Engine } from "../../core/engine/engine.ts";
import { runningMax } from "../../core/workflow/definition.ts";
import { openStandardLog } from "../../core/log.ts";
import type { ParsedWorkflow } from "../../core/workflow/definition.ts";
import { parseWorkflows } from "../../core/workflow/form/parse.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { Floor, openBenchStore, result } from "./engine_floor.ts";
import { median, type Report } from "./report.ts";

const rounds = 3;
const sampleEveryMs = 20;

interface Shape {
  readonly name: string;
  readonly count: number;
  readonly of: "steps" | "items";
  readonly atOnce: number;
  readonly steps: readonly Readonly<Record<string, unknown>>[];
}

function graph(name: string, count: number, atOnce: number): Shape {
  const steps = Array.from({ length: count }, (_, at) => ({
    name: `s${at}`,
    ...(atOnce > 1
      ? { needs: [] }
      : at > 0 && { params: { from: `\${{ steps.s${at - 1}.output }}` } }),
  }));
  return { name: `${count} steps ${name}`, count, of: "steps", atOnce, steps };
}

function list(count: number): Shape {
  const forEach = { items: "${{ inputs.items }}", max_parallel: runningMax };
  const steps = [{ name: "each", for_each: forEach, params: { item: "${{ item }}" } }];
  return { name: `${count} items`, count, of: "items", atOnce: runningMax, steps };
}

const shapes: readonly Shape[] = [
  ...[100, 1_000].map((count) => graph("in a chain", count, 1)),
  ...[100, 1_000].map((count) => graph("side by side", count, runningMax)),
  ...[100, 1_000, 10_000].map(list),
];

/** Reports what an attempt costs in each, and the memory of the process at the largest. */
export async function reportScale(report: Report): Promise<void> {
  for (const shape of shapes) {
    await using folder = await makeTempFolder();
    const floor = await Floor.open(`file:${folder.path}/floor.db`, shape.atOnce);
    await using trial = await openTrial(`file:${folder.path}/engine.db`, shape);
    const memory = new MemoryWatch();
    const costs: { readonly engine: number; readonly floor: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      costs.push({
        floor: await timeOf(() => floor.runOne(shape.count, shape.of)),
        engine: await timeOf(() => memory.watch(() => trial.run())),
      });
    }
    floor.close();
    report.add({
      case: `an attempt of ${shape.name}`,
      value: median(costs.map(({ engine }) => engine)) / shape.count * 1_000,
      unit: "µs",
      floor: median(costs.map(({ floor }) => floor)) / shape.count * 1_000,
    });
    if (shape.count === 10_000) {
      report.add({ case: `peak memory of ${shape.name}`, value: memory.peakMb, unit: "MB" });
    }
  }
}

interface Trial extends AsyncDisposable {
  run(): Promise<void>;
}

async function openTrial(url: string, { steps, count, of }: Shape): Promise<Trial> {
  const store = await openBenchStore(url);
  const workflow = workflowOf(steps);
  const inputs = of === "items" ? { items: Array.from({ length: count }, (_, at) => at) } : {};
  let ended = Promise.withResolvers<void>();
  const engine = new Engine({
    store,
    definitions: new Definitions(store),
    invoke: () => Promise.resolve(result),
    publish: (event) => {
      if (event.topic === "execution.completed") ended.resolve();
      if (event.topic === "execution.failed") ended.reject(new Error("the execution failed"));
    },
    concurrentMax: 1,
    log: openStandardLog("warn"),
  });
  await engine.open();
  return {
    run: async () => {
      ended = Promise.withResolvers<void>();
      await engine.start(workflow, { inputs });
      await ended.promise;
    },
    [Symbol.asyncDispose]: async () => {
      await engine.close(1_000);
      await store.close();
    },
  };
}

function workflowOf(steps: Shape["steps"]): ParsedWorkflow {
  const text = JSON.stringify({
    name: "bench",
    inputs: { items: { type: "array", default: [] } },
    steps: steps.map((step) => ({ agent: "bench", capability: "work", ...step })),
  });
  const { workflows: [workflow], problems } = parseWorkflows(text, "bench.yaml");
  if (!workflow) throw new Error(problems[0]?.message);
  return workflow;
}

/** The most memory that the process had while something was done. */
class MemoryWatch {
  #peakBytes = 0;

  get peakMb(): number {
    return this.#peakBytes / 2 ** 20;
  }

  async watch(action: () => Promise<void>): Promise<void> {
    const look = (): void => {
      this.#peakBytes = Math.max(this.#peakBytes, Deno.memoryUsage().rss);
    };
    const timer = setInterval(look, sampleEveryMs);
    await action();
    clearInterval(timer);
    look();
  }
}

async function timeOf(action: () => Promise<void>): Promise<number> {
  const startedAtMs = performance.now();
  await action();
  return performance.now() - startedAtMs;
}
