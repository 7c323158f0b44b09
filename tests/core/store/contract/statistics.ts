/** Statistics of a workflow's executions, compared with the origin's example. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Durations, Statistics } from "../../../../core/store/reads/statistics.ts";
import type { Store } from "../../../../core/store/store.ts";
import { begin, claim, complete, createdIn, finish, startMs } from "../execution_operations.ts";
import type { Contract } from "./contract.ts";

function statistics(store: Store, workflowName: string): Promise<Statistics> {
  return store.read({ read: "statistics", workflowName });
}

/** An execution that began at `atMs` and took `tookMs`. */
async function ended(
  store: Store,
  status: "completed" | "failed" | "cancelled",
  { atMs = startMs, tookMs = 1_000, name = "a" } = {},
): Promise<void> {
  const id = await createdIn(store, { name, at: atMs });
  await store.commit([claim(id, "me", atMs)]);
  await store.commit([finish(id, "me", status, { at: atMs + tookMs })]);
}

/** The nearest rank, computed directly. */
function percentile(durations: readonly number[], percent: number): number | null {
  const sorted = durations.toSorted((a, b) => a - b);
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? null;
}

function durationsOf(durations: readonly number[]): Durations {
  const sum = durations.reduce((total, each) => total + each, 0);
  return {
    avgMs: durations.length === 0 ? null : sum / durations.length,
    p50Ms: percentile(durations, 50),
    p95Ms: percentile(durations, 95),
    p99Ms: percentile(durations, 99),
  };
}

const anEnd = fc.record({
  status: fc.constantFrom("completed" as const, "failed" as const, "cancelled" as const),
  tookMs: fc.nat({ max: 50 }),
});

export const statisticsContract: Contract = {
  "statistics() of 42 executions matches the origin's example": async ({ store }) => {
    for (let made = 41; made >= 0; made--) {
      await ended(store, made < 2 ? "failed" : "completed", {
        atMs: startMs - made * 60_000,
        tookMs: made % 2 === 0 ? 12_000 : 13_000,
      });
    }
    const { steps, p50Ms, p95Ms, p99Ms, ...found } = await statistics(store, "a");
    assert.deepEqual({ ...found, successRate: found.successRate?.toFixed(1) }, {
      totalExecutions: 42,
      successful: 40,
      failed: 2,
      cancelled: 0,
      successRate: "95.2",
      avgMs: 12_500,
      lastExecutionAtMs: Date.parse("2026-01-16T10:30:00Z"),
    });
    assert.deepEqual([p50Ms, p95Ms, p99Ms, steps], [12_000, 13_000, 13_000, []]);
  },

  "open and cancelled executions count only in the total": async ({ store }) => {
    await ended(store, "completed", { tookMs: 2_000 });
    await ended(store, "cancelled", { tookMs: 90_000 });
    await createdIn(store, { at: startMs + 1 });
    await store.commit([claim(await createdIn(store, { at: startMs + 2 }), "me")]);
    assert.deepEqual(await statistics(store, "a"), {
      totalExecutions: 4,
      successful: 1,
      failed: 0,
      cancelled: 1,
      successRate: 100,
      avgMs: 2_000,
      p50Ms: 2_000,
      p95Ms: 2_000,
      p99Ms: 2_000,
      lastExecutionAtMs: startMs + 2,
      steps: [],
    });
  },

  "the statistics of one workflow ignore other workflows": async ({ store }) => {
    await ended(store, "failed", { name: "b" });
    assert.deepEqual(await statistics(store, "a"), {
      totalExecutions: 0,
      successful: 0,
      failed: 0,
      cancelled: 0,
      successRate: null,
      avgMs: null,
      p50Ms: null,
      p95Ms: null,
      p99Ms: null,
      lastExecutionAtMs: null,
      steps: [],
    });
    assert.equal((await statistics(store, "b")).successRate, 0);
  },

  "statistics match a direct count, for executions and for steps": async ({ store }) => {
    let last = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anEnd, { maxLength: 30 }), async (ends) => {
        const name = `w_${++last}`;
        for (const { status, tookMs } of ends) {
          const id = await createdIn(store, { name });
          await store.commit([claim(id, "me", startMs), begin(id, "me")]);
          await store.commit([
            complete(id, "me", { status, at: startMs + tookMs }),
            finish(id, "me", status, { at: startMs + 2 * tookMs }),
          ]);
        }
        const { steps, ...found } = await statistics(store, name);
        const timed = ends.filter(({ status }) => status !== "cancelled");
        const { avgMs, p50Ms, p95Ms, p99Ms } = found;
        assert.deepEqual(
          { avgMs, p50Ms, p95Ms, p99Ms },
          durationsOf(timed.map(({ tookMs }) => 2 * tookMs)),
        );
        assert.equal(found.totalExecutions, ends.length);
        assert.equal(found.cancelled, ends.length - timed.length);
        const [step] = steps;
        if (ends.length === 0) return assert.equal(step, undefined);
        assert.equal(step?.attempts, ends.length);
        assert.deepEqual(
          { avgMs: step.avgMs, p50Ms: step.p50Ms, p95Ms: step.p95Ms, p99Ms: step.p99Ms },
          durationsOf(timed.map(({ tookMs }) => tookMs)),
        );
      }),
      { numRuns: 12 },
    );
  },
};
