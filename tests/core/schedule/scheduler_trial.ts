/** Schedulers over a real store, with a clock that the test moves and an engine it plays. */

import { newExecutionId } from "../../../core/ids.ts";
import { createLog } from "../../../core/log.ts";
import type { FiringEvent } from "../../../core/schedule/events.ts";
import type { FiringStart, Startable } from "../../../core/schedule/firings.ts";
import { Scheduler, type SchedulerOptions } from "../../../core/schedule/scheduler.ts";
import { write } from "../../../core/store/sqlite/commits.ts";
import {
  claimExecution,
  createExecution,
  finishExecution,
  saveDefinition,
} from "../../../core/store/execution_verbs.ts";
import type { Store } from "../../../core/store/store.ts";
import type { ParsedWorkflow } from "../../../core/workflow/definition.ts";
import { parseWorkflows } from "../../../core/workflow/form/parse.ts";

export interface Trial {
  /** UTC milliseconds. */
  nowMs: number;
  readonly events: FiringEvent[];
  /** `schedule@due` of everything that an execution was begun for, in order. */
  readonly begun: string[];
  workflows: readonly ParsedWorkflow[];
  scheduler(
    options?: Partial<SchedulerOptions<ParsedWorkflow>>,
  ): Promise<Scheduler<ParsedWorkflow>>;
  /** Ends every execution. */
  endAll(): Promise<void>;
  /** `schedule due status cause reason` of every firing. */
  firings(): Promise<string[]>;
  /** `schedule@due` of every execution that a firing started, sorted; a double is there twice. */
  executions(): Promise<string[]>;
}

export function tryScheduler(store: Store, startAt: string): Trial {
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
      await store.commits.commit(rows.map((row) =>
        write(finishExecution, {
          execution_id: String(row.execution_id),
          owner: "engine",
          status: "completed",
          at: trial.nowMs,
          result: null,
          error_code: null,
          error_message: null,
        })
      ));
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

/** An execution that some engine takes as soon as it is stored. */
export function prepareIn(
  { nowMs: at, begun }: Pick<Trial, "nowMs" | "begun">,
  name: string,
  { firing: { scheduleId, dueAtMs, was } }: FiringStart,
): Startable {
  const executionId = newExecutionId();
  return {
    row: { executionId },
    writes: [
      write(saveDefinition, { definition_id: name, name, text: "", at }),
      write(claimExecution, { execution_id: executionId, owner: "engine", at, expires: at }),
      write(createExecution, {
        execution_id: executionId,
        name,
        definition_id: name,
        input: "{}",
        at,
        schedule_id: scheduleId,
        due_at: dueAtMs,
        was,
      }),
    ],
    onStored: () => begun.push(`${scheduleId}@${dueAtMs}`),
  };
}

/** A workflow of one step with this `schedule:`, as a file has it. */
export function scheduled(name: string, schedule: unknown, keys: object = {}): ParsedWorkflow {
  const steps = [{ name: "step", agent: "agent", capability: "work" }];
  const text = JSON.stringify({ name, schedule, steps, ...keys });
  const { workflows: [workflow], problems } = parseWorkflows(text, "trial.yaml");
  if (!workflow) throw new Error(problems.map(({ message }) => message).join("; "));
  return workflow;
}
