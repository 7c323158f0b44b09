/** Results of steps: of any length, whole for expressions, summarised for people. */

import assert from "node:assert/strict";
import { begin, claim, complete, createdIn, startMs } from "../execution_operations.ts";
import type { Contract } from "./contract.ts";

const large = JSON.stringify({ text: "büyük ".repeat(60_000) });

export const resultContract: Contract = {
  "a result of any length is read back whole, also after a restart": async (opened) => {
    const id = await createdIn(opened.store);
    await opened.store.commit([claim(id, "me"), begin(id, "me"), begin(id, "me", { index: 1 })]);
    const ends = [complete(id, "me", { result: large }), complete(id, "me", { index: 1 })];
    assert.deepEqual(await opened.store.commit(ends), [true, true]);
    const store = await opened.reopen();
    const steps = await store.read({ read: "steps", id });
    assert.deepEqual(steps.map(({ result }) => result), [large, '{"ok":true}']);
    const step = { id, step: "step_0", item: -1 };
    assert.equal(await store.read({ read: "step_result", ...step }), large);
    const { steps: [shown] } = await store.read({ read: "step_views", id });
    assert.deepEqual([shown?.result, shown?.resultBytes], [large, null]);
  },

  "a large result committed while the store closes is stored": async (opened) => {
    const id = await createdIn(opened.store);
    await opened.store.commit([claim(id, "me"), begin(id, "me")]);
    const commit = opened.store.commit([complete(id, "me", { result: large })]);
    const store = await opened.reopen();
    assert.deepEqual(await commit, [true]);
    assert.equal((await store.read({ read: "steps", id }))[0]?.result, large);
  },

  "steps are read with the requested results": async ({ store }) => {
    const id = await createdIn(store);
    await store.commit([claim(id, "me"), ...[0, 1, 2].map((index) => begin(id, "me", { index }))]);
    await store.commit(
      [0, 1, 2].map((index) =>
        complete(id, "me", { index, result: index === 2 ? large : `${index}` })
      ),
    );
    const results = async (resultsOf?: readonly number[]) =>
      (await store.read({ read: "steps", id, resultsOf })).map(({ result }) => result);
    assert.deepEqual(await results(), ["0", "1", large]);
    assert.deepEqual(await results([1]), [null, "1", null]);
    assert.deepEqual(await results([2]), [null, null, large]);
    assert.deepEqual(await results([]), [null, null, null]);
  },

  "a result over a megabyte is omitted from its step and read separately": async ({ store }) => {
    const id = await createdIn(store);
    const huge = JSON.stringify("x".repeat(2 ** 20));
    await store.commit([claim(id, "me"), begin(id, "me")]);
    await store.commit([complete(id, "me", { result: huge })]);
    const { steps: [shown] } = await store.read({ read: "step_views", id });
    assert.deepEqual([shown?.result, shown?.resultBytes], [null, huge.length]);
    assert.equal(await store.read({ read: "step_result", id, step: "step_0", item: -1 }), huge);
  },

  "items are summarised, and listed in pages with their latest attempts": async ({ store }) => {
    const id = await createdIn(store);
    const items = [0, 1, 2, 3];
    await store.commit([claim(id, "me"), ...items.map((item) => begin(id, "me", { item }))]);
    await store.commit([
      ...items.slice(0, 3).map((item) =>
        complete(id, "me", {
          item,
          at: startMs + item,
          status: item === 1 ? "failed" : "completed",
        })
      ),
      begin(id, "me", { item: 1, attempt: 2, at: startMs + 5 }),
    ]);
    await store.commit([complete(id, "me", { item: 1, attempt: 2, result: "7" })]);
    const { steps, items: [summed] } = await store.read({ read: "step_views", id });
    assert.deepEqual(steps, []);
    assert.deepEqual(
      [summed?.begun, summed?.completed, summed?.failed, summed?.running],
      [4, 3, 0, 1],
    );
    const page = await store.read({
      read: "item_views",
      id,
      step: "step_0",
      fromItem: 1,
      limit: 2,
    });
    assert.deepEqual(
      page.map(({ item, attempt, status, result }) => [item, attempt, status, result]),
      [[1, 2, "completed", "7"], [2, 1, "completed", '{"ok":true}']],
    );
    const result = (item: number) => store.read({ read: "step_result", id, step: "step_0", item });
    assert.deepEqual([await result(1), await result(3)], ["7", undefined]);
  },
};
