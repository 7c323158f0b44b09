/** Durable values of agents: writes, reads by key, pages, and conditional writes. */

import assert from "node:assert/strict";
import { z } from "zod";
import { failure } from "./failure.ts";
import { Chain, chains, plain, tryCollections } from "./trial.ts";

const aapl = { symbol: "AAPL", strike: 200, iv: 0.3 };
const aaplKey = { symbol: "AAPL", strike: 200 };

for (const [kind, kept] of [["with history", chains], ["without history", plain]] as const) {
  Deno.test(`a value ${kind} is read back as it was put, also by the next daemon`, async () => {
    await using trial = await tryCollections();
    const { chains } = trial.load(kept);
    assert.equal(await chains.get({ symbol: "AAPL", strike: 200 }), undefined);
    const { version } = await chains.put(aapl);
    const entry = {
      value: aapl,
      version,
      publicAtMs: trial.nowMs,
      recordedAtMs: trial.nowMs,
      firstSeenLate: false,
    };
    assert.deepEqual(await chains.get({ symbol: "AAPL", strike: 200 }), entry);
    await trial.restart();
    assert.deepEqual(await chains.get({ strike: 200, symbol: "AAPL" }), entry);
    assert.equal(await chains.get({ symbol: "AAPL", strike: 200.5 }), undefined);
  });

  Deno.test(`putting the same value ${kind} again adds no version; a different one does`, async () => {
    await using trial = await tryCollections();
    const { chains } = trial.load(kept);
    const first = await chains.put(aapl);
    trial.nowMs += 1_000;
    assert.deepEqual(await chains.put(aapl), first);
    const second = await chains.put({ ...aapl, iv: 0.4 });
    assert.ok(second.version > first.version);
    assert.equal((await chains.get(aapl))?.value.iv, 0.4);
  });

  Deno.test(`a deleted value ${kind} is gone and may be put again`, async () => {
    await using trial = await tryCollections();
    const { chains } = trial.load(kept);
    assert.equal(await chains.delete(aaplKey), false);
    const { version } = await chains.put(aapl);
    assert.equal(await chains.delete(aaplKey), true);
    assert.equal(await chains.get(aaplKey), undefined);
    assert.equal(await chains.delete(aaplKey), false);
    assert.deepEqual((await chains.list()).entries, []);
    const again = await chains.put(aapl);
    assert.ok(again.version > version, "a reader of the first value notices the change");
    assert.deepEqual((await chains.get(aaplKey))?.value, aapl);
  });

  Deno.test(`a conditional write ${kind} takes effect only on its version`, async () => {
    await using trial = await tryCollections();
    const { chains } = trial.load(kept);
    const { version } = await chains.put(aapl, { ifVersion: null });
    const conflict = failure("version_conflict", /it has version/, { index: 0, version });
    await assert.rejects(chains.put({ ...aapl, iv: 1 }, { ifVersion: null }), conflict);
    await assert.rejects(chains.put({ ...aapl, iv: 1 }, { ifVersion: version + 1 }), conflict);
    await assert.rejects(chains.delete(aaplKey, { ifVersion: version - 1 }), conflict);
    const next = await chains.put({ ...aapl, iv: 0.5 }, { ifVersion: version });
    assert.equal(await chains.delete(aaplKey, { ifVersion: next.version }), true);
    await assert.rejects(
      chains.put(aapl, { ifVersion: next.version }),
      failure("version_conflict", /no value exists/),
    );
  });

  Deno.test(`of concurrent writes ${kind} on one version, exactly one takes effect`, async () => {
    await using trial = await tryCollections();
    const { chains } = trial.load(kept);
    const { version } = await chains.put(aapl);
    const tries = Array.from(
      { length: 20 },
      (_, n) => chains.put({ ...aapl, iv: n }, { ifVersion: version }),
    );
    const ends = await Promise.allSettled(tries);
    assert.equal(ends.filter(({ status }) => status === "fulfilled").length, 1);
    const won = ends.findIndex(({ status }) => status === "fulfilled");
    assert.equal((await chains.get(aaplKey))?.value.iv, won);
  });
}

