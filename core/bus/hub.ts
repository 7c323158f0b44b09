/**
 * The daemon's channel: the broadcast between its threads, and a way to each endpoint that lives
 * in a process. To every endpoint it looks like one medium: frames for a process, or for all, are
 * handed on; a process can speak only as itself.
 */

import type { Channel } from "./channel.ts";
import { everyone, type Frame, isFrame } from "./frame.ts";

/** How frames reach an endpoint in a process. */
export interface Spoke {
  send(frame: Frame): void;
}

export class Hub implements Channel {
  readonly #address: string;
  readonly #broadcast: Channel;
  readonly #spokes = new Map<string, Spoke>();
  #heard: (frame: Frame) => void = () => undefined;

  /** `address` is that of the endpoint whose channel this is. */
  constructor(address: string, broadcast: Channel) {
    this.#address = address;
    this.#broadcast = broadcast;
  }

  /**
   * Joins the endpoint `address` to the channel; gives what hears the frames it sends, of which
   * those pass that are admitted, as they come out of `admit`.
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
      // Other threads may be meant, and subscribe to its events.
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
      // A thread does not know where its peer lives.
      this.#handOn(frame);
      heard(frame);
    });
  }

  close(): void {
    this.#spokes.clear();
    this.#broadcast.close();
  }

  /** Gives a frame to the processes it is for; true when it is for one of them alone. */
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
