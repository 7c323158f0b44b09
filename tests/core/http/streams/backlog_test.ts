import assert from "node:assert/strict";
import fc from "fast-check";
import { Backlog } from "../../../../core/http/streams/backlog.ts";
import type { Frame } from "../../../../core/http/streams/frame.ts";

const decoder = new TextDecoder();

/** A frame that names its number, of a length. */
function frame(number: number, length = 4): Frame {
  return new TextEncoder().encode(String(number).padEnd(length));
}

/** Everything that waits: numbers of frames, and how many were missed before them. */
function drain(backlog: Backlog): { missed: number; numbers: number[] } {
  const texts: string[] = [];
  while (!backlog.isEmpty) texts.push(...backlog.take().map((each) => decoder.decode(each)));
  const missed = /"count":(\d+)/.exec(texts[0] ?? "")?.[1];
  return {
    missed: Number(missed ?? 0),
    numbers: (missed === undefined ? texts : texts.slice(1)).map(Number),
  };
}

Deno.test("a backlog keeps the newest frames, and counts those it dropped", () => {
  const backlog = new Backlog({ framesMax: 3, bytesMax: Infinity });
  for (let number = 1; number <= 5; number++) backlog.add(frame(number));
  assert.deepEqual(drain(backlog), { missed: 2, numbers: [3, 4, 5] });
  assert.ok(backlog.isEmpty);
});

Deno.test("a backlog is bounded in bytes, also where one frame alone is too large", () => {
  const backlog = new Backlog({ framesMax: 100, bytesMax: 10 });
  for (let number = 1; number <= 3; number++) backlog.add(frame(number));
  assert.deepEqual(drain(backlog), { missed: 1, numbers: [2, 3] });
  backlog.add(frame(4, 11));
  assert.deepEqual(drain(backlog), { missed: 1, numbers: [] });
});

Deno.test("a large backlog is handed on in pieces", () => {
  const backlog = new Backlog({ framesMax: 100, bytesMax: Infinity });
  for (let number = 1; number <= 10; number++) backlog.add(frame(number, 40_000));
  assert.equal(backlog.take().length, 2);
  assert.deepEqual(drain(backlog).numbers, [3, 4, 5, 6, 7, 8, 9, 10]);
});

Deno.test("whatever is added and taken, nothing is doubled, reordered or lost uncounted", () => {
  const step = fc.oneof(fc.constant("take" as const), fc.integer({ min: 1, max: 40 }));
  fc.assert(fc.property(fc.array(step), fc.integer({ min: 1, max: 8 }), (steps, framesMax) => {
    const backlog = new Backlog({ framesMax, bytesMax: 100 });
    let [added, expected] = [0, 1];
    const check = ({ missed, numbers }: ReturnType<typeof drain>): void => {
      assert.deepEqual(numbers, numbers.map((_, index) => expected + missed + index));
      assert.ok(numbers.length <= framesMax);
      expected += missed + numbers.length;
    };
    for (const each of steps) {
      if (each === "take") check(drain(backlog));
      else backlog.add(frame(++added, Math.max(4, each)));
    }
    check(drain(backlog));
    assert.equal(expected, added + 1);
  }));
});
