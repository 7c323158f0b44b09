/**
 * The daemon's channel: the broadcast between its threads, plus a connection to each host that has
 * a socket or port of its own. Endpoints see one medium: frames for such a host, or for all, are
 * forwarded. What any host sends counts only under its own address, and once it is admitted.
 */

import type { Channel } from "./channel.ts";
import { everyone, type Frame } from "./frame.ts";

/** The connection to a host with a socket or port of its own. */
export interface Spoke {
  /** Whether the host subscribes to events; others are not sent any. */
  readonly hearsEvents: boolean;
  send(frame: Frame): void;
}

/** The frame to accept in place of one that a host has sent; undefined to drop it. */
export type Admit = (frame: Frame) => Frame | undefined;

interface Member {
  readonly admit: Admit;
  /** Missing for a host on the broadcast. */
  readonly spoke: Spoke | undefined;
}

export class Hub implements Channel {
  readonly #address: string;
  readonly #broadcast: Channel;
  readonly #members = new Map<string, Member>();
  #heard: (frame: Frame) => void = () => undefined;

  /** `address` is that of the endpoint this channel belongs to. */
  constructor(address: string, broadcast: Channel) {
    this.#address = address;
    this.#broadcast = broadcast;
  }

  /**
   * Admits the host `address`, on the broadcast unless it has a spoke. Returns the function that
   * takes the frames which the spoke's host sends.
   */
  join(address: string, admit: Admit, spoke?: Spoke): (frame: Frame) => void {
    const member = { admit, spoke };
    this.#members.set(address, member);
    return (sent) => {
      if (sent.from !== address || this.#members.get(address) !== member) return;
      const frame = admit(sent);
      if (!frame) return;
      this.#heard(frame);
      // It may be for another thread, or carry events that other threads subscribe to.
      if (frame.to !== this.#address && !this.#handOn(frame)) this.#broadcast.post(frame);
    };
  }

  leave(address: string): void {
    this.#members.delete(address);
  }

  post(frame: Frame): void {
    if (!this.#handOn(frame)) this.#broadcast.post(frame);
  }

  listen(heard: (frame: Frame) => void): void {
    this.#heard = heard;
    this.#broadcast.listen((sent) => {
      const member = this.#members.get(sent.from);
      // A host with a spoke does not speak on the broadcast.
      const frame = member && !member.spoke ? member.admit(sent) : undefined;
      if (!frame) return;
      // A thread does not know that its peer lives elsewhere.
      this.#handOn(frame);
      heard(frame);
    });
  }

  close(): void {
    this.#members.clear();
    this.#broadcast.close();
  }

  /** Sends a frame to the spokes it is for; returns whether it was for one of them alone. */
  #handOn(frame: Frame): boolean {
    if (frame.to !== everyone) {
      const spoke = this.#members.get(frame.to)?.spoke;
      spoke?.send(frame);
      return spoke !== undefined;
    }
    for (const [address, { spoke }] of this.#members) {
      if (spoke?.hearsEvents && address !== frame.from) spoke.send(frame);
    }
    return false;
  }
}
