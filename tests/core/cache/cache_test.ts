/** Cached values of agents: expiry, owners, bounds. */

import assert from "node:assert/strict";
import { z } from "zod";
import { Cache } from "../../../core/cache/cache.ts";
import type { Store } from "../../../core/store/store.ts";
import { openTempStore, type TempStore } from "../../support/temp_store.ts";

interface Trial extends AsyncDisposable {
  readonly cache: Cache;
  readonly store: Store;
  readonly temp: TempStore;
  nowMs: number;
  get(key: string, agent?: string): Promise<unknown>;
  set(key: string, value: unknown, ttlMs?: number, agent?: string): Promise<unknown>;
  count(): Promise<number>;
}

async function tryCache(): Promise<Trial> {
  const temp = await openTempStore();
  const cache = new Cache(temp.store, () => trial.nowMs);
  const trial: Trial = {
    cache,
    store: temp.store,
    temp,
    nowMs: Date.UTC(2026, 0, 16),
    get: (key, agent = "a") => cache.capabilities.get({ key }, agent),
    set: (key, value, ttl_ms = 60_000, agent = "a") =>
      cache.capabilities.set({ key, value, ttl_ms }, agent),
    count: async () => {
      const [row] = await temp.store.database.read("SELECT count(*) AS count FROM agent_cache");
      return Number(row?.count);
    },
    [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose](),
  };
  return trial;
}

const miss = { hit: false };

/** The error that the bus reports as `invalid_input`. */
const isRefusal = (thrown: unknown): boolean => thrown instanceof z.ZodError;

Deno.test("a value is read back unchanged until it expires", async () => {
  await using trial = await tryCache();
  const value = { price: 258.71, list: [1, null, "é😀"], nested: { true: true } };
  assert.deepEqual(await trial.get("quote"), miss);
  await trial.set("quote", value, 60_000);
  assert.deepEqual(await trial.get("quote"), { hit: true, value });
  trial.nowMs += 59_999;
  assert.deepEqual(await trial.get("quote"), { hit: true, value });
  trial.nowMs += 1;
  assert.deepEqual(await trial.get("quote"), miss);
});

Deno.test("every JSON value can be cached, including empty ones", async () => {
  await using trial = await tryCache();
  for (const value of [null, false, 0, "", [], {}, "\ud800", "a\0b", 1e300]) {
    await trial.set("key", value);
    assert.deepEqual(await trial.get("key"), { hit: true, value });
  }
});

Deno.test("a later value replaces the earlier one and its expiry", async () => {
  await using trial = await tryCache();
  await trial.set("key", 1, 1_000);
  await trial.set("key", 2, 10_000);
  trial.nowMs += 5_000;
  assert.deepEqual(await trial.get("key"), { hit: true, value: 2 });
  assert.equal(await trial.count(), 1);
});

Deno.test("a fractional time is rounded up to milliseconds", async () => {
  await using trial = await tryCache();
  await trial.set("key", 1, 0.1 + 0.2);
  assert.deepEqual(await trial.get("key"), { hit: true, value: 1 });
  trial.nowMs += 1;
  assert.deepEqual(await trial.get("key"), miss);
});

Deno.test("agents don't see each other's values", async () => {
  await using trial = await tryCache();
  await trial.set("key", "a's", 60_000, "a");
  assert.deepEqual(await trial.get("key", "b"), miss);
  await trial.set("key", "b's", 60_000, "b");
  assert.deepEqual(await trial.get("key", "a"), { hit: true, value: "a's" });
  assert.deepEqual(await trial.get("key", "b"), { hit: true, value: "b's" });
});

Deno.test("hits and misses are counted by agent", async () => {
  await using trial = await tryCache();
  assert.deepEqual(trial.cache.countsOf("a"), { hits: 0, misses: 0 });
  await trial.get("key");
  await trial.set("key", 1);
  for (let asked = 0; asked < 4; asked++) await trial.get("key");
  await trial.get("key", "b");
  assert.deepEqual(trial.cache.countsOf("a"), { hits: 4, misses: 1 });
  assert.deepEqual(trial.cache.countsOf("b"), { hits: 0, misses: 1 });
});

