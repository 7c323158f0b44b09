import assert from "node:assert/strict";
import { csvHistory } from "../../../agents/_lib/csv_market.ts";
import { readPriceRows } from "../../../agents/_lib/csv_file.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const nowMs = Date.parse("2026-01-17T12:00:00Z");
const daily = { symbol: "NVDA", period: "max", interval: "1d" } as const;

Deno.test("columns come in any order and case, quoted or not, others are left alone", () => {
  const text =
    '\uFEFFClose,Date,"Open",note,HIGH,low\r\n2,2026-01-15,"1","a ""b"", c",3,0.5\r\n\r\n';
  assert.deepEqual(readPriceRows(text, "x.csv"), [{
    at: "2026-01-15",
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
      ["", /line 1: its columns are/],
      ["date,open\n", /line 1: its columns are date, open/],
      [`${head}\n2026-01-15,1,2,x,1`, /line 2: "x" is no number/],
      [`${head}\n2026-01-15,1,2,1,1\n2026-01-16,1,2`, /line 3: "" is no number/],
    ] as const
  ) {
    assert.throws(() => readPriceRows(text, "x.csv"), { code: "bad_answer", message: found });
  }
});

Deno.test("splits are taken out of prices as traded, dividends of the adjusted close", async () => {
  await using folder = await makeTempFolder();
  const write = (name: string, text: string): Promise<void> =>
    Deno.writeTextFile(`${folder.path}/${name}`, text);
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
  const { bars, events } = await csvHistory(daily, { folder: folder.path, nowMs });
  assert.deepEqual(bars.map(({ close }) => close), [50, 50, 52]);
  assert.deepEqual(bars.map(({ adjusted_close }) => adjusted_close), [45, 45, 52]);
  assert.equal(bars[0]?.volume, 20);
  assert.deepEqual(events.map(({ kind }) => kind), ["split", "dividend"]);
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
    const { bars } = await csvHistory(daily, { folder: samples ?? "", nowMs });
    assert.equal(bars.length, 686 + 106);
    bars.forEach(({ close }, index) => {
      const before = bars[index - 1];
      if (before !== undefined) assert.ok(Math.abs(close / before.close - 1) < 0.4);
    });
  },
});
