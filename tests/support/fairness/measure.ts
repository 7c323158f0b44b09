/**
 * `deno run -A tests/support/fairness/measure.ts [ATTACK…]`: how long `/health` and a healthy agent
 * take while each attack runs, as p50/p99/max in milliseconds.
 */

import { attacks } from "./attacks.ts";
import { type Figures, probeAttack } from "./prober.ts";
import { openFairWorld } from "./world.ts";

const secondsMin = 6;

for (const attack of attacks) {
  if (Deno.args.length > 0 && !Deno.args.includes(attack.name)) continue;
  await using world = await openFairWorld();
  try {
    const { health, agent, failures, ms, ends } = await probeAttack(
      world.daemon,
      attack,
      secondsMin,
    );
    const ways = new Set(ends.map(({ status, error }) => error?.message.slice(0, 200) ?? status));
    print(
      `${attack.name}: health ${shown(health)}, agent ${shown(agent)}; ` +
        `${failures.length} failed ${failures[0] ?? ""}; ${Math.round(ms)} ms: ${[...ways]}`,
    );
  } catch (thrown) {
    print(`${attack.name}: ${String(thrown)}\n${world.daemon.log.slice(-1_500)}`);
  }
}

function shown({ count, p50, p99, max }: Figures): string {
  return `${p50}/${p99}/${max} of ${count}`;
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
