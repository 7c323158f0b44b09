/** The port to the medium that frames travel on: two methods and an end. */

import { type Frame, isFrame } from "./frame.ts";

export interface Channel {
  /** Sends to every other endpoint of the channel; may lose, duplicate or reorder. */
  post(frame: Frame): void;
  /** Who hears what others post. Called once. */
  listen(heard: (frame: Frame) => void): void;
  close(): void;
}

/** Threads of one process that know `name` hear each other. */
export function openBroadcastChannel(name: string): Channel {
  const channel = new BroadcastChannel(name);
  return {
    post: (frame) => channel.postMessage(frame),
    listen(heard) {
      channel.onmessage = ({ data }) => {
        if (isFrame(data)) heard(data);
      };
    },
    close: () => channel.close(),
  };
}
