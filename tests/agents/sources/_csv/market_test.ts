import assert from "node:assert/strict";
import { AppError, splitAdjusted } from "100ac";
import fc from "fast-check";
import { csvHistory, csvQuote } from "../../../../agents/sources/_csv/market.ts";
import { readPriceRows } from "../../../../agents/sources/_csv/file.ts";
import { makeTempFolder } from "../../../support/temp_folder.ts";

const nowMs = Date.parse("2026-01-17T12:00:00Z");
const dayMs = 86_400_000;
/** After the session of 14 January. */
const wednesdayMs = Date.parse("2026-01-14T22:00:00Z");
const daily = { symbol: "NVDA", period: "max", interval: "1d" } as const;

Deno.test("columns come in any order and case, quoted or not, others are left alone", () => {
  const text =
    '\uFEFFClose,Date,"Open",note,HIGH,low\r\n2,2026-01-15,"1","a ""b"", c",3,0.5\r\n\r\n';
  assert.deepEqual([...readPriceRows(text, "x.csv")], [{
    at: "2026-01-15",
    line: 2,
    open: 1,
    high: 3,
    low: 0.5,
    close: 2,
    volume: null,
    adjusted_close: null,
  }]);
});

Deno.test("a file that can't be read is refused with its line", () => {
  const head = "date,open,high,low,close";
  for (
    const [text, found] of [
      ["", /line 1: it is empty/],
      ["<!doctype html><title>Sign in</title>\n", /line 1: its columns are <!doctype html>/],
      ["date;open;high;low;close\n", /line 1: its columns are date;open/],
      ["date,open,Open,high,low,close\n", /line 1: the column open is there twice/],
      ["date,open\n", /line 1: its columns are date, open/],
      [`${head}\n2026-01-15,1,2,x,1`, /line 2: "x" is no number/],
      [`${head}\n2026-01-15,1,2,1,1\n2026-01-16,1,2`, /line 3: "" is no number/],
      [`${head}\n2026-01-15,NaN,2,1,1`, /line 2: "NaN" is no number/],
      [`${head}\n2026-01-15,Infinity,2,1,1`, /line 2: "Infinity" is no number/],
      [`${head}\n2026-01-15,1e999,2,1,1`, /line 2: "1e999" is no number/],
      [`${head}\n2026-01-15,0x10,2,1,1`, /line 2: "0x10" is no number/],
      [`${head}\n2026-01-15,1\0,2,1,1`, /line 2: "1\0" is no number/],
      [`${head}\r\n\r\n2026-01-15,,2,1,1`, /line 3: "" is no number/],
      [`${head}\n${"9".repeat(20_000)}`, /line 2: it is longer than 10000 characters/],
      [`${head}\n${'",'.repeat(20_000)}`, /line 2: it is longer than 10000 characters/],
      [`${head}\n${"\n".repeat(600_000)}`, /line 500001: it has over 500000 lines/],
    ] as const
  ) {
    assert.throws(() => [...readPriceRows(text, "x.csv")], { code: "bad_answer", message: found });
  }
});

Deno.test("whatever a file holds, it is rows or one refusal", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.array(
      fc.constantFrom('"', ",", "\n", "\r", "date", "open", "high,low,close", "1", "é", "\0"),
    )
      .map((parts) => parts.join("")),
    fc.string({ maxLength: 80 }).map((line) => `date,open,high,low,close\n${line}`),
  );
  fc.assert(fc.property(text, (given) => {
    try {
      for (const row of readPriceRows(given, "x.csv")) {
        assert.ok([row.open, row.high, row.low, row.close].every(Number.isFinite));
      }
    } catch (thrown) {
      assert.ok(thrown instanceof AppError && thrown.code === "bad_answer", String(thrown));
    }
  }));
});

Deno.test("bars of files out of order, or with lines that end otherwise, come out in order", async () => {
  await using folder = await makeTempFolder();
  const rows = ["2026-01-15,3,3,3,3", "2026-01-13,1,1,1,1", "2026-01-14,2,2,2,2"];
  const text = ["\uFEFFdate,open,high,low,close", ...rows].join("\r\n");
  await Deno.writeTextFile(`${folder.path}/NVDA-1d.csv`, text);
  const { bars } = await csvHistory(daily, { folder: folder.path, nowMs });
  assert.deepEqual(bars.map(({ close }) => close), [1, 2, 3]);
});

