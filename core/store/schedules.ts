/**
 * Schedules and their firings. A firing is its schedule and its due instant, and there is one row
 * of it. It is entered, or closed, in one transaction with the execution that it starts: there is
 * no instant in which someone holds it, and nothing that a crash could leave half done.
 */

import type { ExecutionId } from "../ids.ts";
import type { Verb } from "./sqlite/commits.ts";
import type { Database, Row } from "./sqlite/database.ts";
import type { FiringCause, FiringStatus } from "../statuses.ts";

export interface ScheduleRow {
  readonly id: string;
  readonly workflowName: string;
  readonly paused: boolean;
  readonly active: boolean;
  /** Up to which instant the rule's firings are decided. */
  readonly decidedUntilMs: number;
}

export interface FiringRow {
  readonly scheduleId: string;
  readonly dueAtMs: number;
  readonly status: FiringStatus;
  readonly cause: FiringCause;
  readonly executionId: ExecutionId | null;
  readonly reason: string | null;
  readonly firedAtMs: number | null;
}

/** Enters a schedule, or what its file now says of it; a new rule starts from `at`. */
export const saveSchedule: Verb<
  { schedule_id: string; name: string; rule: string; active: 0 | 1; at: number }
> = {
  name: "save_schedule",
  order: 200,
  key: ({ schedule_id }) => schedule_id,
  sql: `INSERT INTO schedules
      (schedule_id, workflow_name, rule, active, anchored_at, created_at, updated_at)
    SELECT value ->> 'schedule_id', value ->> 'name', value ->> 'rule', value ->> 'active',
      value ->> 'at', value ->> 'at', value ->> 'at'
    FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET
      anchored_at = CASE WHEN rule <> excluded.rule OR active < excluded.active
        THEN excluded.anchored_at ELSE anchored_at END,
      rule = excluded.rule, active = excluded.active, updated_at = excluded.updated_at
    WHERE rule <> excluded.rule OR active <> excluded.active
    RETURNING schedule_id AS key`,
};

/** Pauses or resumes; what came due while it was paused is not fired. */
export const pauseSchedule: Verb<{ schedule_id: string; paused: 0 | 1; at: number }> = {
  name: "pause_schedule",
  order: 201,
  key: ({ schedule_id }) => schedule_id,
  sql: `UPDATE schedules SET
      anchored_at = CASE WHEN paused = 1 THEN pause.value ->> 'at' ELSE anchored_at END,
      paused = pause.value ->> 'paused', updated_at = pause.value ->> 'at'
    FROM json_each(?1) AS pause WHERE schedule_id = pause.value ->> 'schedule_id'
    RETURNING schedule_id AS key`,
};

interface FiringKey {
  readonly schedule_id: string;
  readonly due_at: number;
}

function keyOfFiring({ schedule_id, due_at }: FiringKey): string {
  return `${schedule_id}@${due_at}`;
}

const firingKey = "schedule_id || '@' || due_at";

/** Enters a firing that waits for its turn, or is skipped; one that is there stays as it is. */
export const enterFiring: Verb<
  FiringKey & {
    readonly cause: FiringCause;
    readonly status: "due" | "skipped";
    readonly reason: string | null;
  }
> = {
  name: "enter_firing",
  order: 12,
  key: keyOfFiring,
  sql: `INSERT INTO firings (schedule_id, due_at, cause, status, reason)
    SELECT value ->> 'schedule_id', value ->> 'due_at', value ->> 'cause', value ->> 'status',
      value ->> 'reason'
    FROM json_each(?1) WHERE true
    ON CONFLICT DO NOTHING RETURNING ${firingKey} AS key`,
};

/** Skips a firing that waits. */
export const skipFiring: Verb<FiringKey & { readonly reason: string }> = {
  name: "skip_firing",
  order: 13,
  key: keyOfFiring,
  sql: `UPDATE firings SET status = 'skipped', reason = skip.value ->> 'reason'
    FROM json_each(?1) AS skip
    WHERE schedule_id = skip.value ->> 'schedule_id' AND due_at = skip.value ->> 'due_at'
      AND status = 'due'
    RETURNING ${firingKey} AS key`,
};

/**
 * Enters a firing as fired, or closes one that waited, by its execution: the one that
 * `create_execution` has stored in the same transaction, or an earlier one whose firing has been
 * forgotten. Where there is none, the firing is somebody else's. What became of the execution
 * tells whose it is, and nothing is told here.
 */
