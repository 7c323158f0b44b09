/** A host in small: calls one capability of one agent file, in a worker of few permissions. */

// the agent's own imports, by the parent's rights: a host does the same
import "100ac";
import "100ac/calendar";
import { z } from "zod";
import { fetchHistory, fetchQuotes } from "./call_source.ts";

const Order = z.object({ file: z.string(), config: z.record(z.string(), z.unknown()) });

self.addEventListener("message", async (event) => {
  const { data, ports } = event as MessageEvent;
  ports[0]?.postMessage(await answer(Order.parse(data)));
});

async function answer({ file, config }: z.output<typeof Order>): Promise<unknown> {
  try {
    const { default: agent } = await import(file);
    const { quotes } = await fetchQuotes(agent, ["AAPL", "MISSING1"], { config });
    const { bars } = await fetchHistory(agent, { symbol: "AAPL" }, { config });
    const granted = (["env", "sys", "write", "run", "ffi"] as const)
      .filter((name) => Deno.permissions.querySync({ name }).state === "granted");
    return { quotes: quotes.length, bars: bars.length, granted };
  } catch (thrown) {
    return { error: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
