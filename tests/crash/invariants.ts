/** What has to be true of the store and of what the agent wrote down, after any number of kills. */

import assert from "node:assert/strict";
import { interruptionsMax } from "../../core/engine/decide/unit.ts";
import { attemptsMax, type CrashWorld, items } from "./crash_world.ts";
import type { Acknowledged } from "./lives.ts";

interface Unit {
  readonly executionId: string;
  readonly step: string;
  readonly item: number;
  /** Of the attempts that stand, in order: not of those that a retry has taken back. */
  readonly statuses: readonly string[];
  /** Attempts in all. */
  readonly attempts: number;
  readonly completedAtMs: number | null;
  /** How often a daemon died while it ran. */
  readonly interruptions: number;
}

export async function assertWhole(
  world: CrashWorld,
  { started, rerun, cancelled }: Acknowledged,
): Promise<void> {
  const [integrity] = await world.query("PRAGMA integrity_check");
  assert.equal(integrity?.integrity_check, "ok");

  const rows = await world.query(
    "SELECT execution_id, workflow_name, status, result, error_message FROM workflow_executions",
  );
  const executions = new Map(rows.map((row) => [String(row.execution_id), row]));
  const lost = [...started.values(), ...rerun].filter((id) => !executions.has(id));
  assert.deepEqual(lost, [], "acknowledged, and gone");
  for (const id of cancelled) {
    const status = executions.get(id)?.status;
    assert.match(String(status), /^(cancelled|completed|failed)$/, `cancelled: ${id}`);
  }

  const units = await readUnits(world);
  const mayBeGivenUp = new Set<string>();
  for (const unit of units) {
    assertUnit(world, unit);
    // One that daemons die of again and again is given up.
    if (unit.interruptions >= interruptionsMax) mayBeGivenUp.add(unit.executionId);
  }
  const stepsOf = Map.groupBy(units, ({ executionId }) => executionId);
  for (const [id, { workflow_name: workflow, status, result, error_message }] of executions) {
    // The schedule goes on while the daemon is stopped.
    if (workflow === "ticking" && status !== "completed") continue;
    const steps = stepsOf.get(id) ?? [];
    const isGivenUp = mayBeGivenUp.has(id) && /in a row/.test(String(error_message));
    if (status !== "cancelled" && !isGivenUp) {
      assert.equal(status, "completed", `${workflow} ${id}: ${error_message}`);
      assertComplete(String(workflow), steps, result);
    }
    if (steps.length === 0 || workflow === "ticking") continue;
    const after = steps.find(({ step }) => step === "after");
    const isCarriedOut = after?.statuses.at(-1) === "completed" ||
      (after?.interruptions ?? 0) >= interruptionsMax;
    assert.ok(isCarriedOut, `finally of ${id}, ${status}: ${JSON.stringify(steps)}`);
  }
}

/** A unit was begun no more often than its rows say, and never again once it was completed. */
function assertUnit(world: CrashWorld, unit: Unit): void {
  const { executionId, step, item, statuses, attempts, interruptions, completedAtMs } = unit;
  const what = `${executionId} ${step} ${item}: ${statuses.join(" ")}`;
  const ended = statuses.slice(0, -1);
  assert.ok(!ended.includes("completed") && !ended.includes("skipped"), `gone on with: ${what}`);
  const failed = statuses.filter((status) => status === "failed").length;
  assert.ok(failed <= attemptsMax, `failed too often: ${what}`);
  // None of these is in a row with those before a failure.
  const cutOffMax = interruptionsMax * (failed + 1);
  assert.ok(interruptions <= cutOffMax, `cut off too often: ${what}`);

  const begun = world.deeds(executionId, step, item).filter(({ kind }) => kind === "began");
  assert.ok(begun.length <= attempts, `done without a row: ${what}`);
  if (statuses.at(-1) !== "completed" || completedAtMs === null) return;
  assert.ok(begun.length > 0, `completed, and never done: ${what}`);
  const again = begun.filter(({ atMs }) => atMs > completedAtMs);
  assert.deepEqual(again, [], `done again after its completion was stored: ${what}`);
}

/** The outputs are those of an execution that nothing disturbed. */
function assertComplete(workflow: string, units: readonly Unit[], result: unknown): void {
  if (workflow !== "graph") return;
  assert.deepEqual(JSON.parse(String(result)), {
    last: items.length + 7,
    each: items,
    allowed: "failed",
    late: "deadline_exceeded",
    never: "skipped",
  });
  const each = units.filter(({ step }) => step === "each").map(({ item }) => item);
  assert.deepEqual(each.toSorted((a, b) => a - b), items.map((_, item) => item));
}

async function readUnits(world: CrashWorld): Promise<Unit[]> {
  const rows = await world.query(
    `SELECT execution_id, step_name, item, count(*) AS attempts,
       group_concat(iif(superseded, NULL, status), ' ') AS statuses,
       max(iif(status = 'completed', completed_at, NULL)) AS completed_at,
       sum(NOT superseded AND error_code = 'interrupted') AS interruptions
     FROM (SELECT * FROM workflow_step_executions ORDER BY attempt)
     GROUP BY execution_id, step_index, item`,
  );
  return rows.map((row) => ({
    executionId: String(row.execution_id),
    step: String(row.step_name),
    item: Number(row.item),
    statuses: String(row.statuses ?? "").split(" ").filter(Boolean),
    attempts: Number(row.attempts),
    completedAtMs: row.completed_at === null ? null : Number(row.completed_at),
    interruptions: Number(row.interruptions),
  }));
}

/** Each second has its firing, and each firing an execution of its own. */
export async function assertNoFiringLost(world: CrashWorld): Promise<void> {
  const firings = await world.query(
    `SELECT due_at, status, execution_id FROM firings ORDER BY due_at`,
  );
  assert.ok(firings.length > 1, "the schedule fired");
  firings.forEach(({ due_at: at, status }, index) => {
    const expected = Number(firings[0]?.due_at) + index * 1_000;
    assert.equal(Number(at), expected, "a due instant is missing");
    assert.notEqual(status, "skipped");
  });
  const fired = firings.flatMap(({ execution_id: id }) => id === null ? [] : [String(id)]);
  assert.equal(new Set(fired).size, fired.length, "two firings share an execution");
  const ticks = await world.query(
    "SELECT execution_id FROM workflow_executions WHERE workflow_name = 'ticking'",
  );
  const ids = new Set(ticks.map(({ execution_id: id }) => String(id)));
  assert.deepEqual(fired.filter((id) => !ids.has(id)), [], "fired, and not started");
  assert.equal(ids.size, fired.length, "started without a firing");
}
