/** Upkeep of collections over time and across changes of their agents. */

import assert from "node:assert/strict";
import { z } from "zod";
import { eventually } from "../../support/eventually.ts";
import { failure } from "./failure.ts";
import { Chain, chains, plain, tryCollections } from "./trial.ts";

const value = (strike: number, iv = 1) => ({ symbol: "AAPL", strike, iv });
const dayMs = 86_400_000;

Deno.test("values that were not written within the retain time are deleted", async () => {
  await using trial = await tryCollections();
  const kept = { chains: { ...plain.chains, retain: "90d" } } as const;
  const { chains } = trial.load(kept);
  const many = Array.from({ length: 1_203 }, (_, strike) => ({ value: value(strike) }));
  await chains.putMany(many);
  trial.nowMs += 10 * dayMs;
  await chains.put(value(1, 2));
  trial.nowMs += 80 * dayMs;
  await trial.collections.tend();
  assert.equal(trial.collections.usesOf("keeper")[0]?.values, 1_203);
  trial.nowMs += 1;
  await trial.collections.tend();
  assert.deepEqual((await chains.list()).entries.map((one) => one.value), [value(1, 2)]);
  assert.equal(trial.collections.usesOf("keeper")[0]?.values, 1);
});

Deno.test("old replaced versions are deleted; reads before that are refused", async () => {
  await using trial = await tryCollections();
  const kept = { chains: { ...chains.chains, retain: "30d" } } as const;
  const { chains: keeper } = trial.load(kept);
  const t0 = trial.nowMs;
  await keeper.put(value(1, 1));
  trial.nowMs = t0 + 20 * dayMs;
  await keeper.put(value(1, 2));
  trial.nowMs = t0 + 40 * dayMs;
  await keeper.put(value(1, 3));
  trial.nowMs = t0 + 45 * dayMs;
  await trial.collections.tend();
  const shown = async (asOfMs: number) => (await keeper.get(value(1), { asOfMs }))?.value.iv;
  assert.equal(await shown(t0), 1, "it was replaced 25 days ago");
  trial.nowMs = t0 + 55 * dayMs;
  await trial.collections.tend();
  assert.equal(await shown(t0 + 26 * dayMs), 2);
  await assert.rejects(shown(t0), failure("as_of_refused", /its history begins at/));
  assert.equal(await shown(t0 + 41 * dayMs), 3);
  assert.equal(trial.collections.usesOf("keeper")[0]?.values, 2);
});

Deno.test("without retain, nothing is deleted", async () => {
  await using trial = await tryCollections();
  const { chains } = trial.load(plain);
  await chains.put(value(1));
  trial.nowMs += 10_000 * dayMs;
  await trial.collections.tend();
  assert.ok(await chains.get(value(1)));
});

Deno.test("values that do not fit a changed schema are reported and kept", async () => {
  await using trial = await tryCollections();
  const before = trial.load(plain).chains;
  await before.putMany(Array.from({ length: 450 }, (_, n) => ({ value: value(n, n % 3) })));
  const schema = Chain.extend({ iv: z.number().max(1) });
  const { chains } = trial.load({ chains: { key: ["symbol", "strike"], schema } });
  assert.equal(trial.collections.usesOf("keeper")[0]?.isChecked, false);
  await trial.collections.tend();
  const use = () => trial.collections.usesOf("keeper")[0];
  assert.equal(use()?.isChecked, true);
  assert.equal(use()?.misfits, 150);
  assert.equal(use()?.values, 450);
  assert.match(trial.log.join("\n"), /no longer fit its schema.*"misfits":150/);

  await assert.rejects(
    chains.get(value(2)),
    failure("value_misfit", /^Cannot read a value of collection "chains".*iv: .*put it again/),
  );
  const { entries, misfits, cursor } = await chains.list({ limit: 3 });
  assert.deepEqual(entries.map((one) => one.value.strike), [0, 1]);
  assert.deepEqual(misfits.map((one) => one.value), [value(2, 2)]);
  assert.match(misfits[0]?.problems.join() ?? "", /^iv: /);
  assert.ok(cursor);

  await chains.put(value(2, 0.5));
  await chains.delete(value(5));
  assert.equal(use()?.misfits, 148);
  await trial.restart();
  assert.equal(use()?.misfits, 148);
  trial.load(plain);
  await trial.collections.tend();
  assert.equal(use()?.misfits, 0, "with the old schema, all fit again");
});

Deno.test("existing values fit a schema with a new field that has a default", async () => {
  await using trial = await tryCollections();
  await trial.load(plain).chains.put(value(1));
  const schema = Chain.extend({ style: z.string().default("american") }).omit({ iv: true });
  const { chains } = trial.load({ chains: { key: ["symbol", "strike"], schema } });
  await trial.collections.tend();
  assert.equal(trial.collections.usesOf("keeper")[0]?.misfits, 0);
  const entry = await chains.get({ symbol: "AAPL", strike: 1 });
  assert.deepEqual(entry?.value, { symbol: "AAPL", strike: 1, style: "american" });
});

Deno.test("a collection that is no longer declared, or has another key, is orphaned and kept", async () => {
  await using trial = await tryCollections();
  await trial.load(plain).chains.put(value(1));
  const byStrike = { chains: { key: ["strike"], schema: Chain } } as const;
  const { chains } = trial.load(byStrike);
  assert.equal(await chains.get({ strike: 1 }), undefined);
  await chains.put(value(1, 7));
  const shown = () =>
    trial.collections.usesOf("keeper").map(({ key, isDeclared, values }) => [
      key.join(),
      isDeclared,
      values,
    ]);
  assert.deepEqual(shown(), [["strike", true, 1], ["symbol,strike", false, 1]]);
  trial.load({});
  assert.deepEqual(shown(), [["symbol,strike", false, 1], ["strike", false, 1]]);
  await trial.collections.tend();
  const again = trial.load(plain).chains;
  assert.equal((await again.get(value(1)))?.value.iv, 1, "it is found by its old key again");
});

Deno.test("values put under an old key are not written under the new key", async () => {
  await using trial = await tryCollections();
  const first = trial.load(plain).chains;
  const before = [first.put(value(1)), first.put(value(2))];
  const second = trial.load({ chains: { key: ["strike"], schema: Chain } }).chains;
  const after = [second.put(value(1, 7)), second.put(value(2, 8))];
  await Promise.all([...before, ...after]);
  assert.equal((await second.get({ strike: 2 }))?.value.iv, 8);
  assert.equal((await second.list()).entries.length, 2);
  const again = trial.load(plain).chains;
  assert.deepEqual((await again.list()).entries.map((one) => one.value), [value(1), value(2)]);
});

Deno.test("closing collections stops tending between two transactions", async () => {
  await using trial = await tryCollections();
  const kept = { chains: { ...plain.chains, retain: "1d" } } as const;
  const { chains } = trial.load(kept);
  for (let batch = 0; batch < 3; batch++) {
    const from = batch * 2_000;
    await chains.putMany(
      Array.from({ length: 2_000 }, (_, n) => ({ value: value(from + n) })),
    );
  }
  trial.nowMs += 2 * dayMs;
  const tending = trial.collections.tend();
  const left = () => trial.collections.usesOf("keeper")[0]?.values ?? 0;
  await eventually(() => left() < 6_000);
  await trial.collections.close();
  await tending;
  assert.ok(left() > 0 && left() % 1_000 === 0);
});
