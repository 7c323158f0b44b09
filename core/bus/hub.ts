/**
 * The daemon's channel: the broadcast between its threads, plus a connection to each endpoint in a
 * process. Endpoints see one medium: frames for a process, or for all, are forwarded. A process can
 * send only under its own address.
 */

import type { Channel } from "./channel.ts";
import { everyone, type Frame, isFrame } from "./frame.ts";

/** The connection to an endpoint in a process. */
export interface Spoke {
  send(frame: Frame): void;
}

export class Hub implements Channel {
  readonly #address: string;
  readonly #broadcast: Channel;
  readonly #spokes = new Map<string, Spoke>();
  #heard: (frame: Frame) => void = () => undefined;

  /** `address` is that of the endpoint this channel belongs to. */
  constructor(address: string, broadcast: Channel) {
    this.#address = address;
    this.#broadcast = broadcast;
  }

  /**
   * Connects the endpoint `address`. Returns the function that takes the frames it sends. `admit`
   * returns the frame to pass on, or undefined to drop it.
   */
  join(
    address: string,
    spoke: Spoke,
    admit: (frame: Frame) => Frame | undefined = (frame) => frame,
  ): (value: unknown) => void {
    this.#spokes.set(address, spoke);
    return (value) => {
      if (!isFrame(value) || value.from !== address || !this.#spokes.has(address)) return;
      const frame = admit(value);
      if (!frame) return;
      this.#heard(frame);
      // It may be for another thread, or carry events that other threads subscribe to.
      if (frame.to !== this.#address && !this.#handOn(frame)) this.#broadcast.post(frame);
    };
  }

  leave(address: string): void {
    this.#spokes.delete(address);
  }

  post(frame: Frame): void {
    if (!this.#handOn(frame)) this.#broadcast.post(frame);
  }

  listen(heard: (frame: Frame) => void): void {
    this.#heard = heard;
    this.#broadcast.listen((frame) => {
      // A thread does not know that its peer lives in a process.
      this.#handOn(frame);
      heard(frame);
    });
  }

  close(): void {
    this.#spokes.clear();
    this.#broadcast.close();
  }

  /** Sends a frame to the processes it is for; returns whether it was for one process alone. */
  #handOn(frame: Frame): boolean {
    if (frame.to !== everyone) {
      const spoke = this.#spokes.get(frame.to);
      spoke?.send(frame);
      return spoke !== undefined;
    }
    for (const [address, spoke] of this.#spokes) {
      if (address !== frame.from) spoke.send(frame);
    }
    return false;
  }
}
