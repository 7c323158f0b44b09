/**
 * A thread that answers each request with `[input, times]`: its input, and how often this input
 * has been asked for. The far end for tests and benchmarks of the bus. `{ name, address }` is
 * posted to it first; it posts `ready`. A request to `block` keeps its thread busy for that many
 * milliseconds; one to `publish` publishes that many events of topic `echo.counted`.
 */

import { Bus, type IncomingRequest } from "../../core/bus/bus.ts";
import { openBroadcastChannel } from "../../core/bus/channel.ts";

declare const self: EventTarget & { postMessage(message: unknown): void };

const { name, address } = await new Promise<{ name: string; address: string }>((resolve) => {
  self.addEventListener("message", (event) => resolve((event as MessageEvent).data), {
    once: true,
  });
});
const seen = new Map<string, number>();
const bus = new Bus({ channel: openBroadcastChannel(name), address, onRequest: answer });
self.postMessage("ready");

function answer({ address, input }: IncomingRequest): Promise<string> {
  const times = (seen.get(input) ?? 0) + 1;
  seen.set(input, times);
  if (address === "block") block(Number(input));
  if (address === "publish") {
    for (let n = 1; n <= Number(input); n++) bus.publish("echo.counted", String(n), "echo");
  }
  return Promise.resolve(`[${input},${times}]`);
}

function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}