export const closeFiring: Verb<FiringKey & { readonly cause: FiringCause }> = {
  name: "close_firing",
  order: 25,
  key: keyOfFiring,
  sql: `INSERT INTO firings (schedule_id, due_at, cause, status, execution_id, fired_at)
    SELECT schedule_id, due_at, value ->> 'cause', 'fired', execution_id, created_at
    FROM json_each(?1) JOIN workflow_executions
      ON schedule_id = value ->> 'schedule_id' AND due_at = value ->> 'due_at'
    WHERE true
    ON CONFLICT DO UPDATE SET status = 'fired', execution_id = excluded.execution_id,
      fired_at = excluded.fired_at WHERE firings.status = 'due'`,
};

/**
 * Forgets firings due before `?1`, at most `?2`: never one that waits, nor the latest by the rule,
 * which says up to which instant the rule's firings are decided.
 */
const forgetSql = `DELETE FROM firings WHERE (schedule_id, due_at) IN (
    SELECT old.schedule_id, old.due_at
    FROM (SELECT schedule_id, (SELECT max(due_at) FROM firings
        WHERE firings.schedule_id = schedules.schedule_id AND cause = 'rule') AS latest_at
      FROM schedules) AS kept
    JOIN firings AS old ON old.schedule_id = kept.schedule_id
      AND old.due_at < ?1 AND old.due_at IS NOT latest_at
    WHERE old.status <> 'due' LIMIT ?2)
  RETURNING 1`;

/** Firings that are forgotten in one transaction. */
const forgottenMax = 2_000;

/** Forgets the firings that were due before `beforeMs`; gives how many. */
export async function forgetFirings(database: Database, beforeMs: number): Promise<number> {
  for (let count = 0;;) {
    const sql = { sql: forgetSql, args: [beforeMs, forgottenMax] };
    const [forgotten = []] = await database.write([sql]);
    count += forgotten.length;
    if (forgotten.length < forgottenMax) return count;
  }
}

/** What is read of schedules. */
export class ScheduleReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async all(): Promise<ScheduleRow[]> {
    const rows = await this.#database.read(
      `SELECT schedule_id, workflow_name, paused, active, max(anchored_at, coalesce((
         SELECT due_at FROM firings WHERE firings.schedule_id = schedules.schedule_id
           AND cause = 'rule' ORDER BY due_at DESC LIMIT 1), 0)) AS decided_until
       FROM schedules`,
    );
    return rows.map((row) => ({
      id: String(row.schedule_id),
      workflowName: String(row.workflow_name),
      paused: row.paused === 1,
      active: row.active === 1,
      decidedUntilMs: Number(row.decided_until),
    }));
  }

  /** Those of the schedules that have an execution which has not ended. */
  async withOpenExecution(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.#database.read(
      `SELECT value AS schedule_id FROM json_each(?1) WHERE ${hasOpen("value")}`,
      [JSON.stringify(ids)],
    );
    return new Set(rows.map((row) => String(row.schedule_id)));
  }

  /** How many firings of each schedule are still to be started. */
  async dueCounts(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#database.read(
      "SELECT schedule_id, count(*) AS count FROM firings WHERE status = 'due' GROUP BY 1",
    );
    return new Map(rows.map((row) => [String(row.schedule_id), Number(row.count)]));
  }

  /** The oldest firing that waits, of each schedule that no open execution holds up. */
  async startable(limit: number): Promise<FiringRow[]> {
    const rows = await this.#database.read(
      `SELECT ${firingColumns}, min(due_at) FROM firings JOIN schedules USING (schedule_id)
       WHERE status = 'due' AND paused = 0 AND NOT ${hasOpen("firings.schedule_id")}
       GROUP BY firings.schedule_id ORDER BY due_at LIMIT ?`,
      [limit],
    );
    return rows.map(toFiring);
  }

  /** The latest firings of a schedule, newest first. */
  async firings(id: string, limit: number): Promise<FiringRow[]> {
    const rows = await this.#database.read(
      `SELECT ${firingColumns} FROM firings WHERE schedule_id = ? ORDER BY due_at DESC LIMIT ?`,
      [id, limit],
    );
    return rows.map(toFiring);
  }
}

const firingColumns = "firings.schedule_id, due_at, status, cause, execution_id, reason, fired_at";

function hasOpen(scheduleId: string): string {
  return `EXISTS (SELECT 1 FROM workflow_executions AS execution
    WHERE execution.schedule_id = ${scheduleId} AND execution.completed_at IS NULL)`;
}

function toFiring(row: Row): FiringRow {
  return {
    scheduleId: String(row.schedule_id),
    dueAtMs: Number(row.due_at),
    status: String(row.status) as FiringStatus,
    cause: String(row.cause) as FiringCause,
    executionId: row.execution_id === null ? null : String(row.execution_id) as ExecutionId,
    reason: row.reason === null ? null : String(row.reason),
    firedAtMs: row.fired_at === null ? null : Number(row.fired_at),
  };
}
