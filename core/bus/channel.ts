/** The medium that frames travel on: post, listen and close. */

import { type Frame, isFrame } from "./frame.ts";
import { decodeFrame, encodeFrame } from "./frame_text.ts";

export interface Channel {
  /** Sends to every other endpoint of the channel. Frames may be lost, duplicated or reordered. */
  post(frame: Frame): void;
  /** Sets the listener for what others post. Called once. */
  listen(heard: (frame: Frame) => void): void;
  close(): void;
}

/**
 * Stays open as long as the thread lives, and carries nothing. When a thread closes its last
 * channel, the runtime drops its subscription a moment later, even if another channel was opened
 * meanwhile; that channel then hears no other thread, and its `postMessage` throws (Deno 2.9.6).
 */
new BroadcastChannel("100ac-keeps-the-subscription");

/** Connects the threads of one process that know `name`. */
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

/** Uses `port` as the channel; its other end must forward frames. */
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
