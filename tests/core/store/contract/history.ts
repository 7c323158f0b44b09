/** History, newest first, in pages that neither skip nor repeat. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { ExecutionId } from "../../../../core/ids.ts";
import type { Ask } from "../../../../core/store/query.ts";
import { claim, createdIn, finish } from "../execution_operations.ts";
import type { Contract } from "./contract.ts";

export const historyContract: Contract = {
  "history lists the newest first, by workflow, by status or all, up to the limit": async (
    { store },
  ) => {
    const made: ExecutionId[] = [];
    for (const name of ["a", "b", "a", "b", "a"]) made.push(await createdIn(store, { name }));
    const failed = made[1] as ExecutionId;
    await store.commit([claim(failed, "me")]);
    await store.commit([finish(failed, "me", "failed")]);
    const history = async (filter: Ask<"executions">): Promise<number[]> =>
      (await store.read({ read: "executions", ...filter })).map(({ executionId }) =>
        made.indexOf(executionId)
      );
    assert.deepEqual(await history({ limit: 10 }), [4, 3, 2, 1, 0]);
    assert.deepEqual(await history({ workflowName: "a", limit: 10 }), [4, 2, 0]);
    assert.deepEqual(await history({ workflowName: "b", limit: 1 }), [3]);
    assert.deepEqual(await history({ status: "failed", limit: 10 }), [1]);
    assert.deepEqual(await history({ workflowName: "a", status: "failed", limit: 10 }), []);
    assert.deepEqual(await history({ before: made[2], limit: 1 }), [1]);
    assert.deepEqual(await history({ workflowName: "nobody's", limit: 10 }), []);
  },

  "pages neither skip nor repeat executions while others are started": async (opened) => {
    const { store } = opened;
    const made: ExecutionId[] = [];
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 5 }),
        async (count, limit) => {
          for (let number = 0; number < count; number++) made.push(await createdIn(store));
          const before = made.length;
          const seen: ExecutionId[] = [];
          let last: ExecutionId | undefined;
          for (;;) {
            const page = await store.read({ read: "executions", before: last, limit });
            seen.push(...page.map(({ executionId }) => executionId));
            last = page.at(-1)?.executionId;
            if (page.length < limit) break;
            made.push(await createdIn(store));
          }
          assert.deepEqual(seen, made.slice(0, before).toReversed());
        },
      ),
      { numRuns: 8 },
    );
  },
};
