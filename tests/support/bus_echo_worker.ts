/** A thread that answers every request with its input: the far end for bus tests and benchmarks. */

import { Bus } from "../../core/bus/bus.ts";
import { openBroadcastChannel } from "../../core/bus/channel.ts";

const { name, address } = await new Promise<{ name: string; address: string }>((resolve) => {
  self.addEventListener("message", ({ data }) => resolve(data), { once: true });
});
const seen = new Map<string, number>();
new Bus({
  channel: openBroadcastChannel(name),
  address,
  onRequest: ({ input }) => {
    seen.set(input, (seen.get(input) ?? 0) + 1);
    return Promise.resolve(`[${input},${seen.get(input)}]`);
  },
});
self.postMessage("ready");
