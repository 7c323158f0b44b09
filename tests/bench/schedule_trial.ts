/** A scheduler over a store of its own, with as many schedules as wanted: for benchmarks. */

import { Definitions } from "../../core/engine/definitions.ts";
import { Engine } from "../../core/engine/engine.ts";
import { openStandardLog } from "../../core/log.ts";
import { Scheduler } from "../../core/schedule/scheduler.ts";
import { openStore } from "../../core/store/sqlite/open.ts";
import type { SqliteStore } from "../../core/store/sqlite/store.ts";
import type { ParsedWorkflow } from "../../core/workflow/definition.ts";
import { parseWorkflows } from "../../core/workflow/form/parse.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { migrationsFolder } from "../support/temp_store.ts";

export const log = openStandardLog("warn");

export interface Trial extends AsyncDisposable {
  readonly scheduler: Scheduler<ParsedWorkflow>;
  readonly store: SqliteStore;
  /** Ends every execution: what is open would hold back the next firing. */
  endAll(): Promise<void>;
}

export interface TrialOptions {
  /** A cron rule for each schedule, each in a workflow of its own. */
  readonly rules: readonly string[];
  readonly now?: () => number;
  /** Told of each firing that has been committed with its execution. */
  readonly onDurable?: (dueAtMs: number) => void;
}

export async function openTrial({ rules, now, onDurable }: TrialOptions): Promise<Trial> {
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
    definitions: new Definitions(store),
    invoke: () => Promise.reject(new Error("nothing is to be run")),
    publish: () => undefined,
    concurrentMax: 0,
    log,
  });
  const workflows = workflowsOf(rules);
  return {
    store,
    scheduler: new Scheduler({
      store,
      workflows: () => Promise.resolve(workflows),
      preparing: () => (workflow, start) => {
        const prepared = engine.prepare(workflow, start);
        const onStored = (): void => {
          onDurable?.(start.firing.dueAtMs);
          prepared.onStored();
        };
        return { ...prepared, onStored };
      },
      publish: () => undefined,
      log,
      ...(now && { now }),
    }),
    endAll: async () => {
      const sql = `UPDATE workflow_executions SET status = 'completed', completed_at = created_at
        WHERE completed_at IS NULL`;
      await store.database.write([{ sql, args: [] }]);
    },
    [Symbol.asyncDispose]: async () => {
      await engine.close(0);
      await store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function workflowsOf(rules: readonly string[]): readonly ParsedWorkflow[] {
  const steps = [{ name: "one", agent: "bench", capability: "work" }];
  return rules.map((cron, i) => {
    const form = { name: `w_${i}`, schedule: { cron, timezone: "America/New_York" }, steps };
    const { workflows: [workflow] } = parseWorkflows(JSON.stringify(form), "bench.yaml");
    if (!workflow) throw new Error("the bench's own workflow is wrong");
    return workflow;
  });
}
