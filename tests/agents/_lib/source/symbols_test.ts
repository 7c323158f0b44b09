import assert from "node:assert/strict";
import { AppError, symbolPattern } from "100ac";
import fc from "fast-check";
import {
  requireSymbol,
  sanitizeSymbol,
  shown,
  sortOutSymbols,
  symbolProblem,
} from "../../../../agents/_lib/source/symbols.ts";

const anyText = fc.string({ unit: "binary", maxLength: 60 });

Deno.test("sanitizeSymbol() takes away what surrounds a symbol and gives it capitals", () => {
  const cases = [
    ["aapl", "AAPL"],
    ["  msft\t\n", "MSFT"],
    ["$tsla", "TSLA"],
    ["\u00a0$ brk-b\u3000", "BRK-B"],
    ["\ufeffnvda\u200b", "NVDA"],
    ["^gspc", "^GSPC"],
    ["eurusd=x", "EURUSD=X"],
    ["US$", "US$"],
    ["a b", "A B"],
    ["$", ""],
    ["", ""],
  ];
  for (const [text = "", symbol] of cases) assert.equal(sanitizeSymbol(text), symbol);
});

Deno.test("sanitizeSymbol() turns no foreign letter into another symbol's", () => {
  for (const text of ["ıbm", "ſap", "ﬁs", "ß", "ＡＡＰＬ"]) {
    assert.notEqual(symbolProblem(sanitizeSymbol(text)), undefined, text);
  }
});

Deno.test("sanitizeSymbol() of any text succeeds, and once is enough", () => {
  fc.assert(fc.property(anyText, (text) => {
    const symbol = sanitizeSymbol(text);
    assert.equal(sanitizeSymbol(symbol), symbol);
  }));
});

Deno.test("sanitizeSymbol() leaves a symbol as it is", () => {
  fc.assert(fc.property(fc.stringMatching(symbolPattern), (symbol) => {
    assert.equal(sanitizeSymbol(symbol), symbol);
    assert.equal(symbolProblem(symbol), undefined);
  }));
});

Deno.test("sanitizeSymbol() is quick with a long hostile text", () => {
  const text = `${" ".repeat(200_000)}a${" ".repeat(200_000)}b`;
  const startedAt = performance.now();
  assert.equal(sanitizeSymbol(text).length, 200_002);
  assert(performance.now() - startedAt < 2000);
});

Deno.test("symbolProblem() finds a problem exactly where the pattern does not match", () => {
  fc.assert(fc.property(anyText, (text) => {
    assert.equal(symbolProblem(text) === undefined, symbolPattern.test(text));
  }));
});

Deno.test("symbolProblem() says what is wrong", () => {
  assert.equal(symbolProblem(""), "it is empty");
  assert.equal(symbolProblem("A".repeat(25)), "it is longer than 24 characters");
  assert.match(symbolProblem("../../X") ?? "", /^it holds "\/"; a symbol is made of A-Z/);
  assert.match(symbolProblem("AA PL") ?? "", /^it holds " "/);
  assert.match(symbolProblem("😀") ?? "", /^it holds "😀"/);
  assert.match(symbolProblem(".A") ?? "", /^it begins with "\."/);
});

Deno.test("requireSymbol() gives the symbol, or refuses in one sentence", () => {
  assert.equal(requireSymbol(" $aapl", "fetch quote"), "AAPL");
  assert.throws(
    () => requireSymbol("../../x", "fetch quote"),
    (thrown) =>
      thrown instanceof AppError && thrown.code === "bad_request" &&
      /^Cannot fetch quote "\.\.\/\.\.\/x": it holds "\/"; .*; write it like/.test(thrown.message),
  );
});

Deno.test("sortOutSymbols() keeps the good ones in order and says why it refused others", () => {
  const { symbols, refused } = sortOutSymbols(["msft", "AAPL", "", "$MSFT ", "../x", "^vix"]);
  assert.deepEqual(symbols, ["MSFT", "AAPL", "^VIX"]);
  assert.deepEqual(
    refused.map(({ symbol, code }) => [symbol, code]),
    [["", "bad_request"], ["$MSFT ", "duplicate"], ["../x", "bad_request"]],
  );
  assert.equal(refused[1]?.reason, "MSFT is in the list already");
});

Deno.test("sortOutSymbols() loses no entry of any list", () => {
  const entry = fc.oneof(
    anyText,
    fc.stringMatching(symbolPattern),
    fc.constantFrom("a", "A", " a"),
  );
  fc.assert(fc.property(fc.array(entry), (entries) => {
    const { symbols, refused } = sortOutSymbols(entries);
    assert.equal(symbols.length + refused.length, entries.length);
    assert.equal(new Set(symbols).size, symbols.length);
    for (const symbol of symbols) assert.match(symbol, symbolPattern);
  }));
});

Deno.test("shown() cuts long text and never leaves half a character", () => {
  assert.equal(shown("AAPL"), "AAPL");
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
    assert(shown(text).length <= 41);
    assert(shown(text).isWellFormed());
  }));
});
