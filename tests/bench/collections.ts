/**
 * What collections cost: putting a batch of 10,000 values, with both checks and as JSON between
 * agent and daemon, beside one bare INSERT of the same rows; and reading all of them in pages,
 * checked, beside the bare SELECT of the same pages.
 */

import { z } from "zod";
import { boundsDefault } from "../../core/collections/bounds.ts";
import { Collections } from "../../core/collections/collections.ts";
import { openCollections } from "../../core/host/inside/collections.ts";
import { readManifest } from "../../core/host/manifest/manifest.ts";
import { createLog } from "../../core/log.ts";
import { openTempStore, type TempStore } from "../support/temp_store.ts";
import { median, type Report } from "./report.ts";

export const name = "collections";

const valuesMax = 10_000;
const pageLength = 1_000;
const rounds = 9;

const Chain = z.object({
  symbol: z.string(),
  expiry: z.iso.date(),
  strike: z.number(),
  bid: z.number(),
  ask: z.number(),
  volatility: z.number(),
});
const key = ["symbol", "expiry", "strike"];

type Value = z.output<typeof Chain>;

/** Reports writes and reads of a collection without history, then writes of one that has it. */
export async function run(report: Report): Promise<void> {
  await using temp = await openTempStore();
  const collections = await openOver(temp);
  const ask = async (address: string, input: unknown): Promise<unknown> => {
    const capability = address.replace("collections.", "") as "put" | "list";
    const given: unknown = JSON.parse(JSON.stringify(input));
    return JSON.parse(JSON.stringify(await collections.capabilities[capability](given, "keeper")));
  };
  const { plain, kept } = openCollections(definitions, ask);
  if (!plain || !kept) throw new Error("both are declared");
  const floors: number[] = [];
  const puts: Record<string, number[]> = { first: [], again: [], kept: [], replaced: [] };
  for (let round = 0; round < rounds; round++) {
    await temp.store.database.script(
      "DELETE FROM collection_values; DELETE FROM collection_history; " +
        "DROP TABLE IF EXISTS floor_values",
    );
    const values = valuesOf(round);
    const changed = valuesOf(round + rounds);
    floors.push(await timed(() => insertBare(temp, values)));
    puts.first?.push(await timed(() => plain.putMany(values.map((value) => ({ value })))));
    puts.again?.push(await timed(() => plain.putMany(values.map((value) => ({ value })))));
    puts.kept?.push(await timed(() => kept.putMany(values.map((value) => ({ value })))));
    puts.replaced?.push(await timed(() => kept.putMany(changed.map((value) => ({ value })))));
  }
  const floor = rate(floors);
  const rateOf = (of: string): number => rate(puts[of] ?? []);
  report.add({ case: "put 10,000 values", value: rateOf("first"), unit: "values/s", floor });
  report.add({ case: "put them again, unchanged", value: rateOf("again"), unit: "values/s" });
  report.add({ case: "put with history", value: rateOf("kept"), unit: "values/s", floor });
  report.add({ case: "replace with history", value: rateOf("replaced"), unit: "values/s" });

  const reads: number[] = [];
  const readFloors: number[] = [];
  const past: number[] = [];
  for (let round = 0; round < rounds; round++) {
    readFloors.push(await timed(() => readBare(temp)));
    reads.push(await timed(() => readAll(plain, {})));
    past.push(await timed(() => readAll(kept, { asOfMs: Date.now() })));
  }
  const readFloor = rate(readFloors);
  report.add({
    case: "read them in pages",
    value: rate(reads),
    unit: "values/s",
    floor: readFloor,
  });
  report.add({ case: "read as of an instant", value: rate(past), unit: "values/s" });
}

const definitions = {
  plain: { key, schema: Chain },
  kept: { key, schema: Chain, history: true },
};

async function openOver({ store }: TempStore): Promise<Collections> {
  const definition = { id: "keeper", description: "", capabilities: {}, collections: definitions };
  const declared = readManifest({ ...definition, description: "Keeps" }, "keeper.ts").collections;
  const collections = new Collections({
    store,
    log: createLog({ threshold: "error", pretty: false, write: () => undefined }),
    declarationsOf: () => declared,
    boundsOf: () => boundsDefault,
  });
  await collections.open();
  return collections;
}

function valuesOf(round: number): readonly Value[] {
  return Array.from({ length: valuesMax }, (_, n) => ({
    symbol: ["AAPL", "GOOGL", "MSFT", "NVDA", "TSLA"][Math.floor(n / 2_000)] ?? "",
    expiry: `2026-${String(1 + Math.floor(n / 200) % 10).padStart(2, "0")}-16`,
    strike: 50 + (n % 200) * 2.5,
    bid: 1.25 + round,
    ask: 1.35 + round,
    volatility: 0.2 + n / 100_000,
  }));
}

type Listed = ReturnType<typeof openCollections>[string];

async function readAll(collection: Listed, at: { readonly asOfMs?: number }): Promise<void> {
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await collection.list({ limit: pageLength, cursor, ...at });
    count += page.entries.length;
    cursor = page.cursor;
  } while (cursor !== undefined);
  if (count !== valuesMax) throw new Error(`${count} values were read`);
}

const floorKey = "value ->> 'symbol', value ->> 'expiry', value ->> 'strike'";

async function insertBare({ store }: TempStore, values: readonly Value[]): Promise<void> {
  await store.database.script(
    `CREATE TABLE floor_values (symbol TEXT, expiry TEXT, strike REAL, value TEXT NOT NULL,
       PRIMARY KEY (symbol, expiry, strike)) STRICT, WITHOUT ROWID`,
  );
  const sql = `INSERT INTO floor_values SELECT ${floorKey}, value FROM json_each(?1)`;
  await store.database.write([{ sql, args: [JSON.stringify(values)] }]);
}

async function readBare({ store }: TempStore): Promise<void> {
  let count = 0;
  for (let rows: readonly unknown[] = [0]; rows.length > 0;) {
    rows = await store.database.read(
      "SELECT value FROM floor_values ORDER BY symbol, expiry, strike LIMIT ? OFFSET ?",
      [pageLength, count],
    );
    count += rows.length;
  }
  if (count !== valuesMax) throw new Error(`${count} rows were read`);
}

function rate(times: readonly number[]): number {
  return valuesMax / median(times) * 1_000;
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const begunAt = performance.now();
  await action();
  return performance.now() - begunAt;
}
