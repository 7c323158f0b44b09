/**
 * A channel in memory that does what a BroadcastChannel does under load, and worse: frames are
 * copied, lost, doubled and overtaken, by a seeded coin or as the test says.
 */

import type { Channel } from "../../core/bus/channel.ts";
import type { Frame } from "../../core/bus/frame.ts";
import { seededRandom } from "./random.ts";

export interface Weather {
  /** Chances from 0 to 1, for each frame and each receiver. */
  readonly loss?: number;
  readonly duplication?: number;
  /** A frame takes up to this long, so that frames overtake each other. */
  readonly delayMsMax?: number;
}

/** Channels opened from one network hear each other. */
export class LossyNetwork {
  /** May change at any time. */
  weather: Weather;
  /** Loses the frames it says yes to, beside those of chance. */
  loses: (frame: Frame) => boolean = () => false;
  /** Frames posted so far. */
  posted = 0;
  readonly #listeners = new Map<Channel, (frame: Frame) => void>();
  readonly #random: () => number;

  constructor(weather: Weather = {}, seed = 1) {
    this.weather = weather;
    this.#random = seededRandom(seed);
  }

  open(): Channel {
    const timers = new Set<ReturnType<typeof setTimeout>>();
    const channel: Channel = {
      post: (frame) => {
        this.posted++;
        for (const [other, heard] of this.#listeners) {
          if (other !== channel) this.#carry(structuredClone(frame), heard, timers);
        }
      },
      listen: (heard) => void this.#listeners.set(channel, heard),
      close: () => {
        this.#listeners.delete(channel);
        timers.forEach(clearTimeout);
      },
    };
    return channel;
  }

  #carry(
    frame: Frame,
    heard: (frame: Frame) => void,
    timers: Set<ReturnType<typeof setTimeout>>,
  ): void {
    const { loss = 0, duplication = 0, delayMsMax = 0 } = this.weather;
    if (this.loses(frame) || this.#random() < loss) return;
    const copies = this.#random() < duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        heard(frame);
      }, this.#random() * delayMsMax);
      timers.add(timer);
    }
  }
}
