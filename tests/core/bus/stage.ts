/** Buses on one lossy network, closed together. */

import { Bus, type BusOptions } from "../../../core/bus/bus.ts";
import { LossyNetwork, type Weather } from "../../support/lossy_channel.ts";

export class Stage implements Disposable {
  readonly network: LossyNetwork;
  readonly #buses: Bus[] = [];

  constructor(weather?: Weather, seed?: number) {
    this.network = new LossyNetwork(weather, seed);
  }

  /**
   * A bus at `address`; unless `options` say otherwise, it answers every request with its input.
   */
  open(address: string, options: Partial<BusOptions> = {}): Bus {
    const bus = new Bus({
      channel: this.network.open(),
      address,
      onRequest: ({ input }) => Promise.resolve(input),
      ...options,
    });
    this.#buses.push(bus);
    return bus;
  }

  [Symbol.dispose](): void {
    for (const bus of this.#buses) bus.close();
  }
}

/** A promise that rejects only when `signal` aborts, like an agent that waits. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
