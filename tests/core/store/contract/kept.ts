/** Cached values of agents, and the agents' manifests. */

import assert from "node:assert/strict";
import type { Contract } from "./contract.ts";

function value(key: string, atMs: number, expiresAtMs = 1_000, owner = "a") {
  return { kind: "save_cached_value", owner, key, value: `"${key}"`, atMs, expiresAtMs } as const;
}

export const keptContract: Contract = {
  "a cached value belongs to its owner and expires": async ({ store }) => {
    await store.commit([value("k", 1), value("k", 1, 1_000, "b"), value("late", 1, 5_000)]);
    const get = (owner: string, key: string, atMs = 2) =>
      store.read({ read: "cached_value", owner, key, atMs });
    assert.deepEqual([await get("a", "k"), await get("b", "k")], ['"k"', '"k"']);
    assert.equal(await get("c", "k"), undefined);
    assert.deepEqual([await get("a", "k", 999), await get("a", "k", 1_000)], ['"k"', undefined]);
    await store.commit([{ ...value("k", 3), value: "2" }]);
    assert.equal(await get("a", "k"), "2");
    assert.deepEqual(await store.commit([{ kind: "drop_expired_values", atMs: 1_000 }]), [true]);
    assert.deepEqual(await store.read({ read: "cache_use", owner: "a" }), {
      entries: 1,
      bytes: 6,
    });
    assert.deepEqual(await store.read({ read: "cache_use", owner: "b" }), {
      entries: 0,
      bytes: 0,
    });
  },

  "evicting keeps an owner's newest values, by number and by length": async ({ store }) => {
    await store.commit([1, 2, 3, 4].map((atMs) => value(`k${atMs}`, atMs)));
    await store.commit([value("k1", 1, 1_000, "b")]);
    const left = async (): Promise<string[]> => {
      const keys = ["k1", "k2", "k3", "k4"];
      const found = await Promise.all(
        keys.map((key) => store.read({ read: "cached_value", owner: "a", key, atMs: 5 })),
      );
      return keys.filter((_, at) => found[at] !== undefined);
    };
    const evict = { kind: "evict_cached_values", owner: "a" } as const;
    await store.commit([{ ...evict, entriesMax: 3, bytesMax: 100 }]);
    assert.deepEqual(await left(), ["k2", "k3", "k4"]);
    await store.commit([{ ...evict, entriesMax: 3, bytesMax: 8 }]);
    assert.deepEqual(await left(), ["k3", "k4"]);
    assert.equal((await store.read({ read: "cache_use", owner: "b" })).entries, 1);
  },

  "agents are stored by file, and files that are no longer listed are deleted": async (opened) => {
    const agent = (file: string, contentHash: string) =>
      ({
        kind: "save_agent",
        file,
        agentId: file,
        contentHash,
        manifest: "{}",
        atMs: 1,
      }) as const;
    await opened.store.commit([agent("a.ts", "1"), agent("b.ts", "1")]);
    await opened.store.commit([
      agent("a.ts", "2"),
      agent("c.ts", "1"),
      { kind: "keep_agents", files: ["a.ts", "c.ts"] },
    ]);
    const kept = await (await opened.reopen()).read({ read: "scanned_agents" });
    assert.deepEqual(kept.toSorted((a, b) => a.file < b.file ? -1 : 1), [
      { file: "a.ts", agentId: "a.ts", contentHash: "2", manifest: "{}" },
      { file: "c.ts", agentId: "c.ts", contentHash: "1", manifest: "{}" },
    ]);
  },
};
