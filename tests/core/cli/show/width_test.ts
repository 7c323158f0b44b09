import assert from "node:assert/strict";
import fc from "fast-check";
import { fitText, padText, textWidth, wrapText } from "../../../../core/cli/show/width.ts";

const anyText = fc.string({ unit: "binary" }).map((text) => text.replaceAll("\n", " "));

Deno.test("textWidth() counts columns, not characters", () => {
  assert.equal(textWidth("AAPL ✓ …"), 8);
  assert.equal(textWidth("株価"), 4);
  assert.equal(textWidth("e\u0301"), 1);
  assert.equal(textWidth("🚀"), 2);
  assert.equal(textWidth("ＡＢ"), 4);
  assert.equal(textWidth("한국"), 4);
});

Deno.test("fitText() keeps what fits and marks what it cuts", () => {
  assert.equal(fitText("historical_data_loader", 22), "historical_data_loader");
  assert.equal(fitText("historical_data_loader", 10), "historica…");
  assert.equal(fitText("株価情報", 5), "株価…");
});

Deno.test("fitText() is never wider than asked", () => {
  fc.assert(fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, columns) => {
    assert.ok(textWidth(fitText(text, columns)) <= columns);
  }));
});

Deno.test("padText() fills up by columns", () => {
  assert.equal(padText("株", 4), "株  ");
  assert.equal(padText("long", 2), "long");
});

Deno.test("wrapText() breaks at spaces, and words only when they are too long", () => {
  assert.deepEqual(wrapText("one two three", 8), ["one two", "three"]);
  assert.deepEqual(wrapText("aaaabbbbcc", 4), ["aaaa", "bbbb", "cc"]);
  assert.deepEqual(wrapText("a\nb", 10), ["a", "b"]);
  assert.deepEqual(wrapText("one two three four", 5, 2), ["one", "two …"]);
});

Deno.test("wrapText() loses nothing but spaces and keeps every line within its columns", () => {
  fc.assert(fc.property(anyText, fc.integer({ min: 2, max: 30 }), (text, columns) => {
    const lines = wrapText(text, columns);
    for (const line of lines) assert.ok(textWidth(line) <= columns, JSON.stringify(line));
    assert.equal(lines.join("").replaceAll(/\s/g, ""), text.replaceAll(/\s/g, ""));
  }));
});
