/** Encoded keys sort, by code point, like their parts. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { encodeKey, keyAfter, type KeyPart, keyRange } from "../../../core/collections/key.ts";
import { AppError } from "../../../core/errors.ts";

const text = fc.string({ unit: "binary", maxLength: 12 })
  .filter((one) => one.isWellFormed() && [...one].every((char) => char >= " "));
const number = fc.double({ noNaN: true, noDefaultInfinity: true })
  .map((one) => one === 0 ? 0 : one);
const part = fc.oneof(text, number, fc.integer(), fc.constantFrom("a", "ab", "a b", -1, 0, 1));

/** Compares text like SQLite. */
function compareText(a: string, b: string): number {
  return Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function comparePart(a: KeyPart, b: KeyPart): number {
  if (typeof a === "number" && typeof b === "number") return Math.sign(a - b);
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  return typeof a === "number" ? -1 : 1;
}

function compareParts(a: readonly KeyPart[], b: readonly KeyPart[]): number {
  for (const [place, one] of a.entries()) {
    const other = b[place];
    if (other === undefined) return 1;
    const order = comparePart(one, other);
    if (order !== 0) return order;
  }
  return Math.sign(a.length - b.length);
}

Deno.test("keys sort like their parts: numbers by value, texts by code point", () => {
  const parts = fc.array(part, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      assert.equal(compareText(encodeKey(a), encodeKey(b)), compareParts(a, b));
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("a range contains the keys of its prefix and bounds, and no others", () => {
  fc.assert(
    fc.property(part, part, part, part, part, (head, from, to, first, second) => {
      const { fromKey, beforeKey } = keyRange([head], from, to);
      const key = encodeKey([first, second]);
      const isIn = compareText(fromKey, key) <= 0 && compareText(key, beforeKey) < 0;
      const isWanted = comparePart(head, first) === 0 && comparePart(from, second) <= 0 &&
        comparePart(second, to) <= 0;
      assert.equal(isIn, isWanted);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("a range without bounds contains every key of its prefix", () => {
  fc.assert(fc.property(part, part, part, (head, first, second) => {
    const { fromKey, beforeKey } = keyRange([head], undefined, undefined);
    const key = encodeKey([first, second]);
    const isIn = compareText(fromKey, key) <= 0 && compareText(key, beforeKey) < 0;
    assert.equal(isIn, comparePart(head, first) === 0);
  }));
});

Deno.test("keyAfter() sorts before the next key", () => {
  fc.assert(fc.property(part, part, (a, b) => {
    fc.pre(comparePart(a, b) < 0);
    const after = keyAfter(encodeKey([a]));
    assert.ok(compareText(encodeKey([a]), after) < 0);
    assert.ok(compareText(after, encodeKey([b])) < 0);
  }));
});

Deno.test("minus zero is zero", () => {
  assert.equal(encodeKey([-0]), encodeKey([0]));
});

Deno.test("a value that cannot be part of a key is refused", () => {
  const wrong = [NaN, Infinity, null, undefined, true, {}, "a\0b", "a\nb", "half \ud800"];
  for (const one of [...wrong, "k".repeat(511)]) {
    assert.throws(() => encodeKey([one]), (thrown) => {
      assert.ok(thrown instanceof AppError && thrown.code === "invalid_input");
      return true;
    });
  }
});
