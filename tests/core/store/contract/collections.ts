/** Collections: atomic changes against a known version, and reads. */

import assert from "node:assert/strict";
import type {
  ChangeCollection,
  CollectionOperation,
  VersionTuple,
} from "../../../../core/store/operations/collections.ts";
import type { StoredCollection } from "../../../../core/store/reads/collections.ts";
import type { Store } from "../../../../core/store/store.ts";
import type { Contract } from "./contract.ts";

const open = { kind: "open_collection", name: "c", keyParts: '["k"]', schemaHash: "s" } as const;

async function opened(store: Store, agentId = "a"): Promise<StoredCollection> {
  await store.commit([{ ...open, agentId }]);
  const rows = await store.read({ read: "collections" });
  const row = rows.find((one) => one.agentId === agentId);
  assert.ok(row);
  return row;
}

/** A version whose instants are derived from its number. */
function version(key: string, number: number, value: string | null = `"${number}"`): VersionTuple {
  return [key, number, number, 0, 10, value];
}

type OfChange = Pick<ChangeCollection, "collectionId" | "changeId">;

/** Commits a change from one version to another; returns whether it took effect. */
async function change(
  store: Store,
  collectionId: number,
  [fromVersion, toVersion]: readonly [number, number],
  others: (of: OfChange) => readonly CollectionOperation[] = () => [],
  counts: Partial<ChangeCollection> = {},
): Promise<boolean | undefined> {
  const of = { collectionId, changeId: crypto.randomUUID() };
  const [isTaken] = await store.commit([{
    kind: "change_collection",
    values: 0,
    bytes: 0,
    misfits: 0,
    completeFromMs: null,
    schemaHash: null,
    ...counts,
    ...of,
    fromVersion,
    toVersion,
  }, ...others(of)]);
  return isTaken;
}

/** Written at the instant of the version. */
const put = (...rows: VersionTuple[]) => (of: OfChange) =>
  [{ kind: "put_collection_values", ...of, rows, atMs: rows[0]?.[1] ?? 0 }] as const;

/** Replaces a current value by another version. */
const replace = (row: VersionTuple) => (of: OfChange) =>
  [
    { kind: "keep_collection_values", ...of, keys: [row[0]], atMs: row[1] },
    { kind: "put_collection_values", ...of, rows: [row], atMs: row[1] },
  ] as const;

async function listed(
  store: Store,
  collectionId: number,
  known: { readonly asOfMs?: number; readonly recordedByMs?: number } = {},
): Promise<readonly string[]> {
  const range = { fromKey: "", beforeKey: "~", descending: false, limit: 10, bytesMax: 1_000 };
  const page = await store.read({ read: "collection_page", collectionId, ...range, ...known });
  return page.entries.map(({ key, value }) => `${key}=${value}`);
}

