/**
 * The fixed entry of a host in a thread. Its static imports load with the daemon's rights; after
 * that it runs under the host's permissions and can read only the agents folder and node_modules.
 */

import { bulkOverPort } from "../../bus/bulk.ts";
import { openBroadcastChannel, openPortChannel } from "../../bus/channel.ts";
import type { HostCommand, HostReport } from "../control.ts";
import { HostInside } from "./host_inside.ts";
import { divertStreams } from "./printing.ts";

declare const self: EventTarget & { postMessage(message: HostReport): void };

const inside = new HostInside(self.postMessage.bind(self));
divertStreams((level, text) => inside.print(level, text));
self.addEventListener("message", (event) => {
  // Agents can dispatch events too, but those are not trusted.
  if (!event.isTrusted) return;
  const { data: command, ports: [bulk, frames] } = event as MessageEvent<HostCommand>;
  inside.take(command, ({ channel }) => {
    if (!bulk) throw new Error("the open command brought no port for large bodies");
    return {
      channel: frames ? openPortChannel(frames) : openBroadcastChannel(channel ?? ""),
      bulk: bulkOverPort(bulk),
    };
  });
});
