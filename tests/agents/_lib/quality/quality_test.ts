import assert from "node:assert/strict";
import { Finding, type History } from "100ac";
import { sessionsBetween } from "100ac/calendar";
import fc from "fast-check";
import {
  barFindings,
  findingsMaxPerRule,
  quoteFindings,
} from "../../../../agents/_lib/quality/quality.ts";
import { isSoundBar } from "../../../../agents/_lib/quality/sound_bar.ts";
import { barOf, historyOf, nowMs, quoteOf } from "../../market_values.ts";

/** Daily bars of every session from a date to yesterday. */
function barsSince(date: string): History["bars"] {
  return sessionsBetween("XNYS", date, "2024-07-09").map((session) => barOf(session.date));
}

function rulesOf(findings: readonly Finding[]): string[] {
  return findings.map(({ rule, severity }) => `${rule} ${severity}`);
}

Deno.test("a quote and a history with nothing wrong have no findings", () => {
  assert.deepEqual(quoteFindings(quoteOf("AAPL"), nowMs), []);
  assert.deepEqual(barFindings(historyOf("AAPL", barsSince("2024-01-02")), nowMs), []);
});

Deno.test("quoteFindings() names all missing fields in one finding", () => {
  const quote = quoteOf("AAPL", { currency: null, open: null, market_cap: null });
  const [finding, ...others] = quoteFindings(quote, nowMs);
  assert.deepEqual(others, []);
  assert.deepEqual(finding, {
    rule: "missing_field",
    severity: "info",
    symbol: "AAPL",
    interval: null,
    at: quote.as_of,
    message: "The source gives no currency, open",
    source: "fake",
  });
});

Deno.test("quoteFindings() calls a price of zero an error, a side price of zero a warning", () => {
  const rules = (changes: Parameters<typeof quoteOf>[1]): string[] =>
    rulesOf(quoteFindings(quoteOf("AAPL", changes), nowMs));
  assert.deepEqual(rules({ price: 0 }), ["non_positive_price error"]);
  assert.deepEqual(rules({ price: -3 }), ["non_positive_price error"]);
  assert.deepEqual(rules({ open: 0, day_low: 0 }), ["non_positive_price warning"]);
  assert.deepEqual(rules({ day_high: 1, day_low: 2 }), ["high_below_low warning"]);
  assert.deepEqual(rules({ volume: -1 }), ["negative_volume warning"]);
});

Deno.test("a bar with a volume below zero is none", () => {
  const bars = [barOf("2024-07-09", { volume: -1 }), barOf("2024-07-10")];
  const findings = barFindings(historyOf("AAPL", bars), nowMs);
  assert.deepEqual(rulesOf(findings), ["negative_volume error"]);
  assert.deepEqual(bars.map((bar) => isSoundBar("AAPL", bar)), [false, true]);
  assert.equal(isSoundBar("AAPL", barOf("2024-07-09", { volume: null })), true);
});

Deno.test("a future and an index may fall below zero", () => {
  for (const symbol of ["CL=F", "^IRX"]) {
    const findings = quoteFindings(quoteOf(symbol, { price: -37.63 }), nowMs);
    assert.deepEqual(rulesOf(findings), ["non_positive_price warning"]);
    assert.equal(isSoundBar(symbol, barOf("2020-04-20", { low: -40.32, close: -37.63 })), true);
  }
  assert.equal(isSoundBar("AAPL", barOf("2020-04-20", { low: -40.32, close: -37.63 })), false);
});

Deno.test("quoteFindings() calls a price stale after five days and not before", () => {
  const asOf = (days: number, ms: number): string =>
    new Date(nowMs - days * 86_400_000 - ms).toISOString();
  assert.deepEqual(quoteFindings(quoteOf("AAPL", { as_of: asOf(5, 0) }), nowMs), []);
  const [finding] = quoteFindings(quoteOf("AAPL", { as_of: asOf(5, 1) }), nowMs);
  assert.equal(finding?.rule, "stale");
  assert.equal(finding?.message, "The price is 5 days old");
});

