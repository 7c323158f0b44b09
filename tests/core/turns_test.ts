/** Work with one name runs in turn; other names do not wait for it. */

import assert from "node:assert/strict";
import { Turns } from "../../core/turns.ts";

Deno.test("work starts when earlier work of the same name has ended or failed", async () => {
  const turns = new Turns();
  const events: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns.take("a", async () => {
    events.push("first begins");
    await gate.promise;
    events.push("first fails");
    throw new Error("first");
  });
  const second = turns.take("a", () => {
    events.push("second");
    return Promise.resolve(2);
  });
  const other = turns.take("b", () => {
    events.push("other");
    return Promise.resolve(3);
  });
  assert.equal(await other, 3);
  assert.deepEqual(events, ["first begins", "other"]);
  gate.resolve();
  await assert.rejects(first, /first/);
  assert.equal(await second, 2);
  assert.deepEqual(events.slice(2), ["first fails", "second"]);
});

Deno.test("end() resolves when all work has ended, including work added meanwhile", async () => {
  const turns = new Turns();
  let done = 0;
  const work = async (depth: number): Promise<void> => {
    await Promise.resolve();
    done++;
    if (depth > 0) void turns.take("a", () => work(depth - 1));
  };
  void turns.take("a", () => work(3));
  await turns.end();
  assert.equal(done, 4);
});
