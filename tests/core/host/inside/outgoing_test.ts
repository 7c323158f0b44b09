import assert from "node:assert/strict";
import { Outgoing } from "../../../../core/host/inside/outgoing.ts";

/** A request that is answered when the test says so. */
function requests(outgoing: Outgoing) {
  const sent: string[] = [];
  const answers = new Map<string, PromiseWithResolvers<void>>();
  const ask = (name: string, length: number): Promise<void> =>
    outgoing.send(length, () => {
      sent.push(name);
      const answer = Promise.withResolvers<void>();
      answers.set(name, answer);
      return answer.promise;
    });
  return { sent, ask, answer: (name: string) => answers.get(name) };
}

Deno.test("Outgoing sends large inputs one after another, and small ones in order with them", async () => {
  const { sent, ask, answer } = requests(new Outgoing());
  const all = [ask("a", 3_000_000), ask("b", 3_000_000), ask("c", 10), ask("d", 9_000_000)];
  assert.deepEqual(sent, ["a"]);
  answer("a")?.resolve();
  await all[0];
  assert.deepEqual(sent, ["a", "b", "c"], "what fits together travels together");
  answer("b")?.reject(new Error("refused"));
  await assert.rejects(all[1] ?? Promise.resolve(), /refused/);
  assert.deepEqual(sent, ["a", "b", "c"]);
  answer("c")?.resolve();
  await all[2];
  assert.deepEqual(sent, ["a", "b", "c", "d"], "one that is larger than all room travels alone");
  answer("d")?.resolve();
  await all[3];
});
