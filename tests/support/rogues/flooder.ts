/** Sends more than anybody can take. */

import { type AgentContext, defineAgent, z } from "100ac";

const Nothing = z.object({});
const Counts = z.record(z.string(), z.number());
const Doubled = z.object({ twice: z.number() });

/** How often each way of ending came. */
function count(endings: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    Object.entries(Object.groupBy(endings, (ending) => ending)).map((
      [ending, all],
    ) => [ending, all?.length ?? 0]),
  );
}

function floods(description: string, run: (ctx: AgentContext) => unknown) {
  return {
    description,
    input: Nothing,
    output: Counts,
    run: (_: unknown, ctx: AgentContext) => run(ctx) as Record<string, number>,
  };
}

async function ending(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
    return "answered";
  } catch (thrown) {
    return (thrown as { code: string }).code;
  }
}

/** Calls `act` `times` times; gives how that ended. */
function endings(times: number, act: () => void): Record<string, number> {
  return count(Array.from({ length: times }, () => {
    try {
      act();
      return "taken";
    } catch (thrown) {
      return (thrown as { code: string }).code;
    }
  }));
}

export default defineAgent({
  id: "flooder",
  description: "Floods",
  capabilities: {
    publish: floods(
      "60,000 events at once",
      (ctx) => endings(60_000, () => ctx.publish("flood.risen", { by: "a little" })),
    ),
    publish_large: floods(
      "10,000 events of 60 KB at once",
      (ctx) => {
        const text = "x".repeat(60_000);
        return endings(10_000, () => ctx.publish("flood.risen", text));
      },
    ),
    ask: floods("20,000 requests at once", async (ctx) =>
      count(
        await Promise.all(
          Array.from({ length: 20_000 }, (_, n) =>
            ending(ctx.request("neighbour.double", { n }, Doubled))),
        ),
      )),
    log: floods(
      "100,000 lines, and one of 20 MB",
      (ctx) => {
        const logged = endings(100_000, () => ctx.log.info("flood"));
        ctx.log.info("x".repeat(20_000_000), { y: "y".repeat(20_000_000) });
        return logged;
      },
    ),
  },
});