Deno.test("barFindings() finds bars with impossible prices and says which", () => {
  const bars = [
    barOf("2024-07-05", { open: 0, low: -1 }),
    barOf("2024-07-08", { high: 200, low: 210 }),
    barOf("2024-07-09"),
  ];
  const findings = barFindings(historyOf("AAPL", bars), nowMs);
  assert.deepEqual(
    findings.map(({ rule, severity, at, message }) => [rule, severity, at, message]),
    [
      [
        "non_positive_price",
        "error",
        "2024-07-05T13:30:00.000Z",
        "The bar of 2024-07-05 has open 0, low -1",
      ],
      [
        "high_below_low",
        "error",
        "2024-07-08T13:30:00.000Z",
        "The bar of 2024-07-08 has a high 200 below its low 210",
      ],
    ],
  );
  assert.deepEqual(bars.map((bar) => isSoundBar("AAPL", bar)), [false, false, true]);
});

Deno.test("barFindings() takes a field missing everywhere for one the source does not have", () => {
  const bars = barsSince("2024-07-01");
  const without = bars.map((bar) => ({ ...bar, volume: null, adjusted_close: null }));
  assert.deepEqual(barFindings(historyOf("EURUSD=X", without), nowMs), []);
  const holes = bars.map((bar, index) => index % 2 === 1 ? { ...bar, volume: null } : bar);
  const [finding, ...others] = barFindings(historyOf("AAPL", holes), nowMs);
  assert.deepEqual(others, []);
  assert.equal(finding?.rule, "missing_field");
  assert.equal(finding?.message, "3 of 6 bars have no volume, the first on 2024-07-02");
});

Deno.test("barFindings() finds each run of missing sessions once", () => {
  const gone = ["2024-07-02", "2024-07-03", "2024-07-05", "2024-07-08"];
  const bars = barsSince("2024-06-26").filter(({ date }) => !gone.includes(date));
  const findings = barFindings(historyOf("AAPL", bars), nowMs);
  // 4 July is a holiday: the sessions around it are neighbours
  assert.deepEqual(findings, [{
    rule: "gap",
    severity: "warning",
    symbol: "AAPL",
    interval: "1d",
    at: "2024-07-02T13:30:00.000Z",
    message: "4 sessions of XNYS without a bar: 2024-07-02 to 2024-07-08",
    source: "fake",
  }]);
});

Deno.test("barFindings() sees gaps of intraday bars, and none where no calendar is known", () => {
  const bars = barsSince("2024-07-01").filter(({ date }) => date !== "2024-07-03");
  const rules = (changes: Partial<History>): string[] =>
    rulesOf(barFindings(historyOf("AAPL", bars, changes), nowMs));
  assert.deepEqual(rules({ interval: "1h" }), ["gap warning"]);
  assert.deepEqual(rules({ calendar: null }), []);
  assert.deepEqual(rules({ calendar: "XLON" }), []);
  assert.deepEqual(rules({ interval: "1wk" }), []);
});

Deno.test("any set of missing sessions is told by gaps that cover exactly it", () => {
  const bars = barsSince("2024-05-01");
  const mask = fc.array(fc.boolean(), { minLength: bars.length, maxLength: bars.length });
  fc.assert(fc.property(mask, (isGone) => {
    const kept = bars.filter((_, index) => !isGone[index]);
    const [first, last] = [kept[0], kept.at(-1)];
    fc.pre(first !== undefined && last !== undefined);
    const inside = bars.filter(({ date }) => date > first.date && date < last.date);
    const expected = inside.filter((bar) => !kept.includes(bar)).length;
    const gaps = barFindings(historyOf("AAPL", kept), nowMs).filter(({ rule }) => rule === "gap");
    fc.pre(gaps.length < findingsMaxPerRule);
    const told = gaps.map(({ message }) => Number(/^\d+/.exec(message)?.[0]));
    assert.equal(told.reduce((sum, count) => sum + count, 0), expected);
  }));
});

