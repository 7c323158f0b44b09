import assert from "node:assert/strict";
import fc from "fast-check";
import { cleanJson, cleanLine, cleanText, jsonText } from "../../../../core/cli/show/clean.ts";

const isUnsafe = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;

Deno.test("cleanText() shows control characters instead of sending them", () => {
  assert.equal(cleanText("a\x1b]0;title\x07b"), "a\\u001b]0;title\\u0007b");
  assert.equal(cleanText("\u009b31m"), "\\u009b31m");
  assert.equal(cleanText("gpj\u202exe"), "gpj\\u202exe");
  assert.equal(cleanLine("two\nlines"), "two lines");
  assert.equal(cleanText("two\r\nlines\tapart"), "two\nlines apart");
});

Deno.test("cleanJson() reaches every string and key", () => {
  const cleaned = cleanJson({ list: ["\x1b", { "\x07": "\r" }], number: 1, nothing: null });
  assert.deepEqual(cleaned, {
    list: ["\\u001b", { "\\u0007": "\\u000d" }],
    number: 1,
    nothing: null,
  });
});

Deno.test("jsonText() is the same document without anything a terminal acts on", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(fc.property(fc.jsonValue(), text, text, (value, key, string) => {
    const document = { value, [`key ${key}`]: string };
    const printed = jsonText(document);
    assert.ok(!isUnsafe.test(printed));
    assert.deepEqual(JSON.parse(printed), JSON.parse(JSON.stringify(document)));
  }));
});
