/**
 * Who follows which execution. The bus is heard once for all of them; an event is parsed once and
 * goes to those of its execution, found by its id.
 */

import type { Bus, BusEvent } from "../../bus/bus.ts";
import type { ExecutionId } from "../../ids.ts";
import type { Log } from "../../log.ts";
import { finalStatuses } from "../../statuses.ts";
import type { ExecutionView } from "../api.ts";
import { bodyOf } from "./body.ts";
import { Followed } from "./followed.ts";
import type { StreamSource } from "./streams.ts";

/** An execution's views come at most so often, but for the first and the last. */
const viewEveryMsMin = 100;
/** For each followed execution: those of all of them are at most a hundred a second. */
const viewEveryMsEach = 10;

const endTopics: ReadonlySet<string> = new Set(finalStatuses.map((each) => `execution.${each}`));

export interface FollowersOptions {
  readonly bus: Pick<Bus, "subscribe">;
  readonly log: Pick<Log, "error">;
  readonly readView: (id: ExecutionId) => Promise<ExecutionView>;
}

export class Followers {
  readonly #options: FollowersOptions;
  readonly #followed = new Map<string, Followed>();
  #unsubscribes: readonly (() => void)[] = [];

  constructor(options: FollowersOptions) {
    this.#options = options;
  }

  /** Sends where an execution stands, then its changes, until it ends. */
  of(id: ExecutionId): StreamSource {
    return (reader) => {
      const followed = this.#followed.get(id) ?? this.#begin(id);
      followed.add(reader);
      return {
        drained: () => followed.drained(reader),
        end: () => {
          followed.remove(reader);
          if (followed.isEmpty) this.#end(id);
        },
      };
    };
  }

  #begin(id: ExecutionId): Followed {
    const { bus, log, readView } = this.#options;
    if (this.#followed.size === 0) {
      const hear = (event: BusEvent): void => this.#hear(event);
      this.#unsubscribes = ["execution.*", "step.*"].map((topic) => bus.subscribe(topic, hear));
    }
    const followed = new Followed({
      readView: () => readView(id),
      everyMs: () => Math.max(viewEveryMsMin, this.#followed.size * viewEveryMsEach),
      onBroken: (reason) => log.error("stream broke", { execution: id, reason }),
    });
    this.#followed.set(id, followed);
    return followed;
  }

  #end(id: ExecutionId): void {
    this.#followed.delete(id);
    if (this.#followed.size === 0) this.#unsubscribes.forEach((unsubscribe) => unsubscribe());
  }

  #hear(event: BusEvent): void {
    if (event.from !== "daemon") return;
    const fact = bodyOf(event) as { execution_id?: string; step?: string } | null | undefined;
    const { execution_id: id = "", step } = fact ?? {};
    const isOfStep = event.topic.startsWith("step.") && step !== undefined;
    this.#followed.get(id)?.changed(isOfStep ? { step } : {}, endTopics.has(event.topic));
  }
}