Deno.test("a history older than the calendar's table is checked from where that begins", () => {
  const early = ["1985-01-02", "1985-01-03"].map((date) => barOf(date));
  const bars = [...early, barOf("1990-01-02"), barOf("1990-01-04")];
  const history = historyOf("IBM", bars);
  const gaps = barFindings(history, Date.parse("1990-01-05T12:00:00Z"));
  assert.deepEqual(gaps.map(({ message }) => message), [
    "1 session of XNYS without a bar: 1990-01-03",
  ]);
  assert.deepEqual(barFindings(historyOf("IBM", early), Date.parse("1985-01-04T00:00:00Z")), []);
});

Deno.test("bars are stale when a session has been over for twelve hours without one", () => {
  const history = historyOf("AAPL", barsSince("2024-07-01")); // the last bar: Tuesday the 9th
  const at = (instant: string): string[] => rulesOf(barFindings(history, Date.parse(instant)));
  assert.deepEqual(at("2024-07-11T07:59:59Z"), []); // the 10th closed at 20:00 UTC
  assert.deepEqual(at("2024-07-11T08:00:00Z"), ["stale warning"]);
  const friday = historyOf("AAPL", [barOf("2024-07-03"), barOf("2024-07-05")]);
  assert.deepEqual(barFindings(friday, Date.parse("2024-07-08T20:00:00Z")), []); // a weekend
});

Deno.test("without a calendar bars are stale by their age, longer bars later", () => {
  const rules = (interval: History["interval"], days: number): string[] => {
    const history = historyOf("BTC-USD", [barOf("2024-07-01")], { calendar: null, interval });
    return rulesOf(barFindings(history, Date.parse("2024-07-01T13:30:01Z") + days * 86_400_000));
  };
  assert.deepEqual([rules("1h", 4), rules("1h", 5)], [[], ["stale warning"]]);
  assert.deepEqual([rules("1d", 5), rules("1d", 6)], [[], ["stale warning"]]);
  assert.deepEqual([rules("1wk", 11), rules("1wk", 12)], [[], ["stale warning"]]);
  assert.deepEqual([rules("1mo", 35), rules("1mo", 36)], [[], ["stale warning"]]);
});

Deno.test("a history without bars is a finding", () => {
  const [finding, ...others] = barFindings(historyOf("AAPL", []), nowMs);
  assert.deepEqual(others, []);
  assert.deepEqual([finding?.rule, finding?.at], ["stale", null]);
});

Deno.test("the findings of a rule are bounded, and the last one counts the rest", () => {
  const bars = barsSince("2000-01-03").map((bar) => ({ ...bar, close: 0 }));
  const findings = barFindings(historyOf("AAPL", bars), nowMs);
  assert.equal(findings.length, findingsMaxPerRule);
  const rest = bars.length - findingsMaxPerRule + 1;
  assert(findings.at(-1)?.message.startsWith(`${rest} more of this rule; the first: The bar of`));
});

Deno.test("every finding has the shape that the store takes", () => {
  const price = fc.double({ min: -1, max: 3, noNaN: true });
  const values = fc.record({ open: price, high: price, low: price, close: price });
  const bars = fc.array(values, { maxLength: 60 }).map((all) =>
    barsSince("2024-01-02").slice(0, all.length).map((bar, index) => ({ ...bar, ...all[index] }))
  );
  fc.assert(fc.property(bars, fc.constantFrom("AAPL", "CL=F"), (bars, symbol) => {
    for (const finding of barFindings(historyOf(symbol, bars), nowMs)) Finding.parse(finding);
    const [bar] = bars;
    if (bar === undefined) return;
    const quote = quoteOf(symbol, { price: bar.close, day_high: bar.high, day_low: bar.low });
    for (const finding of quoteFindings(quote, nowMs)) Finding.parse(finding);
  }));
});

Deno.test("a bar is sound exactly when it has no finding of severity error", () => {
  const price = fc.constantFrom(-1, 0, 1, 2, 3);
  const values = fc.record({ open: price, high: price, low: price, close: price });
  fc.assert(fc.property(values, fc.constantFrom("AAPL", "CL=F", "^IRX"), (changes, symbol) => {
    const bar = barOf("2024-07-09", changes);
    const findings = barFindings(historyOf(symbol, [bar]), nowMs);
    const hasError = findings.some(({ severity }) => severity === "error");
    assert.equal(isSoundBar(symbol, bar), !hasError);
  }));
});
