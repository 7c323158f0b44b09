/** Schedulers over a real store, with a clock that the test moves and a simulated engine. */

import { type ExecutionId, newExecutionId } from "../../../core/ids.ts";
import { createLog } from "../../../core/log.ts";
import type { FiringEvent } from "../../../core/schedule/events.ts";
import type { FiringStart, Startable } from "../../../core/schedule/firings.ts";
import { Scheduler, type SchedulerOptions } from "../../../core/schedule/scheduler.ts";
import type { SqliteStore } from "../../../core/store/sqlite/store.ts";
import type { ParsedWorkflow } from "../../../core/workflow/definition.ts";
import { parseWorkflows } from "../../../core/workflow/form/parse.ts";

export interface Trial {
  /** UTC milliseconds. */
  nowMs: number;
  readonly events: FiringEvent[];
  /** `schedule@due` of every execution that was started, in order. */
  readonly begun: string[];
  workflows: readonly ParsedWorkflow[];
  scheduler(
    options?: Partial<SchedulerOptions<ParsedWorkflow>>,
  ): Promise<Scheduler<ParsedWorkflow>>;
  /** Ends every execution. */
  endAll(): Promise<void>;
  /** `schedule due status cause reason` of every firing. */
  firings(): Promise<string[]>;
  /** `schedule@due` of every execution that a firing started, sorted, with duplicates. */
  executions(): Promise<string[]>;
}

export function tryScheduler(store: SqliteStore, startAt: string): Trial {
  const trial: Trial = {
    nowMs: Date.parse(startAt),
    events: [],
    begun: [],
    workflows: [],
    scheduler: async (options = {}) => {
      const scheduler = new Scheduler({
        store,
        workflows: () => Promise.resolve(trial.workflows),
        preparing: () => ({ name }, start) => prepareIn(trial, name, start),
        publish: (event) => trial.events.push(event),
        log: createLog({ threshold: "off", write: () => undefined, pretty: false }),
        now: () => trial.nowMs,
        ...options,
      });
      await scheduler.sync();
      return scheduler;
    },
    endAll: async () => {
      const rows = await store.database.read(
        "SELECT execution_id FROM workflow_executions WHERE completed_at IS NULL",
      );
      await store.commit(rows.map((row) => ({
        kind: "finish_execution",
        executionId: String(row.execution_id) as ExecutionId,
        owner: "engine",
        status: "completed",
        atMs: trial.nowMs,
        result: null,
        error: null,
      })));
    },
    firings: async () => {
      const rows = await store.database.read("SELECT * FROM firings ORDER BY schedule_id, due_at");
      return rows.map(({ schedule_id, due_at, status, reason }) => {
        const time = new Date(Number(due_at)).toISOString().slice(5, 16);
        return [schedule_id, time, status, reason].filter((part) => part !== null).join(" ");
      });
    },
    executions: async () => {
      const rows = await store.database.read("SELECT schedule_id, due_at FROM workflow_executions");
      return rows.map(({ schedule_id, due_at }) =>
        `${schedule_id}@${new Date(Number(due_at)).toISOString()}`
      ).sort();
    },
  };
  return trial;
}

/** Prepares an execution that some engine takes as soon as it is stored. */
export function prepareIn(
  { nowMs: atMs, begun }: Pick<Trial, "nowMs" | "begun">,
  name: string,
  { firing }: FiringStart,
): Startable {
  const executionId = newExecutionId();
  const own = { definitionId: name, workflowName: name, atMs };
  return {
    row: { executionId },
    operations: [
      { kind: "save_definition", ...own, text: "" },
      { kind: "claim_execution", executionId, owner: "engine", atMs, expiresAtMs: atMs },
      { kind: "create_execution", ...own, executionId, inputParams: "{}", ...firing },
    ],
    onStored: () => begun.push(`${firing.scheduleId}@${firing.dueAtMs}`),
  };
}

/** A workflow of one step with this `schedule:`, as in a file. */
export function scheduled(name: string, schedule: unknown, keys: object = {}): ParsedWorkflow {
  const steps = [{ name: "step", agent: "agent", capability: "work" }];
  const text = JSON.stringify({ name, schedule, steps, ...keys });
  const { workflows: [workflow], problems } = parseWorkflows(text, "trial.yaml");
  if (!workflow) throw new Error(problems.map(({ message }) => message).join("; "));
  return workflow;
}
