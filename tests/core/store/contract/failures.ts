/** Failures of a single operation, and of the whole store. */

import assert from "node:assert/strict";
import { badOperation, definition, stored } from "./commits.ts";
import type { Contract } from "./contract.ts";

/** More than fits on a full disk. */
const large = "x".repeat(200_000);

export const failureContract: Contract = {
  "a bad operation fails without affecting others": async ({ store }) => {
    const ids = Array.from({ length: 20 }, (_, index) => `d${index}`);
    const ends = await Promise.allSettled(
      ids.map((id, index) => store.commit([index === 7 ? badOperation() : definition(id)])),
    );
    const good = ids.filter((_, index) => index !== 7);
    assert.deepEqual(
      ends.flatMap(({ status }, at) => status === "fulfilled" ? [ids[at]] : []),
      good,
    );
    assert.deepEqual(await stored(store, ids), good);
  },

  "a store that cannot write refuses all commits at once, and recovers": async (opened) => {
    const { store } = opened;
    await store.commit([definition("before")]);
    const broken = await opened.breakWrites();
    const calls = Array.from({ length: 40 }, (_, index) => definition(`d${index}`, large));
    const ends = await Promise.allSettled(calls.map((call) => store.commit([call])));
    for (const end of ends) {
      assert.equal(end.status === "rejected" && end.reason.code, "store_unavailable");
    }
    assert.equal(broken.tries(), 1, "the store is tried once, not in parts");
    await broken.repair();
    const ids = calls.map(({ definitionId }) => definitionId);
    assert.deepEqual(await stored(store, ids), []);
    assert.deepEqual(await stored(store, ["before"]), ["before"]);
    await Promise.all(calls.map((call) => store.commit([call])));
    assert.deepEqual(await stored(store, ids), ids);
  },
};
