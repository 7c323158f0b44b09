/** Leases: who may advance an execution and until when; a lost lease blocks its owner. */

import assert from "node:assert/strict";
import {
  begin,
  claim,
  complete,
  createdIn,
  finish,
  leaseMs,
  renew,
  startMs,
} from "../execution_operations.ts";
import type { Contract } from "./contract.ts";

export const leaseContract: Contract = {
  "only the owner of the lease can change an execution": async ({ store }) => {
    const id = await createdIn(store);
    assert.deepEqual(await store.commit([begin(id, "me")]), [false], "nobody has claimed it");
    assert.deepEqual(await store.commit([claim(id, "me"), begin(id, "me")]), [true, true]);
    const look = () =>
      Promise.all([store.read({ read: "execution", id }), store.read({ read: "steps", id })]);
    const before = await look();
    assert.deepEqual(
      await store.commit([
        claim(id, "you", startMs + leaseMs - 1),
        complete(id, "you"),
        complete(id, "you", { result: JSON.stringify("x".repeat(200_000)) }),
        begin(id, "you", { index: 1 }),
        { kind: "park_execution", executionId: id, owner: "you", status: "paused", wakeAtMs: null },
        finish(id, "you", "completed"),
        renew(id, "you", startMs + 10 * leaseMs),
      ]),
      Array(7).fill(false),
    );
    assert.deepEqual(await look(), before);
  },

  "a claim that comes too late also rejects the first step": async ({ store }) => {
    const id = await createdIn(store);
    assert.deepEqual(await store.commit([claim(id, "me"), begin(id, "me")]), [true, true]);
    const late = [claim(id, "you"), begin(id, "you", { attempt: 2 })];
    assert.deepEqual(await store.commit(late), [false, false]);
    const steps = await store.read({ read: "steps", id });
    assert.deepEqual(steps.map(({ attempt }) => attempt), [1]);
  },

  "an expired lease can be claimed, and its first owner can change nothing more": async (
    opened,
  ) => {
    const { store } = opened;
    const id = await createdIn(store);
    await store.commit([claim(id, "me"), begin(id, "me")]);
    const lateMs = startMs + leaseMs;
    const claimable = (nowMs: number) => store.read({ read: "claimable", nowMs, limit: 10 });
    assert.deepEqual(await claimable(lateMs - 1), []);
    assert.deepEqual((await claimable(lateMs)).map(({ status }) => status), ["running"]);
    assert.deepEqual(await store.commit([claim(id, "you", lateMs)]), [true]);
    assert.deepEqual(await store.commit([complete(id, "me")]), [false]);
    assert.deepEqual(await store.commit([renew(id, "me", lateMs + leaseMs)]), [false]);
    assert.deepEqual(await store.read({ read: "lost_leases", ids: [id], owner: "me" }), [id]);
    assert.deepEqual(await store.read({ read: "lost_leases", ids: [id], owner: "you" }), []);
    const row = await store.read({ read: "execution", id });
    assert.equal(row?.startedAtMs, startMs, "it started once");
  },

  "of many concurrent claims, exactly one succeeds": async ({ store }) => {
    const id = await createdIn(store);
    const owners = Array.from({ length: 8 }, (_, index) => `owner_${index}`);
    const applied = await Promise.all(
      owners.map((owner) => store.commit([claim(id, owner), begin(id, owner)])),
    );
    // Claims in one transaction share a result; the lease decides which owner is valid.
    const begun = await store.read({ read: "steps", id });
    assert.equal(begun.length, 1);
    assert.ok(applied.some(([isClaimed]) => isClaimed));
    const lost = await Promise.all(
      owners.map((owner) => store.read({ read: "lost_leases", ids: [id], owner })),
    );
    assert.equal(lost.filter((ids) => ids.length === 0).length, 1);
  },

  "a renewed lease lasts until its new expiry": async ({ store }) => {
    const id = await createdIn(store);
    await store.commit([claim(id, "me")]);
    assert.deepEqual(await store.commit([renew(id, "me", startMs + 2 * leaseMs)]), [true]);
    const claimable = (nowMs: number) => store.read({ read: "claimable", nowMs, limit: 10 });
    assert.deepEqual(await claimable(startMs + leaseMs), []);
    assert.equal((await claimable(startMs + 2 * leaseMs)).length, 1);
  },

  "released leases can be claimed at once, and nothing else changes": async ({ store }) => {
    const [running, ended] = [await createdIn(store), await createdIn(store)];
    const pending = await createdIn(store);
    await store.commit([claim(running, "dead"), claim(ended, "dead")]);
    await store.commit([finish(ended, "dead", "completed")]);
    assert.deepEqual(await store.commit([{ kind: "release_all_leases" }]), [true]);
    const found = await store.read({ read: "claimable", nowMs: startMs, limit: 10 });
    assert.deepEqual(found.map(({ executionId, status }) => [executionId, status]), [
      [running, "running"],
      [pending, "pending"],
    ]);
    assert.deepEqual(await store.commit([claim(running, "me")]), [true]);
    assert.equal((await store.read({ read: "execution", id: ended }))?.status, "completed");
  },
};
