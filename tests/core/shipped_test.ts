/** The list of shipped agents. */

import assert from "node:assert/strict";
import { isShipped, originOf } from "../../core/shipped.ts";
import { shippedFile, shippedText } from "../support/shipped_agents.ts";

Deno.test("agents/shipped.json matches the agents' own declarations", async () => {
  const listed = JSON.parse(await Deno.readTextFile(shippedFile)) as unknown;
  assert.deepEqual(listed, JSON.parse(await shippedText()), "run `deno task agents:shipped`");
});

Deno.test("an agent counts as shipped only by its id and its path together", () => {
  const all = { csv: { file: "sources/csv.ts", hash: "1", variables: [] } };
  assert.equal(isShipped(all, "csv", "sources/csv.ts"), true);
  assert.equal(isShipped(all, "csv", "csv.ts"), false);
  assert.equal(isShipped(all, "other", "sources/csv.ts"), false);
  assert.equal(isShipped(all, "constructor", "sources/csv.ts"), false);
});

Deno.test("an agent is the release's only with the code of the release", () => {
  const all = { csv: { file: "sources/csv.ts", hash: "1", variables: [] } };
  assert.equal(originOf(all, "csv", "sources/csv.ts", "1"), "shipped");
  assert.equal(originOf(all, "csv", "sources/csv.ts", "2"), "edited");
  assert.equal(originOf(all, "csv", "csv.ts", "1"), "yours");
  assert.equal(originOf(all, "mine", "mine.ts", "1"), "yours");
});
