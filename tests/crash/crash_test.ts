/**
 * The daemon as its user starts it, killed again and again without a word while it carries out
 * graphs, items, retries, steering and a schedule. `deno task test:crash` kills it 1,000 times.
 */

import assert from "node:assert/strict";
import { seededRandom } from "../support/random.ts";
import { makeCrashWorld } from "./crash_world.ts";
import { assertNoFiringLost, assertWhole } from "./invariants.ts";
import { type Acknowledged, liveOnce, liveToTheEnd } from "./lives.ts";

const kills = Number(Deno.env.get("CRASH_KILLS") ?? 20);
const firstSeed = Number(Deno.env.get("CRASH_SEED") ?? Date.now() % 1_000_000);
/** After so many, what it has left behind is looked through, and another daemon begins anew. */
const killsOfOneMax = 200;

for (let world = 0; world * killsOfOneMax < kills; world++) {
  const count = Math.min(killsOfOneMax, kills - world * killsOfOneMax);
  const seed = firstSeed + world;
  const name = `a daemon that is killed ${count} times loses nothing and repeats nothing`;
  // With them in its name, a failure tells how to see it again.
  Deno.test(`${name} (CRASH_SEED=${seed} CRASH_KILLS=${count})`, () => killOften(count, seed));
}

async function killOften(count: number, seed: number): Promise<void> {
  const random = seededRandom(seed);
  await using world = await makeCrashWorld();
  const acknowledged: Acknowledged = {
    started: new Map(),
    rerun: new Set(),
    cancelled: new Set(),
    paused: new Set(),
    startMs: 0,
  };
  for (let killed = 0; killed < count; killed++) await liveOnce(world, acknowledged, random);
  await liveToTheEnd(world);
  const { size } = acknowledged.started;
  assert.ok(size > count, `only ${size} were started`);
  await assertWhole(world, acknowledged);
  await assertNoFiringLost(world);
}