Deno.test("values survive a restart of the daemon", async () => {
  await using trial = await tryCache();
  await trial.set("key", "kept");
  const store = await trial.temp.reopen();
  const cache = new Cache(store, () => trial.nowMs);
  assert.deepEqual(await cache.capabilities.get({ key: "key" }, "a"), { hit: true, value: "kept" });
});

Deno.test("sweep() deletes expired values and nothing else", async () => {
  await using trial = await tryCache();
  await Promise.all([trial.set("short", 1, 1_000), trial.set("long", 2, 10_000)]);
  await trial.set("other", 3, 500, "b");
  await trial.cache.sweep();
  assert.equal(await trial.count(), 3);
  trial.nowMs += 1_000;
  await trial.cache.sweep();
  assert.equal(await trial.count(), 1);
  assert.deepEqual(await trial.get("long"), { hit: true, value: 2 });
  await trial.cache.sweep();
});

Deno.test("input out of bounds is refused, and nothing is stored", async () => {
  await using trial = await tryCache();
  const { set, get } = trial.cache.capabilities;
  const dayMs = 24 * 60 * 60 * 1_000;
  const whole = { key: "key", value: 1, ttl_ms: 1_000 };
  const wrong = [
    { ...whole, key: "" },
    { ...whole, key: "k".repeat(513) },
    { ...whole, key: "a\0b" },
    { ...whole, key: "half \ud800" },
    { ...whole, ttl_ms: 0 },
    { ...whole, ttl_ms: -1 },
    { ...whole, ttl_ms: 30 * dayMs + 1 },
    { ...whole, ttl_ms: "1000" },
    { ...whole, value: "v".repeat(1_000_000) },
    { ...whole, value: undefined },
    { key: "key", ttl_ms: 1_000 },
    { ...whole, extra: true },
    null,
    "key",
  ];
  for (const input of wrong) await assert.rejects(set(input, "a"), isRefusal);
  for (const input of [{}, { key: "" }, { key: "key", extra: 1 }, []]) {
    await assert.rejects(get(input, "a"), isRefusal);
  }
  assert.equal(await trial.count(), 0);
  await set(
    { ...whole, key: "k".repeat(512), value: "v".repeat(999_998), ttl_ms: 30 * dayMs },
    "a",
  );
  assert.equal(await trial.count(), 1);
});

Deno.test("an agent keeps at most its bound of entries: its oldest are evicted", async () => {
  await using temp = await openTempStore();
  let nowMs = 1_000;
  const bounds = { entriesMax: 10, bytesMax: 1_000_000 };
  const cache = new Cache(temp.store, () => nowMs++, bounds);
  const { get, set } = cache.capabilities;
  await set({ key: "k", value: 1, ttl_ms: 60_000 }, "other");
  for (let n = 0; n < 25; n++) await set({ key: `k${n}`, value: n, ttl_ms: 60_000 }, "agent");
  const rows = await temp.store.database.read(
    "SELECT agent_id, count(*) AS entries FROM agent_cache GROUP BY agent_id",
  );
  const entries = Object.fromEntries(rows.map((row) => [row.agent_id, Number(row.entries)]));
  assert.ok(entries.agent !== undefined && entries.agent <= 10 && entries.agent >= 9);
  assert.equal(entries.other, 1);
  assert.equal((await get({ key: "k24" }, "agent")).hit, true);
  assert.equal((await get({ key: "k0" }, "agent")).hit, false);
  assert.ok(cache.evictions > 0);
});

Deno.test("an agent keeps at most its bound of characters, also after a restart", async () => {
  await using temp = await openTempStore();
  const bounds = { entriesMax: 1_000, bytesMax: 1_000 };
  let nowMs = 1_000;
  const set = async (n: number): Promise<void> => {
    const { capabilities } = new Cache(temp.store, () => nowMs++, bounds);
    await capabilities.set({ key: `k${n}`, value: "x".repeat(98), ttl_ms: 60_000 }, "agent");
  };
  for (let n = 0; n < 30; n++) await set(n);
  const [row] = await temp.store.database.read(
    "SELECT sum(length(value)) AS used FROM agent_cache",
  );
  assert.ok(Number(row?.used) <= 1_000);
});
