/**
 * Schedules and their firings. A firing is its schedule and its due instant: inserting it claims
 * it, and whoever finds it there already leaves it alone. One that was claimed and not started
 * (its scheduler died) is free again when its lease has run out.
 */

import type { ExecutionId } from "../ids.ts";
import type { Verb } from "./commits.ts";
import type { Database, Row } from "./database.ts";

export type FiringStatus = "due" | "fired" | "skipped";
/** What made a firing: its schedule's rule, or someone who asked for it. */
export type FiringCause = "rule" | "trigger" | "backfill";

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

/** Names the owner too: of two who claim in one transaction, the other is told that it has not. */
function keyOfClaim(row: FiringKey & { readonly owner: string | null }): string {
  return `${keyOfFiring(row)}/${row.owner ?? ""}`;
}

const claimKey = "schedule_id || '@' || due_at || '/' || coalesce(lease_owner, '')";

/** Enters a firing: claimed (`owner` and `expires`), to wait (no owner), or skipped. */
export const enterFiring: Verb<
  FiringKey & {
    readonly cause: FiringCause;
    readonly status: "due" | "skipped";
    readonly reason: string | null;
    readonly owner: string | null;
    readonly expires: number | null;
  }
> = {
  name: "enter_firing",
  order: 210,
  key: keyOfClaim,
  sql: `INSERT INTO firings
      (schedule_id, due_at, cause, status, reason, lease_owner, lease_expires_at)
    SELECT value ->> 'schedule_id', value ->> 'due_at', value ->> 'cause', value ->> 'status',
      value ->> 'reason', value ->> 'owner', value ->> 'expires'
    FROM json_each(?1) WHERE true
    ON CONFLICT DO NOTHING RETURNING ${claimKey} AS key`,
};

/** Claims a firing that waits, or whose lease has run out by `at`. */
export const claimFiring: Verb<FiringKey & { owner: string; expires: number; at: number }> = {
  name: "claim_firing",
  order: 211,
  key: keyOfClaim,
  sql: `UPDATE firings SET
      lease_owner = claim.value ->> 'owner', lease_expires_at = claim.value ->> 'expires'
    FROM json_each(?1) AS claim
    WHERE schedule_id = claim.value ->> 'schedule_id' AND due_at = claim.value ->> 'due_at'
      AND status = 'due' AND coalesce(lease_expires_at, 0) <= claim.value ->> 'at'
    RETURNING ${claimKey} AS key`,
};

/** Closes a claimed firing: started as an execution, or skipped for a reason. */
export const settleFiring: Verb<
  FiringKey & {
    readonly owner: string;
    readonly status: "fired" | "skipped";
    readonly execution_id: string | null;
    readonly reason: string | null;
    readonly at: number;
  }
> = {
  name: "settle_firing",
  order: 212,
  key: keyOfFiring,
  sql: `UPDATE firings SET
      status = done.value ->> 'status', execution_id = done.value ->> 'execution_id',
      reason = done.value ->> 'reason', fired_at = done.value ->> 'at',
      lease_owner = NULL, lease_expires_at = NULL
    FROM json_each(?1) AS done
    WHERE schedule_id = done.value ->> 'schedule_id' AND due_at = done.value ->> 'due_at'
      AND status = 'due' AND lease_owner = done.value ->> 'owner'
    RETURNING schedule_id || '@' || due_at AS key`,
};

/** Notes the execution that the next firing must not overlap. */
export const noteExecution: Verb<{ schedule_id: string; execution_id: string }> = {
  name: "note_execution",
  order: 213,
  key: ({ schedule_id }) => schedule_id,
  sql: `UPDATE schedules SET last_execution_id = note.value ->> 'execution_id'
    FROM json_each(?1) AS note WHERE schedule_id = note.value ->> 'schedule_id'
    RETURNING schedule_id AS key`,
};

/** Makes claims free whose scheduler is dead: at start, when a lock proves it. */
export const releaseAllFirings =
  "UPDATE firings SET lease_owner = NULL, lease_expires_at = NULL WHERE status = 'due'";

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

  /** Those of the schedules whose latest execution has not ended. */
  async withOpenExecution(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.#database.read(
      `SELECT schedule_id FROM json_each(?1) AS wanted
       JOIN schedules ON schedule_id = wanted.value
       JOIN workflow_executions ON execution_id = last_execution_id
       WHERE completed_at IS NULL`,
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

  /** The oldest free firing of each schedule that is not held up by an open execution. */
  async startable(nowMs: number, limit: number): Promise<FiringRow[]> {
    const rows = await this.#database.read(
      `SELECT ${firingColumns}, min(due_at) FROM firings JOIN schedules USING (schedule_id)
       LEFT JOIN workflow_executions AS latest ON latest.execution_id = last_execution_id
       WHERE firings.status = 'due' AND coalesce(firings.lease_expires_at, 0) <= ?1
         AND paused = 0 AND (latest.execution_id IS NULL OR latest.completed_at IS NOT NULL)
       GROUP BY schedule_id ORDER BY due_at LIMIT ?2`,
      [nowMs, limit],
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

const firingColumns = "firings.schedule_id, due_at, firings.status, cause, " +
  "firings.execution_id, reason, fired_at";

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
