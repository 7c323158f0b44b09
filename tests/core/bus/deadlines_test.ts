/** Many deadlines on one timer: each passes once, never early, and only if it was not removed. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Deadlines } from "../../../core/bus/deadlines.ts";
import { eventually } from "../../support/eventually.ts";

Deno.test("each deadline passes once and never early, unless it is removed", async () => {
  const entry = fc.record({ timeoutMs: fc.nat({ max: 60 }), isRemoved: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 200, size: "max" }), async (entries) => {
      const passed: number[] = [];
      const startedAtMs = performance.now();
      const deadlines = new Deadlines<number>((index) => {
        passed.push(index);
        const dueAtMs = startedAtMs + (entries[index]?.timeoutMs ?? Infinity);
        assert.ok(performance.now() >= dueAtMs, `${index} is early`);
      });
      const slots = entries.map(({ timeoutMs }, index) => deadlines.add(index, timeoutMs));
      entries.forEach(({ isRemoved }, index) => {
        if (isRemoved) deadlines.remove(index, slots[index] ?? 0);
      });
      const kept = entries.flatMap(({ isRemoved }, index) => isRemoved ? [] : [index]);
      await eventually(() => passed.length >= kept.length);
      deadlines.close();
      assert.deepEqual(passed.toSorted((a, b) => a - b), kept);
    }),
    { numRuns: 8 },
  );
});

Deno.test("a near deadline does not wait for a far one added earlier", async () => {
  const passed: string[] = [];
  const deadlines = new Deadlines<string>((entry) => passed.push(entry));
  deadlines.add("in 25 days and more", 2 ** 32);
  deadlines.add("in an hour", 3_600_000);
  deadlines.add("now", 0);
  deadlines.add("soon", 30);
  await eventually(() => passed.length === 2);
  assert.deepEqual(passed, ["now", "soon"]);
  deadlines.close();
});

Deno.test("a deadline added when another one passes keeps its own time", async () => {
  const passed: string[] = [];
  const deadlines = new Deadlines<string>((entry) => {
    passed.push(entry);
    if (passed.length < 3) deadlines.add(`${entry}, again`, 10);
  });
  deadlines.add("once", 10);
  await eventually(() => passed.length === 3);
  assert.deepEqual(passed, ["once", "once, again", "once, again, again"]);
  deadlines.close();
});
