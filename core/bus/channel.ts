/** The port to the medium that frames travel on: two methods and an end. */

import { type Frame, isFrame } from "./frame.ts";
import { decodeFrame, encodeFrame } from "./frame_text.ts";

export interface Channel {
  /** Sends to every other endpoint of the channel; may lose, duplicate or reorder. */
  post(frame: Frame): void;
  /** Who hears what others post. Called once. */
  listen(heard: (frame: Frame) => void): void;
  close(): void;
}

/**
 * Open as long as the thread is, and used for nothing: when a thread closes its last channel, the
 * runtime gives up its subscription a moment later, also for a channel that was opened meanwhile.
 * That one then hears no other thread, and its `postMessage` throws (Deno 2.9.6).
 */
new BroadcastChannel("100ac-keeps-the-subscription");

/** Threads of one process that know `name` hear each other. */
export function openBroadcastChannel(name: string): Channel {
  const channel = new BroadcastChannel(name);
  return {
    post: (frame) => channel.postMessage(encodeFrame(frame)),
    listen(heard) {
      channel.onmessage = ({ data }) => {
        const frame = decodeFrame(data);
        if (frame) heard(frame);
      };
    },
    close: () => channel.close(),
  };
}

/** What goes through `port` is the channel: the other end hands it on. */
export function openPortChannel(port: MessagePort): Channel {
  return {
    post: (frame) => port.postMessage(frame),
    listen(heard) {
      port.onmessage = ({ data }) => {
        if (isFrame(data)) heard(data);
      };
    },
    close: () => port.close(),
  };
}
