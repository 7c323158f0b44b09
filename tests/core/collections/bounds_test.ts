/** Bounds: a full agent is refused by the name of the setting, and nothing is evicted. */

import assert from "node:assert/strict";
import { z } from "zod";
import { boundsDefault } from "../../../core/collections/bounds.ts";
import { readRows } from "../../support/read_rows.ts";
import { failure } from "./failure.ts";
import { chains, plain, type Trial, tryCollections } from "./trial.ts";

const value = (strike: number) => ({ symbol: "AAPL", strike, iv: 1 });

/** The counters, after checking that they match the tables. */
async function counted(trial: Trial): Promise<{ values: number; bytes: number }> {
  const tables = ["collection_values", "collection_history"];
  const each = tables.map((table) =>
    `SELECT count(*) AS n, coalesce(sum(bytes), 0) AS b,
       coalesce(sum(length(CAST(key || coalesce(value, '') AS BLOB))), 0) AS real
     FROM ${table}`
  );
  const rows = await readRows(trial.temp.url, each.join(" UNION ALL "));
  const sum = (name: string): number => rows.reduce((all, row) => all + Number(row[name]), 0);
  assert.equal(sum("b"), sum("real"), "bytes count keys and values");
  const totals = [...trial.collections.totals.values()];
  const of = (name: "values" | "bytes"): number => totals.reduce((all, one) => all + one[name], 0);
  assert.equal(of("values"), sum("n"));
  assert.equal(of("bytes"), sum("b"));
  return { values: sum("n"), bytes: sum("b") };
}

for (const [kind, kept] of [["with history", chains], ["without history", plain]] as const) {
  Deno.test(`counters ${kind} match the stored values, also after a restart`, async () => {
    await using trial = await tryCollections();
    const { chains } = trial.load(kept);
    const other = trial.load({ notes: { key: ["id"], schema: z.object({ id: z.string() }) } }, "b");
    await chains.putMany([{ value: value(1) }, { value: value(2) }, { value: value(1) }]);
    trial.nowMs += 1_000;
    await chains.putMany([{ value: { ...value(1), iv: 1.25 } }, { value: value(3) }]);
    await chains.put({ ...value(1), iv: 12.5 }, { publicAtMs: trial.nowMs - 500 });
    await chains.delete(value(2));
    await other.notes.put({ id: "é😀" });
    const before = await counted(trial);
    await trial.restart();
    assert.deepEqual(await counted(trial), before);
  });
}

Deno.test("a full agent is refused with the setting's name, and keeps its values", async () => {
  await using trial = await tryCollections();
  const { chains } = trial.load(plain);
  trial.bounds = { ...boundsDefault, valuesMax: 3 };
  await chains.putMany([1, 2].map((strike) => ({ value: value(strike) })));
  const full = failure("collection_full", /raise collections\.values_max of "keeper" in agents/, {
    setting: "collections.values_max",
  });
  await assert.rejects(chains.putMany([3, 4].map((n) => ({ value: value(n) }))), full);
  assert.equal((await chains.list()).entries.length, 2);
  await chains.put(value(3));
  await assert.rejects(chains.put(value(4)), full);
  await chains.put({ ...value(3), iv: 2 });
  await chains.delete(value(1));
  await chains.put(value(4));
  // The bound also holds for concurrent writes.
  await chains.delete(value(4));
  const ends = await Promise.allSettled([5, 6, 7].map((strike) => chains.put(value(strike))));
  assert.deepEqual(ends.map(({ status }) => status), ["fulfilled", "rejected", "rejected"]);
  assert.equal((await counted(trial)).values, 3);
});

Deno.test("the byte bound covers all collections of an agent and all versions", async () => {
  await using trial = await tryCollections();
  const Note = z.object({ id: z.string(), text: z.string() });
  const kept = trial.load({
    one: { key: ["id"], schema: Note, history: true },
    two: { key: ["id"], schema: Note },
  });
  trial.bounds = { ...boundsDefault, bytesMax: 10_000 };
  await kept.one.put({ id: "a", text: "x".repeat(4_000) });
  await kept.one.put({ id: "a", text: "y".repeat(4_000) });
  const full = failure("collection_full", /collections\.bytes_max/);
  await assert.rejects(kept.two.put({ id: "a", text: "z".repeat(4_000) }), full);
  await assert.rejects(kept.one.put({ id: "a", text: "z".repeat(4_000) }), full);
  await kept.two.put({ id: "a", text: "short" });
  const other = trial.load({ one: { key: ["id"], schema: Note } }, "other");
  await other.one.put({ id: "a", text: "z".repeat(4_000) });
  await kept.one.delete({ id: "a" });
});

Deno.test("a value, a key and a batch are bounded", async () => {
  await using trial = await tryCollections();
  const Note = z.object({ id: z.string(), text: z.string() });
  const { notes } = trial.load({ notes: { key: ["id"], schema: Note } });
  const fixed = '{"id":"a","text":""}'.length;
  await notes.put({ id: "a", text: "x".repeat(1_000_000 - fixed) });
  const wrong = failure("invalid_input", /more than|over 32000000 bytes/);
  await assert.rejects(notes.put({ id: "a", text: "x".repeat(1_000_001 - fixed) }), wrong);
  await assert.rejects(notes.put({ id: "a", text: "é".repeat(500_000) }), wrong);
  await assert.rejects(notes.put({ id: "k".repeat(512), text: "" }), wrong);
  const large = Array.from({ length: 33 }, (_, n) => ({
    value: { id: `${n}`, text: "x".repeat(999_000) },
  }));
  await assert.rejects(notes.putMany(large), wrong);
  const many = Array.from({ length: 10_001 }, () => ({ value: { id: "b", text: "" } }));
  await assert.rejects(notes.putMany(many), /must have at most 10000 values/);
  await assert.rejects(notes.list({ limit: 1_001 }));
  assert.equal((await notes.list()).entries.length, 1);
});
