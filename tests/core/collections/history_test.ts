/** The two times of a value: when it became public, and when it was recorded. */

import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { z } from "zod";
import type { Collection } from "100ac";
import { failure } from "./failure.ts";
import { type Chain, chains, plain, tryCollections } from "./trial.ts";

const key = { symbol: "AAPL", strike: 200 };
const valued = (iv: number) => ({ ...key, iv });
const dayMs = 86_400_000;

Deno.test("a read as of an instant returns what was public then", async () => {
  await using trial = await tryCollections();
  const { chains: kept } = trial.load(chains);
  const t0 = trial.nowMs;
  await kept.put(valued(1), { publicAtMs: t0 - 10 * dayMs });
  trial.nowMs = t0 + dayMs;
  // A revision without a date becomes public when it is recorded.
  await kept.put(valued(2));
  trial.nowMs = t0 + 5 * dayMs;
  await kept.put(valued(3), { publicAtMs: t0 + 3 * dayMs });

  const shown = async (asOfMs: number) => (await kept.get(key, { asOfMs }))?.value.iv;
  assert.equal(await shown(t0 - 10 * dayMs - 1), undefined);
  assert.equal(await shown(t0 - 10 * dayMs), 1);
  assert.equal(await shown(t0 + dayMs - 1), 1);
  assert.equal(await shown(t0 + dayMs), 2);
  assert.equal(await shown(t0 + 3 * dayMs), 3);
  assert.equal((await kept.get(key))?.value.iv, 3);

  const recorded = async (recordedByMs: number) =>
    (await kept.get(key, { recordedByMs }))?.value.iv;
  assert.equal(await recorded(t0 - 1), undefined);
  assert.equal(await recorded(t0), 1);
  assert.equal(await recorded(t0 + 4 * dayMs), 2, "the third was public but not yet recorded");
  const both = await kept.get(key, { asOfMs: t0 + 4 * dayMs, recordedByMs: t0 });
  assert.equal(both?.value.iv, 1);
});

Deno.test("the first version of a value is marked if it was recorded late", async () => {
  await using trial = await tryCollections();
  const { chains: kept } = trial.load(chains);
  const publicAtMs = trial.nowMs - dayMs;
  await kept.put(valued(1), { publicAtMs });
  const first = await kept.get(key);
  assert.equal(first?.firstSeenLate, true);
  assert.equal(first?.publicAtMs, publicAtMs);
  assert.equal(first?.recordedAtMs, trial.nowMs);
  await kept.put(valued(2), { publicAtMs: publicAtMs + 1 });
  assert.equal((await kept.get(key))?.firstSeenLate, false, "a revision is not a first version");
  assert.equal((await kept.get(key, { asOfMs: publicAtMs }))?.firstSeenLate, true);
});

Deno.test("an earlier version recorded later enters the past, not the present", async () => {
  await using trial = await tryCollections();
  const { chains: kept } = trial.load(chains);
  const t0 = trial.nowMs;
  await kept.put(valued(2), { publicAtMs: t0 - dayMs });
  await kept.putMany([
    { value: valued(0), publicAtMs: t0 - 3 * dayMs },
    { value: valued(1), publicAtMs: t0 - 2 * dayMs },
  ]);
  assert.equal((await kept.get(key))?.value.iv, 2);
  assert.equal((await kept.get(key, { asOfMs: t0 - 2 * dayMs }))?.value.iv, 1);
  assert.equal((await kept.get(key, { asOfMs: t0 - 3 * dayMs }))?.value.iv, 0);
  const [{ values = 0 } = {}] = trial.collections.usesOf("keeper");
  assert.equal(values, 3);
  // Repeating a load adds nothing.
  await kept.putMany([
    { value: valued(0), publicAtMs: t0 - 3 * dayMs },
    { value: valued(1), publicAtMs: t0 - 2 * dayMs },
    { value: valued(2), publicAtMs: t0 - dayMs },
  ]);
  assert.equal(trial.collections.usesOf("keeper")[0]?.values, 3);
});

