/** What fails: an operation by its own fault, or the store as a whole. */

import assert from "node:assert/strict";
import { badOperation, definition, stored } from "./commits.ts";
import type { Contract } from "./contract.ts";

/** More than a full disk has room for. */
const large = "x".repeat(200_000);

export const failureContract: Contract = {
  "an operation that fails by its own fault falls alone": async ({ store }) => {
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

  "a store that can't write refuses all at once, and takes them once it can": async (opened) => {
    const { store } = opened;
    await store.commit([definition("before")]);
    const broken = await opened.breakWrites();
    const calls = Array.from({ length: 40 }, (_, index) => definition(`d${index}`, large));
    const ends = await Promise.allSettled(calls.map((call) => store.commit([call])));
    for (const end of ends) {
      assert.equal(end.status === "rejected" && end.reason.code, "store_unavailable");
    }
    assert.equal(broken.tries(), 1, "one transaction shows that the store fails");
    await broken.repair();
    const ids = calls.map(({ definitionId }) => definitionId);
    assert.deepEqual(await stored(store, ids), []);
    assert.deepEqual(await stored(store, ["before"]), ["before"]);
    await Promise.all(calls.map((call) => store.commit([call])));
    assert.deepEqual(await stored(store, ids), ids);
  },
};
