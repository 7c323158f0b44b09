/** Prices are right whatever order things happen in: many made-up worlds; see support/worlds. */

import assert from "node:assert/strict";
import { liveThrough } from "../support/worlds/world.ts";

/** Of `deno task test:crash`; the whole suite lives through some of them. */
const isLong = Deno.env.get("CRASH_KILLS") !== undefined;
const worlds = Number(Deno.env.get("WORLDS") ?? (isLong ? 2_000 : 50));
const firstSeed = Number(Deno.env.get("SEED") ?? 1);

const seeds = `seeds ${firstSeed} to ${firstSeed + worlds - 1}`;

Deno.test(`in any order of events, every read is on one basis and right: ${seeds}`, async () => {
  const total = { steps: 0, stored: 0, heldBack: 0, killed: 0, reads: 0 };
  for (let seed = firstSeed; seed < firstSeed + worlds; seed++) {
    try {
      const lived = await liveThrough(seed);
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += lived[name];
    } catch (thrown) {
      throw new Error(`SEED=${seed} WORLDS=1`, { cause: thrown });
    }
  }
  const { stored, heldBack, killed } = total;
  const isTried = worlds < 20 || (stored > worlds && heldBack > 0 && killed > worlds);
  assert.ok(isTried, `the worlds are too quiet: ${JSON.stringify(total)}`);
});
