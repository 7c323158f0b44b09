/**
 * The far thread of the bus benchmark: answers on a bare BroadcastChannel and on the bus, so that
 * both wake the same threads. `{ floor, channel }` is posted to it first; it posts `ready`.
 */

import { Bus } from "../../core/bus/bus.ts";
import { openBroadcastChannel } from "../../core/bus/channel.ts";

declare const self: EventTarget & { postMessage(message: unknown): void };

const names = await new Promise<{ floor: string; channel: string }>((resolve) => {
  self.addEventListener("message", (event) => resolve((event as MessageEvent).data), {
    once: true,
  });
});
const floor = new BroadcastChannel(names.floor);
floor.onmessage = ({ data }) => floor.postMessage({ id: data.id, output: data.input });
new Bus({
  channel: openBroadcastChannel(names.channel),
  address: "far",
  onRequest: ({ input }) => Promise.resolve(input),
});
self.postMessage("ready");