Deno.test("a deleted value is still read as of an earlier instant", async () => {
  await using trial = await tryCollections();
  const { chains: kept } = trial.load(chains);
  const t0 = trial.nowMs;
  await kept.put(valued(1));
  trial.nowMs += dayMs;
  await kept.delete(key);
  trial.nowMs += dayMs;
  const listed = async (asOfMs?: number) =>
    (await kept.list({ asOfMs })).entries.map(({ value }) => value.iv);
  assert.deepEqual(await listed(), []);
  assert.deepEqual(await listed(t0 + dayMs), []);
  assert.deepEqual(await listed(t0 + dayMs - 1), [1]);
  await kept.put(valued(1));
  assert.deepEqual(await listed(), [1]);
  assert.deepEqual(await listed(t0 + dayMs), [], "it was not back yet");
});

Deno.test("a public time in the future is refused; a clock slightly ahead counts as now", async () => {
  await using trial = await tryCollections();
  const { chains: kept } = trial.load(chains);
  await assert.rejects(
    kept.put(valued(1), { publicAtMs: trial.nowMs + dayMs }),
    failure("invalid_input", /public time is in the future/),
  );
  await kept.put(valued(1), { publicAtMs: trial.nowMs + 1_000 });
  assert.equal((await kept.get(key, { asOfMs: trial.nowMs }))?.publicAtMs, trial.nowMs);
});

Deno.test("after a clock was set back, a new value is still visible", async () => {
  await using trial = await tryCollections();
  const { chains: kept } = trial.load(chains);
  await kept.put(valued(1));
  trial.nowMs -= dayMs;
  await kept.put(valued(2));
  assert.equal((await kept.get(key))?.value.iv, 2);
  assert.equal(await kept.delete(key), true);
  assert.equal(await kept.get(key), undefined);
});

Deno.test("a request as of an instant reads what was public by then and writes nothing", async () => {
  await using trial = await tryCollections();
  const now = trial.load(chains).chains;
  const t0 = trial.nowMs;
  await now.put(valued(1), { publicAtMs: t0 - dayMs });
  trial.nowMs += dayMs;
  await now.put(valued(2));
  const then = trial.load(chains, "keeper", t0 - dayMs).chains;
  const entry = await then.get(key);
  assert.equal(entry?.value.iv, 1);
  assert.equal(entry?.recordedAtMs, t0 - dayMs, "the later time of recording is hidden");
  assert.equal((await then.get(key, { asOfMs: trial.nowMs }))?.value.iv, 1);
  assert.deepEqual((await then.list()).entries.map(({ value }) => value.iv), [1]);
  assert.equal(await then.get(key, { asOfMs: t0 - 2 * dayMs }), undefined);
  // The bus refuses capabilities that are missing here.
  assert.deepEqual(Object.keys(trial.collections.pastCapabilities), ["get", "list"]);
});

Deno.test("without history, a read as of an instant is refused", async () => {
  await using trial = await tryCollections();
  const { chains: kept } = trial.load(plain);
  await kept.put(valued(1));
  const refused = failure("as_of_refused", /keeps no history; declare "history: true"/);
  await assert.rejects(kept.get(key, { asOfMs: trial.nowMs }), refused);
  await assert.rejects(kept.list({ recordedByMs: trial.nowMs }), refused);
  const then = trial.load(plain, "keeper", trial.nowMs).chains;
  await assert.rejects(then.get(key), refused);
});

Deno.test("history declared later begins when values were last replaced without it", async () => {
  await using trial = await tryCollections();
  const t0 = trial.nowMs;
  const before = trial.load(plain).chains;
  await before.put(valued(1));
  await before.put({ ...valued(1), strike: 1 });
  trial.nowMs += dayMs;
  await before.put(valued(2));
  trial.nowMs += dayMs;
  const after = trial.load(chains).chains;
  await after.put(valued(3));
  assert.equal((await after.get(key, { asOfMs: t0 + dayMs }))?.value.iv, 2);
  await assert.rejects(
    after.get(key, { asOfMs: t0 + dayMs - 1 }),
    failure("as_of_refused", /its history begins at 2026-03-02T00:00:00.000Z/),
  );
});