Deno.test("a batch is stored in order; one bad value refuses all and is named by index", async () => {
  await using trial = await tryCollections();
  const { chains } = trial.load(plain);
  const batch = Array.from({ length: 1_500 }, (_, n) => ({ value: { ...aapl, strike: n } }));
  const versions = await chains.putMany(batch);
  assert.equal(new Set(versions.map(({ version }) => version)).size, 1_500);
  assert.equal((await chains.list({ limit: 1_000 })).entries.length, 1_000);
  assert.deepEqual(await chains.putMany([]), []);

  const bad = { symbol: "MSFT", strike: 1, iv: "high" as unknown as number };
  const good = { value: { ...aapl, symbol: "MSFT" } };
  await assert.rejects(
    chains.putMany([good, { value: bad }]),
    failure("invalid_input", /^Cannot put value 1 into collection "chains": .*iv/),
  );
  await assert.rejects(
    chains.putMany([good, { ...good, ifVersion: 7 }]),
    failure("version_conflict", /^Cannot write value 1/),
  );
  assert.deepEqual((await chains.list({ prefix: { symbol: "MSFT" } })).entries, []);
});

Deno.test("without history, the last value of a batch is kept, whatever its public time", async () => {
  await using trial = await tryCollections();
  const { chains } = trial.load(plain);
  const at = (ago: number) => ({ publicAtMs: trial.nowMs - ago });
  const [late, early] = [{ value: aapl, ...at(0) }, { value: { ...aapl, iv: 9 }, ...at(5) }];
  for (const batch of [[late, early], [early, late], [late, early, late], [early, late, early]]) {
    await chains.putMany(batch);
    const last = batch.at(-1);
    const entry = await chains.get(aaplKey);
    assert.deepEqual([entry?.value, entry?.publicAtMs], [last?.value, last?.publicAtMs]);
  }
  assert.equal(trial.collections.usesOf("keeper")[0]?.values, 1);
});

Deno.test("concurrent writes to several collections each reach their own", async () => {
  await using trial = await tryCollections();
  const { one, two } = trial.load({ one: plain.chains, two: chains.chains });
  await Promise.all([0, 1, 2, 3].flatMap((strike) => [
    one.put({ symbol: "one", strike, iv: 1 }),
    two.put({ symbol: "two", strike, iv: 1 }),
  ]));
  for (const [symbol, kept] of Object.entries({ one, two })) {
    const { entries } = await kept.list();
    const keys = entries.map(({ value }) => `${value.symbol} ${value.strike}`);
    assert.deepEqual(keys, [0, 1, 2, 3].map((strike) => `${symbol} ${strike}`));
  }
});

Deno.test("the daemon checks values by the manifest even if a host did not", async () => {
  await using trial = await tryCollections();
  trial.load(plain);
  const { put } = trial.collections.capabilities;
  const values = [{ ...aapl, iv: "high" }, { symbol: "AAPL", strike: 1 }, {
    ...aapl,
    symbol: "\n",
  }];
  for (const value of values) {
    const entries = [{ value: aapl }, { value }];
    await assert.rejects(
      put({ collection: "chains", entries }, "keeper"),
      failure("invalid_input", /^Cannot put value 1 into collection "chains"/),
    );
  }
  assert.equal(trial.collections.usesOf("keeper")[0]?.values, 0);
});

Deno.test("pages follow the order of key parts, numbers by value, in both directions", async () => {
  await using trial = await tryCollections();
  const { chains } = trial.load(plain);
  const strikes = [-10, -2.5, 0, 3, 20, 100, 1e9];
  const symbols = ["A", "AA", "B", "É", "😀"];
  const shuffled = symbols.toReversed().flatMap((symbol) =>
    strikes.toReversed().map((strike) => ({ value: { symbol, strike, iv: 1 } }))
  );
  await chains.putMany(shuffled);
  const all = symbols.flatMap((symbol) => strikes.map((strike) => `${symbol} ${strike}`));
  for (const descending of [false, true]) {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await chains.list({ limit: 4, cursor, descending });
      assert.ok(page.entries.length <= 4);
      found.push(...page.entries.map(({ value }) => `${value.symbol} ${value.strike}`));
      cursor = page.cursor;
    } while (cursor !== undefined);
    assert.deepEqual(found, descending ? all.toReversed() : all);
  }
  const some = await chains.list({ prefix: { symbol: "AA" }, from: -2.5, to: 20 });
  assert.deepEqual(some.entries.map(({ value }) => value.strike), [-2.5, 0, 3, 20]);
  assert.equal(some.cursor, undefined);
  const upTo = await chains.list({ to: "A" });
  assert.deepEqual(upTo.entries.map(({ value }) => value.strike), strikes);
});

