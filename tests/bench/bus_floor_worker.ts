/**
 * The far thread of the bus benchmark: answers on a bare BroadcastChannel and on the bus, so that
 * both wake the same threads. `{ floor, channel }` is posted to it first; it posts `ready`.
 */

import { z } from "zod";
import { Bus } from "../../core/bus/bus.ts";
import { openBroadcastChannel } from "../../core/bus/channel.ts";

const Echo = z.strictObject({ message: z.string() });

declare const self: EventTarget & { postMessage(message: unknown): void };

const names = await new Promise<{ floor: string; channel: string }>((resolve) => {
  self.addEventListener("message", (event) => resolve((event as MessageEvent).data), {
    once: true,
  });
});
const floor = new BroadcastChannel(names.floor);
floor.onmessage = ({ data: { id, input, isChecked } }) =>
  floor.postMessage({ id, output: isChecked ? check(input) : input });

/** What a host does for an agent whose work is nothing: reads, checks both ways, and writes. */
function check(input: string): string {
  const { message } = Echo.parse(JSON.parse(input));
  return JSON.stringify(Echo.parse({ message }));
}

new Bus({
  channel: openBroadcastChannel(names.channel),
  address: "far",
  onRequest: ({ input }) => Promise.resolve(input),
});
self.postMessage("ready");