export const collectionContract: Contract = {
  "an agent, a name and a key identify one collection": async ({ store, reopen }) => {
    const first = await opened(store);
    assert.deepEqual(await opened(store), first);
    assert.deepEqual({ ...first, collectionId: 0 }, {
      collectionId: 0,
      agentId: "a",
      name: "c",
      keyParts: '["k"]',
      lastVersion: 0,
      values: 0,
      bytes: 0,
      misfits: 0,
      schemaHash: "s",
      completeFromMs: 0,
    });
    await store.commit([{ ...open, agentId: "a", keyParts: '["j"]' }, { ...open, agentId: "b" }]);
    assert.equal((await (await reopen()).read({ read: "collections" })).length, 3);
  },

  "a change takes effect once, on the version that it was decided from": async (
    { store },
  ) => {
    const { collectionId } = await opened(store);
    const counts = { values: 1, bytes: 10, misfits: 2, completeFromMs: 7, schemaHash: "t" };
    assert.equal(await change(store, collectionId, [0, 1], put(version("k", 1)), counts), true);
    assert.equal(await change(store, collectionId, [0, 1], put(version("k", 9)), counts), false);
    assert.deepEqual(await listed(store, collectionId), ['k="1"']);
    const [row] = await store.read({ read: "collections" });
    const { lastVersion, values, bytes, misfits, completeFromMs, schemaHash } = row ?? {};
    assert.deepEqual([lastVersion, values, bytes, misfits, completeFromMs, schemaHash], [
      1,
      1,
      10,
      2,
      7,
      "t",
    ]);
  },

  "of two concurrent changes to a collection, exactly one takes effect": async ({ store }) => {
    const { collectionId } = await opened(store);
    const rivals = ["x", "y"].map((key) =>
      change(store, collectionId, [0, 1], put(version(key, 1), version(`${key}2`, 1)))
    );
    const taken = await Promise.all(rivals);
    assert.deepEqual(taken.toSorted(), [false, true]);
    const [winner] = taken[0] ? ["x"] : ["y"];
    assert.deepEqual(await listed(store, collectionId), [`${winner}="1"`, `${winner}2="1"`]);
  },

  "concurrent changes to two collections do not affect each other": async ({ store }) => {
    const [a, b] = [await opened(store, "a"), await opened(store, "b")];
    for (const { collectionId } of [a, b]) {
      await change(store, collectionId, [0, 1], put(version("k", 1), version("l", 1)));
    }
    const drop = (keys: string[]) => (of: OfChange) =>
      [{ kind: "drop_collection_values", ...of, keys }] as const;
    await Promise.all([
      change(store, a.collectionId, [1, 2], drop(["k"])),
      change(store, b.collectionId, [1, 2], drop(["l"])),
    ]);
    assert.deepEqual(await listed(store, a.collectionId), ['l="1"']);
    assert.deepEqual(await listed(store, b.collectionId), ['k="1"']);
  },

  "earlier values are read as of an instant and as recorded by an instant": async ({ store }) => {
    const { collectionId } = await opened(store);
    await change(store, collectionId, [0, 10], put(version("k", 10), version("l", 10)));
    await change(store, collectionId, [10, 20], replace(version("k", 20)));
    const late: VersionTuple = ["k", 30, 5, 0, 10, '"late"'];
    await change(store, collectionId, [20, 30], (of) => [
      { kind: "add_collection_versions", ...of, rows: [late], atMs: 30 },
    ]);
    const deleted = version("l", 40, null);
    await change(store, collectionId, [30, 40], (of) => [
      { kind: "keep_collection_values", ...of, keys: ["l"], atMs: 40 },
      { kind: "drop_collection_values", ...of, keys: ["l"] },
      { kind: "add_collection_versions", ...of, rows: [deleted], atMs: 40 },
    ]);
    assert.deepEqual(await listed(store, collectionId), ['k="20"']);
    assert.deepEqual(await listed(store, collectionId, { asOfMs: 39 }), ['k="20"', 'l="10"']);
    assert.deepEqual(await listed(store, collectionId, { asOfMs: 40 }), ['k="20"']);
    assert.deepEqual(await listed(store, collectionId, { asOfMs: 9 }), ['k="late"']);
    assert.deepEqual(await listed(store, collectionId, { recordedByMs: 19 }), [
      'k="10"',
      'l="10"',
    ]);
    assert.deepEqual(await listed(store, collectionId, { asOfMs: 9, recordedByMs: 29 }), []);
    const entry = (key: string, asOfMs: number) =>
      store.read({ read: "collection_entry", collectionId, key, asOfMs });
    assert.equal((await entry("k", 10))?.value, '"10"');
    assert.equal(await entry("l", 40), undefined);
  },

  "the states of keys give the newest version and the one shown as of an instant": async (
    { store },
  ) => {
    const { collectionId } = await opened(store);
    await change(store, collectionId, [0, 10], put(version("k", 10)));
    await change(store, collectionId, [10, 20], replace(version("k", 20)));
    const ask = { read: "collection_states", collectionId } as const;
    const intended = [
      ["none", null, "1"],
      ["k", null, '"20"'],
      ["k", 15, '"10"'],
      ["k", 9, '"10"'],
    ] as const;
    const head = { version: 20, publicAtMs: 20, bytes: 10, isMisfit: false, isDeleted: false };
    const now = { version: 20, publicAtMs: 20, isSame: true };
    const then = { version: 10, publicAtMs: 10, isSame: true };
    assert.deepEqual(await store.read({ ...ask, history: true, intended }), [
      { head: undefined, shown: undefined },
      { head, shown: now },
      { head, shown: then },
      { head, shown: undefined },
    ]);
    assert.deepEqual(await store.read({ ...ask, history: false, intended: intended.slice(1, 3) }), [
      { head, shown: now },
      { head, shown: undefined },
    ]);
  },

  "a page ends at its limit, or with the value that reaches its size": async ({ store }) => {
    const { collectionId } = await opened(store);
    const keys = ["a", "b", "c", "d", "e"];
    await change(store, collectionId, [0, 1], put(...keys.map((key) => version(key, 1))));
    const page = async (
      limit: number,
      bytesMax: number,
      more: { readonly descending?: boolean; readonly asOfMs?: number } = {},
    ) => {
      const range = { fromKey: "b", beforeKey: "e", descending: false, ...more };
      const ask = { read: "collection_page", collectionId, ...range, limit, bytesMax } as const;
      const { entries, lastKey } = await store.read(ask);
      return [entries.map(({ key }) => key).join(""), lastKey];
    };
    for (const asOfMs of [undefined, 1]) {
      const at = asOfMs === undefined ? {} : { asOfMs };
      assert.deepEqual(await page(2, 1_000, at), ["bc", "c"]);
      assert.deepEqual(await page(3, 1_000, at), ["bcd", undefined]);
      assert.deepEqual(await page(3, 11, at), ["bc", "c"]);
      assert.deepEqual(await page(3, 1, at), ["b", "b"]);
      assert.deepEqual(await page(2, 1_000, { ...at, descending: true }), ["dc", "c"]);
    }
  },

  "old versions are found by when they were written or replaced": async ({ store }) => {
    const { collectionId } = await opened(store);
    await change(store, collectionId, [0, 10], put(version("k", 10), version("l", 10)));
    await change(store, collectionId, [10, 20], replace(version("k", 20)));
    const old = (beforeMs: number) =>
      store.read({ read: "old_collection_versions", collectionId, beforeMs, limit: 5 });
    assert.deepEqual(await old(10), { values: [], versions: [] });
    const value = { key: "l", bytes: 10, isMisfit: false };
    const replaced = { key: "k", publicAtMs: 10, version: 10, bytes: 10 };
    assert.deepEqual(await old(20), { values: [value], versions: [] });
    assert.deepEqual(await old(21), {
      values: [value, { ...value, key: "k" }],
      versions: [replaced],
    });
    await change(store, collectionId, [20, 30], (of) => [
      { kind: "turn_collection_misfits", ...of, keys: ["l"] },
      { kind: "drop_collection_versions", ...of, rows: [["k", 10, 10]] },
    ]);
    assert.deepEqual(await old(20), { values: [{ ...value, isMisfit: true }], versions: [] });
    assert.deepEqual((await old(21)).versions, []);
  },
};