/** A version in the model: the same rules, applied to a list. */
interface Version {
  readonly strike: number;
  readonly iv: number | undefined;
  readonly publicAtMs: number;
  readonly recordedAtMs: number;
  readonly order: number;
}

const step = fc.record({
  strike: fc.integer({ min: 0, max: 2 }),
  iv: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
  ago: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined }),
  wait: fc.integer({ min: 0, max: 2 }),
});

Deno.test("reads as of any instant match a model list of versions", async () => {
  await using trial = await tryCollections();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 6 }),
      async (rounds) => {
        const t0 = trial.nowMs = Date.UTC(2026, 0, 1);
        const { chains: kept } = trial.load(chains, `keeper${run++}`);
        const versions: Version[] = [];
        for (const round of rounds) {
          trial.nowMs += round[0]?.wait ?? 0;
          await writeRound(kept, round, trial.nowMs, versions);
        }
        for (let at = t0 - 7; at <= trial.nowMs; at++) {
          const asOf = await kept.list({ asOfMs: at });
          assert.deepEqual(asOf.entries.map(({ value }) => value), shownIn(versions, at, Infinity));
          const recordedBy = await kept.list({ recordedByMs: at });
          const model = shownIn(versions, Infinity, at);
          assert.deepEqual(recordedBy.entries.map(({ value }) => value), model);
        }
        const { entries } = await kept.list();
        assert.deepEqual(entries.map(({ value }) => value), shownIn(versions, Infinity, Infinity));
      },
    ),
    { numRuns: 40 },
  );
});

type KeptChains = Collection<z.output<typeof Chain>, "symbol" | "strike">;

/** Puts a round's values as one batch, then performs its deletes, in the store and the model. */
async function writeRound(
  kept: KeptChains,
  round: readonly { strike: number; iv: number | undefined; ago: number | undefined }[],
  nowMs: number,
  versions: Version[],
): Promise<void> {
  const puts = round.flatMap(({ strike, iv, ago }) =>
    iv === undefined ? [] : [{
      value: { symbol: "A", strike, iv },
      ...(ago === undefined ? {} : { publicAtMs: nowMs - ago }),
    }]
  );
  await kept.putMany(puts);
  for (const { value: { strike, iv }, publicAtMs = nowMs } of puts) {
    const [shown] = shownIn(versions.filter((one) => one.strike === strike), publicAtMs, Infinity);
    if (shown?.iv === iv) continue;
    versions.push({ strike, iv, publicAtMs, recordedAtMs: nowMs, order: versions.length });
  }
  for (const { strike, iv } of round) {
    if (iv !== undefined) continue;
    const deleted = await kept.delete({ symbol: "A", strike });
    const own = versions.filter((one) => one.strike === strike);
    const isThere = shownIn(own, Infinity, Infinity).length > 0;
    assert.equal(deleted, isThere);
    if (!isThere) continue;
    const order = versions.length;
    versions.push({ strike, iv, publicAtMs: nowMs, recordedAtMs: nowMs, order });
  }
}

function shownIn(versions: readonly Version[], asOfMs: number, recordedByMs: number) {
  const known = versions
    .filter(({ publicAtMs, recordedAtMs }) => publicAtMs <= asOfMs && recordedAtMs <= recordedByMs)
    .toSorted((a, b) => a.publicAtMs - b.publicAtMs || a.order - b.order);
  const newest = new Map(known.map((version) => [version.strike, version]));
  return [...newest.values()].filter(({ iv }) => iv !== undefined)
    .toSorted((a, b) => a.strike - b.strike)
    .map(({ strike, iv }) => ({ symbol: "A", strike, iv }));
}