Deno.test("a page of large values is shorter, and the next page continues after it", async () => {
  await using trial = await tryCollections();
  const Note = z.object({ at: z.int(), text: z.string() });
  const { notes } = trial.load({ notes: { key: ["at"], schema: Note, history: true } });
  const text = "x".repeat(900_000);
  for (let at = 0; at < 9; at++) await notes.put({ at, text });
  for (const asOfMs of [undefined, trial.nowMs]) {
    const first = await notes.list({ asOfMs });
    assert.deepEqual(first.entries.map(({ value }) => value.at), [0, 1, 2, 3, 4]);
    const second = await notes.list({ asOfMs, cursor: first.cursor });
    assert.deepEqual(second.entries.map(({ value }) => value.at), [5, 6, 7, 8]);
    assert.equal(second.cursor, undefined);
  }
});

Deno.test("a page takes leading parts of the key and only its own cursor", async () => {
  await using trial = await tryCollections();
  const { chains } = trial.load(plain);
  await chains.putMany([{ value: aapl }, { value: { ...aapl, symbol: "MSFT" } }]);
  const { cursor } = await chains.list({ limit: 1 });
  const wrong = failure("invalid_input", /^Cannot (use|list) /);
  await assert.rejects(chains.list({ prefix: { strike: 200 } }), wrong);
  await assert.rejects(chains.list({ prefix: aaplKey, from: 3 }), wrong);
  await assert.rejects(chains.list({ cursor, prefix: { symbol: "MSFT" } }), wrong);
  await assert.rejects(chains.get({ symbol: "AAPL" } as typeof aaplKey), wrong);
});

Deno.test("agents do not see each other's collections, whatever they request", async () => {
  await using trial = await tryCollections();
  const mine = trial.load(plain).chains;
  const theirs = trial.load(plain, "other").chains;
  await mine.put(aapl);
  assert.equal(await theirs.get(aaplKey), undefined);
  await theirs.put({ ...aapl, iv: 9 });
  assert.equal((await mine.get(aaplKey))?.value.iv, 0.3);
  const { get, put } = trial.collections.capabilities;
  const asked = { collection: "chains", key: ["AAPL", 200] };
  await assert.rejects(get({ ...asked, agent: "keeper" }, "other"));
  await assert.rejects(
    get(asked, "stranger"),
    failure("unknown_collection", /does not declare it/),
  );
  await assert.rejects(
    put({ collection: "chain", entries: [] }, "keeper"),
    failure("unknown_collection", /did you mean "chains"/),
  );
});

Deno.test("values keep every character of JSON", async () => {
  await using trial = await tryCollections();
  const Note = z.object({ id: z.string(), text: z.string() });
  const { notes } = trial.load({ notes: { key: ["id"], schema: Note } });
  for (const text of ["", "a\0b", "half \ud800", "é😀\u{10ffff}", '"\\\n', "\u2028"]) {
    await notes.put({ id: "one", text });
    assert.equal((await notes.get({ id: "one" }))?.value.text, text);
    assert.deepEqual((await notes.list()).entries.map(({ value }) => value.text), [text]);
  }
});

Deno.test("a schema's defaults are stored with the value", async () => {
  await using trial = await tryCollections();
  const schema = Chain.extend({ iv: z.number().default(0.2) });
  const { chains } = trial.load({ chains: { key: ["symbol"], schema } });
  await chains.put({ symbol: "AAPL", strike: 1 } as z.output<typeof schema>);
  assert.equal((await chains.get({ symbol: "AAPL" }))?.value.iv, 0.2);
});
