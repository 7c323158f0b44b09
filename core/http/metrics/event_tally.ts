/** How many events there were of some topics since the daemon started. */

import type { Bus } from "../../bus/bus.ts";

/** What is counted: the ends of executions, and firings that were not as they should be. */
export const talliedTopics = [
  "execution.completed",
  "execution.failed",
  "execution.cancelled",
  "firing.late",
  "firing.skipped",
] as const;

export type TalliedTopic = (typeof talliedTopics)[number];

export class EventTally {
  readonly #counts = new Map<TalliedTopic, number>();
  readonly #stops: readonly (() => void)[];

  constructor(bus: Pick<Bus, "subscribe">) {
    this.#stops = talliedTopics.map((topic) =>
      bus.subscribe(topic, () => {
        this.#counts.set(topic, this.countOf(topic) + 1);
      })
    );
  }

  countOf(topic: TalliedTopic): number {
    return this.#counts.get(topic) ?? 0;
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }
}
