/** Bars and events that were stored before prices were stored as traded. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Market } from "../../../core/market/market.ts";
import { openDatabase } from "../../../core/store/sqlite/database.ts";
import { migrate } from "../../../core/store/sqlite/migrations.ts";
import { openStore } from "../../../core/store/sqlite/open.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { migrationsFolder } from "../../support/temp_store.ts";
import { flatBar } from "./trial.ts";
import { historyOf } from "../../agents/market_values.ts";

const nowMs = Date.parse("2024-07-20T00:00:00Z");
const recordedMs = Date.parse("2024-07-15T00:00:00Z");
const series = { symbol: "AAPL", interval: "1d", source: "fake" };

interface OldBar {
  readonly date: string;
  readonly close: number;
  readonly time?: string;
  readonly recordedAtMs?: number;
}

function barSql(symbol: string, { date, close, time = "13:30", recordedAtMs }: OldBar): string {
  const start = Date.parse(`${date}T${time}Z`);
  return `INSERT INTO bars VALUES ('fake', '${symbol}', '1d', ${start}, '${date}', ${close},
    ${close}, ${close}, ${close}, ${close - 1}, 100, 'USD', ${recordedAtMs ?? recordedMs});`;
}

function revisionSql(
  symbol: string,
  { date, close }: OldBar,
  fromMs: number,
  toMs: number,
): string {
  const start = Date.parse(`${date}T13:30Z`);
  return `INSERT INTO bar_revisions VALUES ('fake', '${symbol}', '1d', ${start}, ${fromMs}, ${toMs},
    '${date}', ${close}, ${close}, ${close}, ${close}, ${close - 1}, 100, 'USD');`;
}

function seriesSql(symbol: string): string {
  return `INSERT INTO bar_series VALUES
    ('fake', '${symbol}', '1d', 'America/New_York', 'XNYS', NULL);`;
}

function eventSql(kind: string, date: string, values: string): string {
  return `INSERT INTO market_events
    (source, symbol, kind, date, dated_by, amount, estimate, numerator, denominator, estimated,
      currency, recorded_at)
    VALUES ('fake', 'AAPL', '${kind}', '${date}', 'event', ${values}, NULL, ${recordedMs});`;
}

/** The market of a store that had these rows before it was brought up to date. */
async function migrated(...statements: readonly string[]) {
  const folder = await makeTempFolder();
  const before = join(folder.path, "before");
  await Deno.mkdir(before);
  for (const { name } of Deno.readDirSync(migrationsFolder)) {
    if (name < "0007") await Deno.copyFile(join(migrationsFolder, name), join(before, name));
  }
  const url = pathToFileURL(join(folder.path, "test.db")).href;
  const database = await openDatabase(url, assert.fail);
  await migrate(database, before, recordedMs);
  await database.script(statements.join("\n"));
  await database.close();
  const store = await openStore({ url, migrationsFolder, onFatal: assert.fail });
  const market = new Market({
    store,
    sourceOf: (agent) => agent,
    publish: () => {},
    now: () => nowMs,
  });
  const { get_bars } = market.capabilities;
  return {
    market: market.capabilities,
    closes: async (input: Record<string, unknown> = {}): Promise<number[]> =>
      (await get_bars({ ...series, ...input })).bars.map(({ close }) => close),
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const week = ["2024-07-08", "2024-07-09", "2024-07-10"].map((date) => ({ date, close: 100 }));
const splitSql = (date: string): string => eventSql("split", date, "NULL, NULL, 2, 1, 0");

Deno.test("a series without a split is as traded, and was public when its sessions were over", async () => {
  const corrected = { date: "2024-07-11", close: 101, recordedAtMs: recordedMs + 10 };
  await using old = await migrated(
    seriesSql("AAPL"),
    ...[...week, corrected].map((bar) => barSql("AAPL", bar)),
    revisionSql("AAPL", { ...corrected, close: 90 }, recordedMs, recordedMs + 10),
    splitSql("2024-07-08"),
  );
  assert.deepEqual(await old.closes({ prices: "traded" }), [100, 100, 100, 101]);
  const { bars } = await old.market.get_bars(series);
  assert.ok(bars.every((bar) => bar.adjusted_close === bar.close), "derived, not the source's");
  assert.deepEqual(await old.closes({ as_of: "2024-07-10T00:00:00Z" }), [100]);
  assert.deepEqual(await old.closes({ as_of: "2024-07-14T00:00:00Z" }), [100, 100, 100]);
  const as_of = new Date(recordedMs).toISOString();
  assert.deepEqual(await old.closes({ as_of }), [100, 100, 100, 90]);
  assert.deepEqual(await old.closes({ as_of: new Date(recordedMs + 10).toISOString() }), [
    ...[100, 100, 100, 101],
  ]);
});

Deno.test("a series with a split after its first bar is read as before until it is fetched anew", async () => {
  await using old = await migrated(
    seriesSql("AAPL"),
    ...week.map((bar) => barSql("AAPL", bar)),
    splitSql("2024-07-09"),
  );
  assert.deepEqual(await old.closes(), [100, 100, 100]);
  await assert.rejects(old.closes({ prices: "traded" }), {
    code: "basis_unknown",
    message: /its bars are from before prices were stored as traded; sync its history first$/,
  });
  assert.equal((await old.market.get_series(series)).basis, "unknown");
  const before = new Date(recordedMs - 1).toISOString();
  assert.deepEqual(await old.closes({ as_of: before }), []);
  const events = (await old.market.get_events({ symbol: "AAPL", source: "fake" })).events;
  const bars = week.map(({ date }) => flatBar(date, 100));
  const saved = await old.market.save_bars(
    { history: historyOf("AAPL", bars, { events }) },
    "fake",
  );
  assert.equal(saved.held_back, null);
  assert.deepEqual(await old.closes({ prices: "traded" }), [200, 100, 100]);
  assert.deepEqual(await old.closes(), [100, 100, 100]);
  assert.deepEqual(await old.closes({ prices: "traded", as_of: "2024-07-09T00:00:00Z" }), [200]);
});

Deno.test("bars that shared a date are one, the one that was recorded last", async () => {
  await using old = await migrated(
    seriesSql("AAPL"),
    barSql("AAPL", { date: "2024-07-08", close: 90, time: "13:30" }),
    barSql("AAPL", {
      date: "2024-07-08",
      close: 100,
      time: "14:30",
      recordedAtMs: recordedMs + 10,
    }),
  );
  assert.deepEqual(await old.closes(), [100]);
  assert.deepEqual(await old.closes({ recorded_by: new Date(recordedMs).toISOString() }), [90]);
});

Deno.test("bars without the facts of their series are read as before", async () => {
  await using old = await migrated(...week.map((bar) => barSql("AAPL", bar)));
  assert.deepEqual(await old.closes(), [100, 100, 100]);
});

Deno.test("events were public on their dates, expectations when they were recorded", async () => {
  await using old = await migrated(
    eventSql("dividend", "2024-07-08", "1, NULL, NULL, NULL, 0"),
    eventSql("earnings", "2024-08-01", "NULL, 2, NULL, NULL, 1"),
    splitSql("2024-07-09"),
  );
  const kinds = async (as_of?: string): Promise<string[]> => {
    const asked = { symbol: "AAPL", source: "fake", ...as_of === undefined ? {} : { as_of } };
    return (await old.market.get_events(asked)).events.map(({ kind }) => kind);
  };
  assert.deepEqual(await kinds(), ["dividend", "split", "earnings"]);
  assert.deepEqual(await kinds("2024-07-10T00:00:00Z"), ["dividend", "split"]);
  assert.deepEqual(await kinds("2024-07-08T00:00:00Z"), ["dividend"]);
  assert.deepEqual(await kinds("2024-07-07T00:00:00Z"), []);
});
