/** SQL of schedules and firings. */

import type {
  CloseFiring,
  EnterFiring,
  FiringKey,
  ForgetFiring,
  PauseSchedule,
  SaveSchedule,
  SkipFiring,
} from "../../operations/schedules.ts";
import type { Kind } from "../kind.ts";

export const saveSchedule: Kind<SaveSchedule> = {
  kind: "save_schedule",
  key: ({ scheduleId }) => scheduleId,
  sql: `INSERT INTO schedules
      (schedule_id, workflow_name, rule, active, anchored_at, created_at, updated_at)
    SELECT value ->> 'scheduleId', value ->> 'workflowName', value ->> 'rule',
      value ->> 'isActive', value ->> 'atMs', value ->> 'atMs', value ->> 'atMs'
    FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET
      anchored_at = CASE WHEN rule <> excluded.rule OR active < excluded.active
        THEN excluded.anchored_at ELSE anchored_at END,
      rule = excluded.rule, active = excluded.active, updated_at = excluded.updated_at
    WHERE rule <> excluded.rule OR active <> excluded.active
    RETURNING schedule_id AS key`,
};

export const pauseSchedule: Kind<PauseSchedule> = {
  kind: "pause_schedule",
  key: ({ scheduleId }) => scheduleId,
  sql: `UPDATE schedules SET
      anchored_at = CASE WHEN paused = 1 THEN pause.value ->> 'atMs' ELSE anchored_at END,
      paused = pause.value ->> 'isPaused', updated_at = pause.value ->> 'atMs'
    FROM json_each(?1) AS pause WHERE schedule_id = pause.value ->> 'scheduleId'
    RETURNING schedule_id AS key`,
};

function firingKey({ scheduleId, dueAtMs }: FiringKey): string {
  return `${scheduleId}@${dueAtMs}`;
}
const firingKeySql = "schedule_id || '@' || due_at AS key";

export const enterFiring: Kind<EnterFiring> = {
  kind: "enter_firing",
  key: firingKey,
  sql: `INSERT INTO firings (schedule_id, due_at, cause, status, reason)
    SELECT value ->> 'scheduleId', value ->> 'dueAtMs', value ->> 'cause', value ->> 'status',
      value ->> 'reason'
    FROM json_each(?1) WHERE true
    ON CONFLICT DO NOTHING RETURNING ${firingKeySql}`,
};

export const skipFiring: Kind<SkipFiring> = {
  kind: "skip_firing",
  key: firingKey,
  sql: `UPDATE firings SET status = 'skipped', reason = skip.value ->> 'reason'
    FROM json_each(?1) AS skip
    WHERE schedule_id = skip.value ->> 'scheduleId' AND due_at = skip.value ->> 'dueAtMs'
      AND status = 'due'
    RETURNING ${firingKeySql}`,
};

/** Without an execution, another daemon has started the firing. */
export const closeFiring: Kind<CloseFiring> = {
  kind: "close_firing",
  sql: `INSERT INTO firings (schedule_id, due_at, cause, status, execution_id, fired_at)
    SELECT schedule_id, due_at, value ->> 'cause', 'fired', execution_id, created_at
    FROM json_each(?1) JOIN workflow_executions
      ON schedule_id = value ->> 'scheduleId' AND due_at = value ->> 'dueAtMs'
    WHERE true
    ON CONFLICT DO UPDATE SET status = 'fired', execution_id = excluded.execution_id,
      fired_at = excluded.fired_at WHERE firings.status = 'due'`,
};

export const forgetFiring: Kind<ForgetFiring> = {
  kind: "forget_firing",
  key: firingKey,
  sql: `DELETE FROM firings WHERE status <> 'due' AND (schedule_id, due_at) IN (
      SELECT value ->> 'scheduleId', value ->> 'dueAtMs' FROM json_each(?1))
    RETURNING ${firingKeySql}`,
};