Deno.test("a date that is none, and a file that is too large, are refused with their place", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/NVDA-1d.csv`;
  const refused = async (message: RegExp): Promise<void> =>
    await assert.rejects(csvHistory(daily, { folder: folder.path, nowMs }), {
      code: "bad_answer",
      message,
    });
  for (const date of ["2026-02-30", "15.01.2026", "2026-01-15T25:00", ""]) {
    await Deno.writeTextFile(path, `date,open,high,low,close\n\n${date},1,1,1,1`);
    await refused(/^Cannot read file "NVDA-1d.csv": line 3: ".*" is no date or instant; mend it$/);
  }
  await Deno.truncate(path, 100_000_000);
  await refused(/line 1: it is over 67108864 bytes/);
});

/** Writes two for one on Wednesday, and a dividend on Thursday; the last close is corrected. */
async function writeSplit(folder: string): Promise<void> {
  const write = (name: string, text: string): Promise<void> =>
    Deno.writeTextFile(`${folder}/${name}`, text);
  const rows = [
    "2026-01-13,100,110,90,100,10",
    "2026-01-14,50,55,45,50,20",
    "2026-01-15,50,55,45,49,20",
  ];
  await write("NVDA-1d.csv", ["date,open,high,low,close,volume", ...rows].join("\n"));
  await write("NVDA-1d-b.csv", "date,open,high,low,close\n2026-01-15,50,55,45,52\n");
  const split = { symbol: "NVDA", date: "2026-01-14", numerator: 2, denominator: 1 };
  await write("splits.json", JSON.stringify({ splits: [split] }));
  const dividend = { symbol: "NVDA", date: "2026-01-15", amount: 5 };
  await write("dividends.json", JSON.stringify({ dividends: [dividend] }));
}

Deno.test("prices are given as they are in the files, with the events that adjust them", async () => {
  await using folder = await makeTempFolder();
  await writeSplit(folder.path);
  const market = { folder: folder.path, nowMs };
  const { bars, events, basis, events_complete } = await csvHistory(daily, market);
  assert.deepEqual(bars.map(({ close }) => close), [100, 50, 52]);
  assert.deepEqual(bars.map(({ adjusted_close }) => adjusted_close), [null, null, null]);
  assert.equal(bars[0]?.volume, 10);
  assert.deepEqual(events.map(({ kind }) => kind), ["split", "dividend"]);
  assert.deepEqual([basis, events_complete], ["traded", true]);
});

Deno.test("a piece of the past comes with the events that followed", async () => {
  await using folder = await makeTempFolder();
  await writeSplit(folder.path);
  const asked = { ...daily, since: "2026-01-13", until: "2026-01-13" };
  const { bars, events } = await csvHistory(asked, { folder: folder.path, nowMs });
  assert.deepEqual(bars.map(({ close }) => close), [100]);
  assert.deepEqual(events.map(({ kind }) => kind), ["split", "dividend"]);
});

Deno.test("the folder says what its prices are adjusted by, and whether it has the splits", async () => {
  await using folder = await makeTempFolder();
  await writeSplit(folder.path);
  const settings = JSON.stringify({ prices: "split_adjusted" });
  await Deno.writeTextFile(`${folder.path}/market.json`, settings);
  const market = { folder: folder.path, nowMs };
  const { basis, events_complete } = await csvHistory(daily, market);
  assert.deepEqual([basis, events_complete], ["split_adjusted", true]);
  await Deno.remove(`${folder.path}/splits.json`);
  assert.equal((await csvHistory(daily, market)).events_complete, false);
});

Deno.test("a quote's close before is on its own day's basis", async () => {
  await using folder = await makeTempFolder();
  await writeSplit(folder.path);
  const quote = await csvQuote("NVDA", { folder: folder.path, nowMs: wednesdayMs });
  assert.deepEqual([quote.price, quote.previous_close], [50, 50]);
  const before = await csvQuote("NVDA", { folder: folder.path, nowMs: wednesdayMs - dayMs });
  assert.equal(before.price, 100, "the split is to come");
});

Deno.test("a period ends with the newest bar, however old that is", async () => {
  await using folder = await makeTempFolder();
  await writeSplit(folder.path);
  const asked = { ...daily, period: "1mo" } as const;
  const later = { folder: folder.path, nowMs: nowMs + 5 * 365 * dayMs };
  const { bars, as_of } = await csvHistory(asked, later);
  assert.equal(bars.length, 3);
  assert.equal(as_of, "2026-01-15T21:00:00.000Z");
});

Deno.test("local times are the exchange's, whatever the clocks there do", async () => {
  await using folder = await makeTempFolder();
  const text = "start,open,high,low,close\n2025-10-31T10:00,1,1,1,1\n2025-11-03T10:00,1,1,1,1\n";
  await Deno.writeTextFile(`${folder.path}/NVDA-1h.csv`, text);
  const asked = { symbol: "NVDA", period: "6mo", interval: "1h" } as const;
  const { bars } = await csvHistory(asked, { folder: folder.path, nowMs });
  assert.deepEqual(bars.map(({ start }) => start), [
    "2025-10-31T14:00:00.000Z",
    "2025-11-03T15:00:00.000Z",
  ]);
});

const samples = Deno.env.get("SAMPLE_PRICES") || undefined;

Deno.test({
  name: "sample prices come out whole, without a jump at a split (ignored without SAMPLE_PRICES)",
  ignore: samples === undefined,
  async fn() {
    const { bars, events } = await csvHistory(daily, { folder: samples ?? "", nowMs });
    assert.equal(bars.length, 686 + 106);
    const comparable = splitAdjusted(bars, events);
    comparable.forEach(({ close }, index) => {
      const before = comparable[index - 1];
      if (before !== undefined) assert.ok(Math.abs(close / before.close - 1) < 0.4);
    });
  },
});
