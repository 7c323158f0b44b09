/** As of an earlier instant, an agent has a separate cache for that instant. */

import assert from "node:assert/strict";
import { Cache } from "../../../core/cache/cache.ts";
import { openTempStore } from "../../support/temp_store.ts";

const hourMs = 3_600_000;
const asOfMs = Date.UTC(2026, 0, 1);
const miss = { hit: false };

Deno.test("a value cached at an instant exists neither at another nor now", async () => {
  await using temp = await openTempStore();
  const { capabilities, pastCapabilities } = new Cache(temp.store);
  const kept = (value: string) => ({ key: "k", value, ttl_ms: hourMs });
  await capabilities.set(kept("now"), "a");
  assert.deepEqual(await pastCapabilities.get({ key: "k" }, "a", asOfMs), miss);
  await pastCapabilities.set(kept("then"), "a", asOfMs);
  assert.deepEqual(await pastCapabilities.get({ key: "k" }, "a", asOfMs), {
    hit: true,
    value: "then",
  });
  assert.deepEqual(await pastCapabilities.get({ key: "k" }, "a", asOfMs - 1), miss);
  assert.deepEqual(await pastCapabilities.get({ key: "k" }, "a", asOfMs + 1), miss);
  assert.deepEqual(await pastCapabilities.get({ key: "k" }, "b", asOfMs), miss);
  assert.deepEqual(await capabilities.get({ key: "k" }, "a"), { hit: true, value: "now" });
});

Deno.test("values cached at an instant evict no current ones", async () => {
  await using temp = await openTempStore();
  const cache = new Cache(temp.store, Date.now, { entriesMax: 5, bytesMax: 1_000 });
  await cache.capabilities.set({ key: "k", value: 1, ttl_ms: hourMs }, "a");
  for (let n = 0; n < 20; n++) {
    await cache.pastCapabilities.set({ key: `k${n}`, value: n, ttl_ms: hourMs }, "a", asOfMs);
  }
  assert.equal((await cache.capabilities.get({ key: "k" }, "a")).hit, true);
  assert.equal((await cache.pastCapabilities.get({ key: "k0" }, "a", asOfMs)).hit, false);
});

Deno.test("a value cached at an instant expires within an hour of real time", async () => {
  await using temp = await openTempStore();
  let nowMs = Date.UTC(2026, 5, 1);
  const cache = new Cache(temp.store, () => nowMs);
  const { get, set } = cache.pastCapabilities;
  await set({ key: "k", value: 1, ttl_ms: 24 * hourMs }, "a", asOfMs);
  nowMs += hourMs - 1;
  assert.equal((await get({ key: "k" }, "a", asOfMs)).hit, true);
  nowMs += 1;
  assert.equal((await get({ key: "k" }, "a", asOfMs)).hit, false);
});
